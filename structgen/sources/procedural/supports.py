"""What a horizontal sheet is held by: anchor threads and a frame around it, threads to points above and below."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from structgen.sources.procedural.silk import ANCHOR, FRAME, TANGLE
from structgen.sources.procedural.spinning import Spinning

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def framed(spun: Spinning, rng: np.random.Generator, half: FloatArray, count: int) -> FloatArray:
    """A frame of ``count`` threads about the origin and anchor threads outwards from its corners.

    ``half``: half axes (2,) mm of the ellipse that the corners lie on. Returns the corners ``(count, 2)``, in order
    counter-clockwise; the polygon is convex.
    """
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count
    outwards = np.column_stack([np.cos(angle), np.sin(angle)])
    corners: FloatArray = half * outwards
    reach = half.mean() * rng.uniform(0.2, 0.5, count)
    rise = half.mean() * rng.uniform(-0.15, 0.3, count)
    corner = spun.nodes(np.column_stack([corners, np.zeros(count)]))
    anchor = spun.nodes(np.column_stack([corners + reach[:, None] * outwards, rise]), held=True)
    spun.threads(corner, np.roll(corner, -1), FRAME)
    spun.threads(corner, anchor, ANCHOR)
    return corners


def suspended(
    spun: Spinning, rng: np.random.Generator, count: int, half: FloatArray, heights: tuple[float, float]
) -> None:
    """``count`` straight anchor threads across the space over the ellipse with half axes ``half`` (2,) mm.

    Their attachment points lie 1.1 to 1.4 times as far out, at z in the range ``heights``, mm.
    """
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(-0.5, 0.5, count)) / count
    other = angle + np.pi * rng.uniform(0.55, 1.45, count)
    tips = np.concatenate([angle, other])
    out = half * rng.uniform(1.1, 1.4, (2 * count, 1)) * np.column_stack([np.cos(tips), np.sin(tips)])
    node = spun.nodes(np.column_stack([out, rng.uniform(*heights, 2 * count)]), held=True)
    spun.threads(node[:count], node[count:], ANCHOR)


def dropped(
    spun: Spinning, rng: np.random.Generator, count: int, half: FloatArray, kinds: tuple[int, ...], lean: float
) -> None:  # fmt: skip
    """``count`` tangle threads from places on the anchor threads above down to threads of ``kinds``; as `hung`."""
    aim = _spread(rng, count, half)
    upper, upper_edge, upper_share, _ = spun.grid([ANCHOR])
    over = np.flatnonzero(upper[:, 2] > lean)
    start = over[cKDTree(upper[over, :2]).query(aim[:, :2] + lean * rng.standard_normal((count, 2)))[1]]
    lower, lower_edge, lower_share, _ = spun.grid(list(kinds))
    end = cKDTree(lower).query(aim)[1]
    spun.join((upper_edge[start], upper_share[start]), (lower_edge[end], lower_share[end]), TANGLE)


def hung(
    spun: Spinning, rng: np.random.Generator, count: int, half: FloatArray, heights: tuple[float, float],
    lean: float, kinds: tuple[int, ...],
) -> None:  # fmt: skip
    """``count`` tangle threads from attachment points above or below to threads of ``kinds``.

    Arguments:
        half: half axes (2,) mm of the ellipse over which they land, evenly.
        heights: range of z of the attachment points, mm.
        lean: how far a thread leans, mm, as standard deviation of each of x and y.
    """
    aim = _spread(rng, count, half)
    points = aim + np.column_stack([lean * rng.standard_normal((count, 2)), rng.uniform(*heights, count)])
    spun.hang(points, kinds, TANGLE, aim)


def _spread(rng: np.random.Generator, count: int, half: FloatArray) -> FloatArray:
    """``(count, 3)`` points spread evenly over the ellipse in z = 0."""
    angle, share = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    return np.column_stack([half * share[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), np.zeros(count)])


def inside(corners: FloatArray, start: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares at which the lines start + share (end - start), ``(k, 2)``, enter and leave the convex polygon."""
    along = np.roll(corners, -1, axis=0) - corners
    inwards = np.column_stack([-along[:, 1], along[:, 0]])
    offset = (inwards * corners).sum(axis=1)
    speed, height = (end - start) @ inwards.T, start @ inwards.T - offset
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = -height / speed
    enters = np.where(speed > 0, hit, -np.inf).max(axis=1)
    leaves = np.where(speed < 0, hit, np.inf).min(axis=1)
    return enters, leaves


def crossings(p: FloatArray, q: FloatArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Pairs i < j of segments p q, ``(k, 2)`` in the plane, that cross, with their shares of i and of j."""
    found = []
    for i in range(len(p) - 1):
        d, e, r = q[i] - p[i], q[i + 1 :] - p[i + 1 :], p[i + 1 :] - p[i]
        across = d[0] * e[:, 1] - d[1] * e[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            s = (r[:, 0] * e[:, 1] - r[:, 1] * e[:, 0]) / across
            t = (r[:, 0] * d[1] - r[:, 1] * d[0]) / across
        j = np.flatnonzero((s >= 0) & (s <= 1) & (t >= 0) & (t <= 1))
        found.append(np.column_stack([np.full(len(j), i), j + i + 1, s[j], t[j]]))
    first, second, *shares = np.concatenate(found).T if found else np.empty((4, 0))
    return first.astype(np.int64), second.astype(np.int64), shares[0], shares[1]
