"""Webs bent onto a surface, side by side, and joined into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from assembly.join import Joined, join
from assembly.place import DEFAULT_OVERLAP, MAX_WEBS
from assembly.supply import Source, Supply
from assembly.surfaces.surface import Patch, Surface
from structgen.web import WebGraph


@dataclass(frozen=True, kw_only=True)
class Wrapped(Joined):
    """A web that covers a surface, made of so many ``modules``."""

    modules: int


def wrap(
    surface: Surface,
    webs: Sequence[WebGraph] | Source,
    *,
    size: npt.ArrayLike | None = None,
    overlap: float = DEFAULT_OVERLAP,
    offset: float = 0.0,
    bridges: int = 4,
    tolerance: float | None = None,
    seed: int = 0,
) -> Wrapped:
    """Webs bent onto ``surface`` so that they cover it, joined into one web.

    A module's x and y run along the surface and its z along the outward normal, its middle on the surface or
    ``offset`` mm outside. On a plane the modules form a grid, on a surface of revolution closed rings, on a mesh they
    lie about evenly spread middles and each gives the part that is nearest to its own.

    Arguments:
        surface: see `assembly.surfaces`.
        webs: webs that are used in turn, mirrored or turned at random about the normal; or a `Source`.
        size: sides of a module in mm; the median of the webs' boxes by default, needed for a source.
        overlap: share of a module's side that neighbours overlap by, at least.
        offset: of the modules' middles from the surface, mm, outward.
        bridges: new struts between neighbours at most, see `assembly.join.join`.
        tolerance: nodes of different modules nearer than this many mm are welded, see `assembly.join.join`.
        seed: same seed, same web.

    Raises `ValueError` where modules are too thick for the curvature, or too many would be needed.
    """
    overlap = number("overlap", overlap, "in 0..0.9", lambda value: 0 <= value <= 0.9)
    offset = number("offset", offset, "finite, in mm")
    supply = Supply(webs, size, upright=True)
    expected = surface.area / float(np.prod(supply.size[:2] * (1 - overlap)))
    if expected > MAX_WEBS:
        raise ValueError(
            f"size is {supply.size.tolist()} mm: over {MAX_WEBS} modules would be needed, take larger ones"
        )
    patches = surface.patches((float(supply.size[0]), float(supply.size[1])), overlap, seed)
    centres = np.concatenate([patch(np.array([[0.0, 0.0, offset]]))[0] for patch in patches])
    modules = supply(centres, seed)
    placed = [_bent(web, patch, offset) for web, patch in zip(modules, patches, strict=True)]
    joined = join([web for web in placed if web is not None], tolerance, bridges)
    return Wrapped(**{field.name: getattr(joined, field.name) for field in fields(joined)}, modules=len(patches))


def _bent(web: WebGraph, patch: Patch, offset: float) -> WebGraph | None:
    """The web on the surface, as much of it as belongs to the patch; None if not a strut does."""
    pos, ours = patch(web.pos + np.array([0, 0, offset]))
    whole = replace(web, pos=pos)
    if ours.all():
        return whole
    kept = ours[web.edge_index].all(axis=0)
    return whole.subweb(np.unique(web.edge_index[:, kept])) if kept.any() else None
