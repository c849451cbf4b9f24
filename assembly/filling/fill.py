"""Closed shapes filled with web."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from assembly.crossings import untangled
from assembly.draft import BRIDGE_KIND, Draft, Plausible
from assembly.fields import Field, as_field
from assembly.filling.cells import cells
from assembly.filling.frame import framed
from assembly.filling.trimming import COVER, Trimmed, trimmed
from assembly.filling.tying import tied
from assembly.join import MAX_DEGREE, Joined, join
from assembly.place import DEFAULT_OVERLAP
from assembly.shape import Shape
from assembly.supply import Source, Supply
from structgen.web import FloatArray, IntArray, WebGraph


@dataclass(frozen=True, kw_only=True)
class Filled(Joined):
    """A web that fills a shape.

    Arguments:
        modules: number of modules that it is made of.
        anchored: numbers of its nodes at the surface, where cut struts end: in the skin, or on the frame.
        left_out: number of struts of small loose parts that were cut off and left out.
    """

    modules: int
    anchored: IntArray
    left_out: int


def fill(
    shape: Shape,
    webs: Sequence[WebGraph] | Source,
    *,
    skin: float | None = None,
    frame: float | None = None,
    strut_radius: float | str | Field | Callable[[FloatArray], npt.ArrayLike] | None = None,
    size: npt.ArrayLike | None = None,
    overlap: float = DEFAULT_OVERLAP,
    bridges: int = 4,
    tolerance: float | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Filled:
    """``shape`` filled with modules on a grid, joined into one web and cut at the surface.

    All nodes lie inside, at least 1.06 radii below the surface. Struts that would leave the shape end there. With a
    ``skin`` they end in its middle, or as deep as they need to be thick: see `assembly.skin.skinned` for the solid.
    With a ``frame`` they end at nodes of a net of struts that lies below the surface and follows its sharp edges.

    Arguments:
        shape: one body.
        webs: webs that are used in turn, mirrored or turned at random; or a `Source` of one for each place.
        skin: thickness in mm of the skin that the web is to be anchored in.
        frame: thickness in mm of the struts of a frame to anchor it to. Not both.
        strut_radius: radius of all struts but the frame's, mm, by the places of their middles: whatever
            `assembly.fields.as_field` takes; as the modules have it by default.
        size: sides of a module in mm; the median of the webs' boxes by default, needed for a source.
        overlap: share of a module's side that neighbours overlap by, at least.
        bridges: new struts between neighbours at most, see `assembly.join.join`.
        tolerance: nodes of different modules nearer than this many mm are welded, see `assembly.join.join`.
        seed: same seed, same web.
        progress: told in a line what goes on.

    Raises `ValueError` for a shape of several bodies, smaller than a module, or too thin for the struts, and where a
    part of the web would hang loose.
    """
    tell = progress or (lambda _: None)
    overlap = number("overlap", overlap, "in 0..0.9", lambda value: 0 <= value <= 0.9)
    skin, frame = _thickness("skin", skin, shape), _thickness("frame", frame, shape)
    if skin and frame:
        raise ValueError(f"skin is {skin:g} and frame is {frame:g} mm: choose one to anchor the web to")
    if shape.bodies != 1:
        raise ValueError(f"shape has {shape.bodies} separate bodies, fill them one by one")
    supply = Supply(webs, size)
    shape.check_room(supply.size)
    centres = cells(shape, supply.size, overlap)
    if not len(centres):
        raise ValueError(f"shape is too thin everywhere for modules of {supply.size.tolist()} mm")
    tell(f"filling with {len(centres)} modules")
    modules = [web.translated(centre) for web, centre in zip(supply(centres, seed), centres, strict=True)]
    joined = join(modules, tolerance, bridges)
    web = joined.web if strut_radius is None else _graded(joined.web, strut_radius, shape)
    tell(f"cutting {web.m} struts at the surface")
    cut = trimmed(web, shape, np.maximum(COVER * web.radius, skin / 2))
    if frame:
        cut = framed(cut, shape, frame / 2, seed)
    cut, met, gone = _uncrossed(cut, shape, Plausible.of(modules))
    tell("tying what hangs loose")
    whole = tied(cut.web, shape)
    bridge = whole.web.lengths[whole.web.kind == BRIDGE_KIND]
    known = {field.name: getattr(joined, field.name) for field in fields(joined)}
    return Filled(
        **known
        | {
            "web": whole.web,
            "bridges": len(bridge),
            "longest_bridge": float(bridge.max(initial=0.0)),
            "crossings": joined.crossings + met,
            "cut": joined.cut + gone,
            "modules": len(modules),
            "anchored": np.flatnonzero(np.isin(whole.kept, cut.anchored)),
            "left_out": cut.web.m + whole.ties - whole.web.m,
        }
    )


def _thickness(name: str, value: float | None, shape: Shape) -> float:
    """``value`` in mm, 0 for none; checked to be thinner than half the shape's least side."""
    if value is None:
        return 0.0
    most = float(shape.size.min()) / 2
    return number(name, value, f"> 0 and < {most:.4g} mm, half the shape's least side", lambda v: 0 < v < most)


def _uncrossed(cut: Trimmed, shape: Shape, plausible: Plausible) -> tuple[Trimmed, int, int]:
    """``cut`` without the crossings that moved ends and a frame make, how many were made to meet, and struts cut."""
    web = cut.web
    draft = Draft(web, np.full(web.n, -1), np.maximum(web.degree, MAX_DEGREE), np.zeros(web.n, bool))
    draft, met, gone = untangled(draft, plausible, MAX_DEGREE)
    i, j = draft.web.edge_index
    leaves = np.isfinite(shape.first_hits(draft.web.pos[i], draft.web.pos[j]))
    left = draft.without_struts(leaves).web
    used = np.unique(left.edge_index)
    return Trimmed(left.subweb(used), np.flatnonzero(np.isin(used, cut.anchored))), met, gone + int(leaves.sum())


def _graded(web: WebGraph, strut_radius: Any, shape: Shape) -> WebGraph:
    """``web`` with the radii asked for; of what sticks out of the shape's box those at its border."""
    middles = np.clip(web.pos[web.edge_index].mean(axis=0), *shape.bounds)
    radius, most = as_field(strut_radius)(middles), float(web.lengths.mean()) / 2
    wrong = np.flatnonzero((radius <= 0) | (radius > most))
    if len(wrong):
        raise ValueError(
            f"strut_radius is {radius[wrong[0]]:.4g} mm at {np.round(middles[wrong[0]], 3).tolist()}, must be > 0 "
            f"and at most half the mean edge length, {most:.4g} mm"
        )
    return web.with_radius(radius)
