"""Struts that run through others, moved aside: a web that crosses itself here and there need not lose those struts.

They lack a strut's thickness or two. The web is moved by so much, as it gives way most easily (`stiffness`), rather
than that other struts are chosen, which in a drawn web are hardly ever as good.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.generators.choosing import CLEARANCE, Crossings
from structgen.generators.stiffness import stiffness
from structgen.geometry import nearest_shares

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Rounds of moving, and crossings beyond which, a strut, a web is tangled all over and is left as it is.
ROUNDS, TANGLED = 6, 0.25
#: How much further apart than need be struts are moved.
MARGIN = 1.1
#: Furthest that a node may go in a round, in mean lengths of the edges.
REACH = 0.1
#: What gives less than this share of what gives most counts as rigid.
RIGID = 1e-6


def uncrossed(pos: FloatArray, edges: IntArray, radius: FloatArray, half: FloatArray) -> FloatArray:
    """``pos (n, 3)`` (mm) moved until no two of the ``edges (m, 2)`` with ``radius (m,)`` cross, as far as may be.

    half ``(3,)``: half the sides of the box about the origin. Nodes on its faces stay on them.
    """
    crossing = _crossing(pos, edges, radius)
    if not 0 < len(crossing) <= TANGLED * len(edges):
        return pos
    free = np.abs(pos) < half
    matrix = stiffness(pos, edges)
    give = [np.zeros_like(matrix) for _ in range(3)]
    for axis, its in enumerate(free.T):
        give[axis][np.ix_(its, its)] = np.linalg.inv(matrix[np.ix_(its, its)])
    reach = REACH * float(np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1).mean())
    best, fewest = pos, len(crossing)
    for _ in range(ROUNDS):
        pos = np.clip(pos + _moves(pos, edges, radius, crossing, give, reach), -half, half)
        crossing = _crossing(pos, edges, radius)
        if len(crossing) < fewest:
            best, fewest = pos, len(crossing)
        if not len(crossing):
            break
    return best


def _crossing(pos: FloatArray, edges: IntArray, radius: FloatArray) -> IntArray:
    """``(k, 2)`` pairs of the edges that cross."""
    crossings = Crossings(pos, edges, radius)
    crossings.test(np.arange(len(edges)))
    return np.array([(e, f) for e, others in crossings.of.items() for f in others if e < f], np.int64).reshape(-1, 2)


def _moves(
    pos: FloatArray, edges: IntArray, radius: FloatArray, crossing: IntArray, give: list[FloatArray], reach: float
) -> FloatArray:
    """``(n, 3)`` least moves that bring the ``crossing (k, 2)`` edges apart, ``reach`` (mm) at most.

    give: for each axis how far nodes go that are pulled at, ``(n, n)``.
    """
    e, f = crossing.T
    a, b, c, d = (pos[edges[k, end]] for k in (e, f) for end in (0, 1))
    s, t = nearest_shares(a, b, c, d)
    apart = a + s[:, None] * (b - a) - c - t[:, None] * (d - c)
    gap = np.linalg.norm(apart, axis=1)
    # Where they meet there is no way from one to the other, but one at right angles to both.
    across = np.cross(b - a, d - c)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), np.finfo(float).tiny)
    meet = gap < 1e-9 * reach
    way = np.where(meet[:, None], across, apart / np.maximum(gap, np.finfo(float).tiny)[:, None])
    lacking = MARGIN * CLEARANCE * (radius[e] + radius[f]) - gap
    share = np.zeros((len(crossing), len(pos)))
    row = np.arange(len(crossing))
    for node, weight in zip((*edges[e].T, *edges[f].T), (1 - s, s, t - 1, -t), strict=True):
        share[row, node] += weight
    pulled = [share @ along for along in give]
    coupling = sum(np.outer(x, x) * (part @ share.T) for x, part in zip(way.T, pulled, strict=True))
    force = np.linalg.pinv(coupling, RIGID, hermitian=True) @ lacking  # what cannot give is not pulled at
    moves = np.stack([part.T @ (x * force) for x, part in zip(way.T, pulled, strict=True)], 1)
    least: FloatArray = np.clip(moves, -reach, reach)
    return least
