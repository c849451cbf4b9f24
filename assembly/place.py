"""Webs placed one after the other along a curve."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.checks import number, web_list, whole
from assembly.curves import Curve, as_curve
from assembly.join import Joined, join
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

DEFAULT_OVERLAP = 0.15
#: More webs than this are taken for a mistake.
MAX_WEBS = 1_000_000


def assemble_along(
    curve: Curve | str,
    webs: Sequence[WebGraph],
    *,
    overlap: float = DEFAULT_OVERLAP,
    bridges: int = 4,
    tolerance: float | None = None,
    bend: bool = True,
    **curve_options: Any,
) -> WebGraph:
    """One connected web of ``webs`` placed along ``curve``: the ``.web`` of `assemble`, same arguments."""
    return assemble(curve, webs, overlap=overlap, bridges=bridges, tolerance=tolerance, bend=bend, **curve_options).web


def assemble(
    curve: Curve | str,
    webs: Sequence[WebGraph],
    *,
    overlap: float = DEFAULT_OVERLAP,
    bridges: int = 4,
    tolerance: float | None = None,
    bend: bool = True,
    **curve_options: Any,
) -> Joined:
    """``webs`` placed along ``curve`` in order and joined into one web.

    Each web keeps its size: its x runs along the curve and its box is centred on it. The webs reach from the start
    of the curve to its end, and all neighbours overlap by the same share of their length: webs of one length are
    evenly spaced, as `station_parameters` has it. Webs too few to touch are bridged and webs longer than the curve
    stick out of it, with a warning.

    Arguments:
        curve: a `Curve`, ``"helix"`` (options ``radius, pitch, turns``), ``"line"`` (``length``), or three
            expressions ``"x; y; z"`` in t (``t0, t1``); mm.
        webs: the webs, at least one.
        overlap: share of a web's length that neighbours should overlap by; the warning counts the webs it needs.
        bridges: new struts between each two neighbouring webs at most, see `join`.
        tolerance: nodes of different webs nearer than this many mm are welded, see `join`.
        bend: webs follow the curve where they are slimmer than its bends; else all are placed rigidly.
    """
    path = as_curve(curve, **curve_options)
    overlap = _checked_overlap(overlap)
    webs = web_list(webs)
    lengths = np.array([web.extents[0] for web in webs])
    room = path.length - (lengths[0] + lengths[-1]) / 2
    if room < -1e-9 * path.length:
        stick_out = f"curve of {path.length:.4g} mm is shorter than its webs of {lengths.max():.4g} mm, which stick out"
        warnings.warn(stick_out, stacklevel=2)
        stations = np.full(len(webs), path.length / 2)
    else:
        stations = lengths[0] / 2 + room * _shares(lengths)
    gap = float((np.diff(stations) - (lengths[1:] + lengths[:-1]) / 2).max(initial=0.0))
    if gap > 1e-9 * path.length and (typical := float(np.median(lengths))) > 0:
        needed = webs_needed(path, typical, overlap)
        warnings.warn(
            f"{len(webs)} webs leave gaps of up to {gap:.3g} mm; {needed} would overlap by {overlap:g}", stacklevel=2
        )
    return join([_placed(web, path, s, bend) for web, s in zip(webs, stations, strict=True)], tolerance, bridges)


def webs_needed(curve: Curve | str, web_length: float, overlap: float = DEFAULT_OVERLAP, **curve_options: Any) -> int:
    """How many webs of ``web_length`` mm cover ``curve`` with neighbours overlapping by the share ``overlap``."""
    path = as_curve(curve, **curve_options)
    overlap = _checked_overlap(overlap)
    web_length = number("web_length", web_length, "> 0 mm", lambda value: value > 0)
    more = (path.length / web_length - 1) / (1 - overlap)
    if not more < MAX_WEBS:
        raise ValueError(f"web_length is {web_length:g} mm: over {MAX_WEBS} webs would be needed along the curve")
    return 1 + max(math.ceil(more - 1e-9), 0)


def station_parameters(count: int) -> FloatArray:
    """``(count,)`` places of ``count`` webs along a curve, 0 at its start and 1 at its end; 0.5 for one web."""
    count = whole("count", count, 1)
    return np.linspace(0, 1, count) if count > 1 else np.array([0.5])


def _shares(lengths: FloatArray) -> FloatArray:
    """Stations of webs of these ``lengths``, from 0 for the first to 1 for the last; 0.5 for one."""
    steps = (lengths[1:] + lengths[:-1]) / 2
    if not steps.sum() > 0:
        return station_parameters(len(lengths))
    return np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])


def _checked_overlap(overlap: float) -> float:
    return number("overlap", overlap, "in 0..0.9", lambda value: 0 <= value <= 0.9)


def _placed(web: WebGraph, curve: Curve, station: float, bend: bool) -> WebGraph:
    local = web.pos - (web.pos.min(axis=0) + web.pos.max(axis=0)) / 2
    half = local[:, 0].max()
    reach = np.linalg.norm(local[:, 1:], axis=1).max()
    if bend and reach * curve.sharpest(station - half, station + half) < 1:
        along = station + local[:, 0]
        across = np.einsum("nij,nj->ni", curve.frames(along)[:, :, 1:], local[:, 1:])
        return replace(web, pos=curve.at(along) + across)
    return replace(web, pos=curve.at(station) + local @ curve.frames(station)[0].T)
