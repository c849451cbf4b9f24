"""The shape in which a web hangs: equilibrium by force densities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.force_density import equilibrium
from structgen.web import KINDS, FloatArray, WebGraph


def form_find(
    web: WebGraph,
    fixed: npt.ArrayLike,
    force_density: npt.ArrayLike = 1.0,
    kinds: Mapping[str | int, float] | None = None,
) -> WebGraph:
    """``web`` in equilibrium under tension with the nodes ``fixed`` held.

    Arguments:
        web: the web; topology, radii and kinds are kept.
        fixed: node numbers or an ``(n,)`` mask of the nodes held in place; at least one in each connected part.
        force_density: tension over length of each edge, one number or ``(m,)``, > 0; only ratios matter.
        kinds: force density by silk type, name or code of `structgen.web.KINDS`; edges of types not named keep
            ``force_density``.

    Linear force density method: H.-J. Schek, Comput. Methods Appl. Mech. Eng. 3 (1974) 115; the kernel is
    `structgen.force_density.equilibrium`. Raises `ValueError` for densities that are not > 0, a silk type that does
    not exist, and a part of the web that no fixed node holds.
    """
    density = force_density if kinds is None else densities(web, force_density, kinds)
    return replace(web, pos=equilibrium(web.pos, web.edge_index, density, fixed, symmetric=True))


def densities(web: WebGraph, force_density: npt.ArrayLike, kinds: Mapping[str | int, float]) -> FloatArray:
    """``(m,)`` force density of each edge; see `form_find`."""
    base = np.asarray(force_density)
    if base.dtype.kind not in "iuf" or base.shape not in ((), (web.m,)):
        raise ValueError(f"force_density has shape {base.shape}, must be one number or ({web.m},), one an edge")
    density = np.array(np.broadcast_to(base, web.m), dtype=float)
    for kind, value in kinds.items():
        if not (_is_number(value) and 0 < value < np.inf):
            raise ValueError(f"kinds has {kind!r}: {value!r}, force densities must be finite and > 0")
        density[web.kind == _code(kind)] = value
    return density


def _code(kind: Any) -> int:
    codes = {name: code for code, name in KINDS.items()} | {code: code for code in KINDS}
    if isinstance(kind, bool) or kind not in codes:
        raise ValueError(f"kinds names {kind!r}, must be one of {', '.join(KINDS.values())}")
    return codes[kind]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
