"""Solids and webs to files, by suffix; the same bytes for the same part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assembly.files.glb import write_glb
from assembly.files.obj import write_obj
from assembly.files.ply import write_ply
from assembly.files.stl import write_stl
from assembly.files.surface import Surface
from assembly.files.threemf import write_3mf
from assembly.files.vtu import write_vtu
from assembly.placing import Placing, box_of, moved
from structgen.io import FORMATS, write_web
from structgen.web import WebGraph

__all__ = ["SOLID_SUFFIXES", "WEB_SUFFIXES", "export", "write_3mf", "write_glb", "write_obj", "write_ply", "write_stl"]

#: Of solids; of those in `PLAIN` the numbers have no unit.
SOLID_SUFFIXES = (".stl", ".3mf", ".ply", ".obj", ".glb")
PLAIN = {".stl": write_stl, ".ply": write_ply, ".obj": write_obj}
#: Of the struts themselves.
WEB_SUFFIXES = (*FORMATS, ".vtu")


def export(
    part: Surface | WebGraph, path: str | Path, *, unit: str = "mm", centre: tuple[float, float] | None = None,
    fit: tuple[float, float, float] | None = None, metadata: Mapping[str, Any] | None = None,
    beams: WebGraph | None = None,
) -> None:  # fmt: skip
    """Write ``part`` to ``path`` as its suffix says.

    Arguments:
        part: a solid (`Solid`, `TriangleMesh`) for ``.stl``, ``.3mf``, ``.ply``, ``.obj`` and ``.glb``; a web for
            ``.vtu`` and the formats of `structgen.io`. A web is made solid where the suffix asks for one.
        path: written whole or not at all.
        unit: that the numbers of STL, PLY and OBJ count, ``"mm"``, ``"cm"`` or ``"inch"``; the others have their own.
        centre: x and y of the middle, mm. With ``centre`` or ``fit`` the part is set down on z = 0, see
            `assembly.placing.Placing`; else it is written where it is.
        fit: sides of a box to fill, mm.
        metadata: texts for 3MF and GLB, any JSON values for webs.
        beams: the web of the solid, which goes along in 3MF as a beam lattice.

    Raises `ValueError` for a suffix that does not fit, `OSError` where the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (*SOLID_SUFFIXES, *WEB_SUFFIXES):
        allowed = ", ".join((*SOLID_SUFFIXES, *WEB_SUFFIXES))
        raise ValueError(f"path {str(path)!r} ends in {suffix!r}, must end in one of {allowed}")
    if centre is not None or fit is not None:
        laid = Placing.of(part, centre, fit)
        part, beams = laid(part), None if beams is None else laid(beams)
    if suffix in WEB_SUFFIXES:
        if not isinstance(part, WebGraph):
            raise ValueError(f"path {str(path)!r} is a file of struts, but the part is a solid")
        write_vtu(part, path) if suffix == ".vtu" else write_web(part, path, metadata)
        return
    solid = _solid(part)
    if suffix in PLAIN:
        PLAIN[suffix](solid, path, unit)
    elif suffix == ".3mf":
        write_3mf(solid, path, metadata, None if beams is None else _where(solid, beams))
    else:
        write_glb(solid, path, metadata)


def _solid(part: Surface | WebGraph) -> Surface:
    if not isinstance(part, WebGraph):
        return part
    from assembly.solid import solidify

    return solidify(part)


def _where(solid: Surface, beams: WebGraph) -> WebGraph:
    """The struts at the height of ``solid``, which was set down when it was made."""
    return moved(beams, np.array([0.0, 0.0, box_of(solid)[0, 2] - box_of(beams)[0, 2]]))
