"""How far the nodes of two webs are apart once one is turned, mirrored and renumbered to fit the other best.

Distances are root mean squares over the nodes under the best of the 48 signed permutations of the axes and the best
pairing of nodes (H. W. Kuhn, Naval Res. Logist. Q. 2 (1955) 83). Means are laid on one another, which is the best shift
for any pairing. Two frames: ``rigid`` compares webs at their own size; ``fitted`` first stretches one to the bounding
box of the other, since a generator that fits its webs to a box would hand out a learned web so stretched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from structgen.sources.neighbourhoods import Dataset
from structgen.web import FloatArray, IntArray, WebGraph

Frame = Literal["rigid", "fitted"]

#: The 48 signed permutations: which axis comes first, second, third, and with what sign.
AXES = np.array([axes for axes in permutations(range(3)) for _ in range(8)])
SIGNS = np.array([signs for _ in range(6) for signs in product((1.0, -1.0), repeat=3)])


@dataclass(frozen=True)
class Shapes:
    """Node positions ``(k, n, 3)`` of webs of ``n`` nodes, mean 0, over their box if ``frame`` is fitted.

    rows ``(k,)``: which web each is. ordered ``(k, 3, n)``: each coordinate in ascending order.
    """

    frame: Frame
    points: FloatArray
    rows: IntArray
    ordered: FloatArray

    @classmethod
    def of(cls, pos: FloatArray, rows: IntArray, frame: Frame) -> Shapes:
        """From positions ``(k, n, 3)``."""
        points = pos - pos.mean(axis=1, keepdims=True)
        if frame == "fitted":
            box = np.ptp(points, axis=1)[:, None]
            points = np.divide(points, box, out=np.zeros_like(points), where=box > 0)
        return cls(frame, points, rows, np.sort(points.transpose(0, 2, 1), axis=2))


def shapes_by_size(webs: Sequence[WebGraph], frame: Frame) -> dict[int, Shapes]:
    """`Shapes` of ``webs`` by their number of nodes."""
    sizes = np.array([web.n for web in webs])
    groups = {int(n): np.flatnonzero(sizes == n) for n in np.unique(sizes)}
    return {n: Shapes.of(np.stack([webs[k].pos for k in rows.tolist()]), rows, frame) for n, rows in groups.items()}


def dataset_shapes(
    dataset: Dataset, rows: IntArray, frame: Frame, sizes: Sequence[int]
) -> Iterator[tuple[int, Shapes]]:
    """Node number and `Shapes` of the neighbourhoods ``rows`` that have it, for each of ``sizes`` that there is."""
    pointer = dataset.arrays["node_ptr"]
    n_of = np.diff(pointer)[rows]
    for n in sizes:
        chosen = rows[n_of == n]
        if len(chosen):
            pos = dataset.arrays["pos"][pointer[chosen][:, None] + np.arange(n)].astype(float)
            yield n, Shapes.of(pos, chosen, frame)


def bounds(pos: FloatArray, shapes: Shapes) -> FloatArray:
    """``(k, 48)`` mean squares that the web ``pos (n, 3)`` is no nearer than to each of ``shapes``, turned each way.

    Along one axis the best pairing is that in ascending order, and no pairing of points can do better along all three.
    """
    n = len(pos)
    own, scale = _own(pos, shapes.frame)
    mine = np.sort(own.T, axis=1)
    turned = np.stack([shapes.ordered, -shapes.ordered[:, :, ::-1]])  # (2, k, 3, n)
    square = np.square(turned).sum(axis=-1)
    # table[a, s, k, b]: axis a of this web against axis b of the k-th, mirrored or not.
    inner = np.einsum("an,skbn->askb", mine, turned, optimize=True)
    weight = scale[:, None, None, None]
    table = (np.square(mine).sum(axis=1)[:, None, None, None] + weight**2 * square - 2 * weight * inner) / n
    mirrored = (SIGNS < 0).astype(int)
    sums = sum(table[a, mirrored[:, a], :, AXES[:, a]] for a in range(3))
    least: FloatArray = np.maximum(np.asarray(sums).T, 0)
    return least


def _own(pos: FloatArray, frame: Frame) -> tuple[FloatArray, FloatArray]:
    """Positions with mean 0, and what the coordinates of the others are multiplied by."""
    scale = np.ptp(pos, axis=0) if frame == "fitted" else np.ones(3)
    return pos - pos.mean(axis=0), scale


def paired(own: FloatArray, scale: FloatArray, points: FloatArray, way: int) -> float:
    """Mean square distance of ``own (n, 3)`` to ``points (n, 3)`` turned the ``way``-th way, under the best pairing."""
    cost = cdist(own, scale * SIGNS[way] * points[:, AXES[way]], "sqeuclidean")
    return float(cost[linear_sum_assignment(cost)].mean())


@dataclass(frozen=True)
class Nearest:
    """The nearest web: its row, the distance in mm, and whether none can be nearer (else the search was cut short)."""

    row: int
    distance: float
    exact: bool


def nearest(pos: FloatArray, shapes: Shapes, budget: int | None = None) -> Nearest:
    """The nearest of ``shapes`` to the web ``pos (n, 3)``: pairings are tried in the order of their bounds.

    ``budget``: most pairings tried; without it the answer is exact.
    """
    least = bounds(pos, shapes)
    flat = least.ravel()
    count = flat.size if budget is None else min(budget + 1, flat.size)
    order = np.argpartition(flat, count - 1)[:count] if count < flat.size else np.arange(flat.size)
    order = order[np.argsort(flat[order], kind="stable")]
    own, scale = _own(pos, shapes.frame)
    best, row, exact = np.inf, -1, budget is None or count == flat.size
    for tried, place in enumerate(order.tolist()):
        if flat[place] >= best:
            exact = True
            break
        if budget is not None and tried == budget:
            break
        k, way = divmod(place, len(AXES))
        found = paired(own, scale, shapes.points[k], way)
        if found < best:
            best, row = found, int(shapes.rows[k])
    return Nearest(row, float(np.sqrt(best)), exact)


def near(pos: FloatArray, shapes: Shapes, distance: float) -> IntArray:
    """Rows of those of ``shapes`` that are no further than ``distance`` mm from the web ``pos (n, 3)``."""
    own, scale = _own(pos, shapes.frame)
    # Rounding may take a bound of 0 just above a distance of 0.
    most = distance**2 + 1e-12 * float(np.square(own).sum(axis=1).mean())
    use = np.arange(len(shapes.rows))
    if shapes.frame == "rigid":  # cheap: distances from the mean, in order, do not change with turning
        r, others = (np.sort(np.linalg.norm(p, axis=-1), axis=-1) for p in (own, shapes.points))
        use = np.flatnonzero(np.square(others - r).mean(axis=1) <= most)
    if not len(use):
        return np.empty(0, np.int64)
    some = Shapes(shapes.frame, shapes.points[use], shapes.rows[use], shapes.ordered[use])
    least = bounds(pos, some)
    found = []
    for k in np.flatnonzero((least <= most).any(axis=1)).tolist():
        ways = np.flatnonzero(least[k] <= most).tolist()
        if any(paired(own, scale, some.points[k], way) <= most for way in ways):
            found.append(int(some.rows[k]))
    return np.array(found, np.int64)


def mean_lengths(dataset: Dataset, rows: npt.ArrayLike) -> FloatArray:
    """Mean edge length in mm of the neighbourhoods ``rows``, as the data set holds it."""
    lengths: FloatArray = dataset.arrays["targets"][np.asarray(rows), 0].astype(float)
    return lengths
