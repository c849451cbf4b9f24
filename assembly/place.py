"""Webs placed one after the other along a curve."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.checks import number, web_list, whole
from assembly.curves import Curve, as_curve, nearest_pass
from assembly.fields import as_field, graded_radius
from assembly.join import MAX_DEGREE, Joined, join, join_parts
from assembly.seams import Extend, Seam, seamed
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

DEFAULT_OVERLAP = 0.15
#: A web that bends is squeezed on the inner side of the bend, and stretched on the outer, by at most this share.
MOST_BENT = 0.6
#: More webs than this are taken for a mistake.
MAX_WEBS = 1_000_000


def assemble_along(
    curve: Curve | str | Path,
    webs: Sequence[WebGraph],
    *,
    overlap: float = DEFAULT_OVERLAP,
    bridges: int = 4,
    tolerance: float | None = None,
    bend: bool = True,
    radius_field: Any = None,
    extend: Extend | None = None,
    **curve_options: Any,
) -> WebGraph:
    """One connected web of ``webs`` placed along ``curve``: the ``.web`` of `assemble`, same arguments."""
    return assemble(
        curve, webs, overlap=overlap, bridges=bridges, tolerance=tolerance, bend=bend, radius_field=radius_field,
        extend=extend, **curve_options,
    ).web  # fmt: skip


def assemble(
    curve: Curve | str | Path,
    webs: Sequence[WebGraph],
    *,
    overlap: float = DEFAULT_OVERLAP,
    bridges: int = 4,
    tolerance: float | None = None,
    bend: bool = True,
    radius_field: Any = None,
    extend: Extend | None = None,
    **curve_options: Any,
) -> Joined:
    """``webs`` placed along ``curve`` in order and joined into one web.

    Each web keeps its size: its x runs along the curve and its box is centred on it. The webs reach from the start
    of the curve to its end, and all neighbours overlap by the same share of their length, on a closed curve the last
    and the first too: webs of one length are evenly spaced, as `station_parameters` has it. Webs too few to touch are
    bridged and webs longer than the curve stick out of it, with a warning; so do webs wider than the curve passes
    itself run into one another.

    Arguments:
        curve: a `Curve`, or what `as_curve` makes one of: a name, expressions, path data, a file; mm.
        webs: the webs, at least one.
        overlap: share of a web's length that neighbours should overlap by; the warning counts the webs it needs.
        bridges: new struts between each two neighbouring webs at most, see `join`.
        tolerance: nodes of different webs nearer than this many mm are welded, see `join`.
        bend: webs follow the curve where that squeezes them by 60 % at most; else all are placed rigidly.
        radius_field: strut radii, mm: what `assembly.fields.as_field` takes, an expression in x, y, z and s too. A new
            strut has the median radius of those at its ends.
        extend: makes the seams between neighbours anew, see `assembly.seams.seamed`; what it cannot make is bridged.
        curve_options: the options of the curve, see `as_curve`.
    """
    path = as_curve(curve, **curve_options)
    overlap = _checked_overlap(overlap)
    webs = web_list(webs)
    stations = _stations(path, np.array([web.extents[0] for web in webs]), overlap)
    _warn_of_passes(path, webs)
    placed = [_placed(web, path, s, bend) for web, s in zip(webs, stations, strict=True)]
    field = None if radius_field is None else as_field(radius_field, path)
    if field:
        placed = [graded_radius(web, field) for web in placed]
    if extend is None or len(placed) < 2:
        return join(placed, tolerance, bridges)
    along = [station + _lengthwise(web) for web, station in zip(webs, stations, strict=True)]
    parts = seamed(placed, along, _seams(path, along), extend)
    if field:
        parts = replace(parts, web=graded_radius(parts.web, field))
    return join_parts(placed, parts, tolerance, bridges, MAX_DEGREE)


def webs_needed(
    curve: Curve | str | Path, web_length: float, overlap: float = DEFAULT_OVERLAP, **curve_options: Any
) -> int:
    """How many webs of ``web_length`` mm cover ``curve`` with neighbours overlapping by the share ``overlap``."""
    path = as_curve(curve, **curve_options)
    overlap = _checked_overlap(overlap)
    web_length = number("web_length", web_length, "> 0 mm", lambda value: value > 0)
    alone = 0 if path.closed else 1  # the last web of an open curve has no neighbour to overlap
    more = (path.length / web_length - alone) / (1 - overlap)
    if not more < MAX_WEBS:
        raise ValueError(f"web_length is {web_length:g} mm: over {MAX_WEBS} webs would be needed along the curve")
    return max(alone + math.ceil(more - 1e-9), 1)


def station_parameters(count: int, closed: bool = False) -> FloatArray:
    """``(count,)`` places of ``count`` webs along a curve, 0 at its start and 1 at its end; 0.5 for one web.

    On a ``closed`` curve the first stands at 0, and none at 1, which is the same place.
    """
    count = whole("count", count, 1)
    if closed:
        return np.arange(count) / count
    return np.linspace(0, 1, count) if count > 1 else np.array([0.5])


def _stations(path: Curve, lengths: FloatArray, overlap: float) -> FloatArray:
    """Arc lengths of the middles of webs of these ``lengths`` along ``path``, with warnings where they do not fit."""
    room = path.length if path.closed else path.length - (lengths[0] + lengths[-1]) / 2
    if room < (lengths.max() if path.closed else -1e-9 * path.length):
        stick_out = f"curve of {path.length:.4g} mm is shorter than its webs of {lengths.max():.4g} mm, which stick out"
        warnings.warn(stick_out, stacklevel=3)
    if room < -1e-9 * path.length:
        stations = np.full(len(lengths), path.length / 2)
    else:
        stations = (0.0 if path.closed else lengths[0] / 2) + room * _shares(lengths, path.closed)
    behind = np.append(stations[1:], path.length + stations[0] if path.closed else stations[-1])
    gap = float((behind - stations - (lengths + np.roll(lengths, -1)) / 2).max())
    if gap > 1e-9 * path.length and (typical := float(np.median(lengths))) > 0:
        needed = webs_needed(path, typical, overlap)
        warnings.warn(
            f"{len(lengths)} webs leave gaps of up to {gap:.3g} mm; {needed} would overlap by {overlap:g}", stacklevel=3
        )
    return np.asarray(stations)


def _shares(lengths: FloatArray, closed: bool) -> FloatArray:
    """Stations of webs of these ``lengths``, from 0 for the first to 1 for the last; 0.5 for one.

    On a closed curve 1 is the first again.
    """
    steps = (lengths + np.roll(lengths, -1)) / 2
    inner = steps if closed else steps[:-1]
    if not inner.sum() > 0:
        return station_parameters(len(lengths), closed)
    return np.concatenate([[0.0], np.cumsum(steps[:-1]) / inner.sum()])


def _warn_of_passes(path: Curve, webs: Sequence[WebGraph]) -> None:
    width = max(float(web.extents[1:].max()) for web in webs)
    near = nearest_pass(path, width) if width > 0 else None
    if near is not None:
        place = ", ".join(f"{x:.4g}" for x in near.place)
        warnings.warn(
            f"webs up to {width:.3g} mm wide run into one another where the curve passes itself: {near.distance:.3g} "
            f"mm apart at {near.first:.4g} and {near.second:.4g} mm of its {path.length:.4g} mm, near ({place}), and "
            f"too near along {near.share:.0%} of it",
            stacklevel=3,
        )


def _checked_overlap(overlap: float) -> float:
    return number("overlap", overlap, "in 0..0.9", lambda value: 0 <= value <= 0.9)


def _seams(path: Curve, along: Sequence[FloatArray]) -> list[Seam]:
    """Where each web of nodes ``along`` the curve meets the next one; on a closed curve the last one the first too."""
    found = []
    for k in range(len(along) if path.closed and len(along) > 2 else len(along) - 1):
        second = (k + 1) % len(along)
        shift = path.length if second == 0 else 0.0
        end, start = float(along[k].max()), float(along[second].min())
        middle = (end + start + shift) / 2
        place = middle % path.length if path.closed else middle
        centre, frame = path.at(place)[0], path.frames(place)[0]
        found.append(Seam(k, second, (end, start), (middle, middle - shift), centre, frame))
    return found


def _lengthwise(web: WebGraph) -> FloatArray:
    """``(n,)`` how far each node is before the middle of the web's box, along the curve, in mm."""
    x = web.pos[:, 0]
    return np.asarray(x - (x.min() + x.max()) / 2)


def _placed(web: WebGraph, curve: Curve, station: float, bend: bool) -> WebGraph:
    local = web.pos - (web.pos.min(axis=0) + web.pos.max(axis=0)) / 2
    half = local[:, 0].max()
    reach = np.linalg.norm(local[:, 1:], axis=1).max()
    if bend and reach * curve.sharpest(station - half, station + half) <= MOST_BENT:
        along = station + local[:, 0]
        across = np.einsum("nij,nj->ni", curve.frames(along)[:, :, 1:], local[:, 1:])
        return replace(web, pos=curve.at(along) + across)
    return replace(web, pos=curve.at(station) + local @ curve.frames(station)[0].T)
