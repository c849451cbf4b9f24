"""Whole webs built as spiders build them, of four architectures: orb, sheet, tangle (cobweb) and tent.

>>> from structgen.sources.procedural import sheet
>>> web = sheet(seed=0, mesh_width=2.5)

All are connected, in equilibrium under the force densities of their silk kinds, and touch themselves at junctions only.
"""

from __future__ import annotations

from structgen.sources.orb import orb
from structgen.sources.procedural.cobweb import tangle
from structgen.sources.procedural.loom import boxed_tangle, varied_tangles
from structgen.sources.procedural.sheet_web import sheet
from structgen.sources.procedural.tent_web import tent

__all__ = ["boxed_tangle", "orb", "sheet", "tangle", "tent", "varied_tangles"]
