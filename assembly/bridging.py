"""New struts between modules: of plausible length and angle, clear of the struts that are there and of each other."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from assembly.draft import BoolArray, Draft, Plausible, Star, unit
from assembly.weld import of_one_or_settled
from structgen.validity import crossing_pairs
from structgen.web import FloatArray, IntArray

#: Candidates looked at: for each node, and for each bridge wanted.
PER_NODE = 4
PER_BRIDGE = 8


class Candidates:
    """Struts that may be added to a draft, which are taken one by one.

    Arguments:
        draft: what they are added to.
        ends: ``(c, 2)`` nodes that each would join; no pair twice, none that is joined already.
    """

    def __init__(self, draft: Draft, ends: IntArray) -> None:
        self._draft, self.ends = draft, ends
        web = draft.web
        star = Star.of(web)
        self.lengths: FloatArray = np.linalg.norm(web.pos[ends[:, 1]] - web.pos[ends[:, 0]], axis=1)
        self.radius = _median_radius(star, web.radius, ends)
        self._ways = unit(web.pos[ends[:, 1]] - web.pos[ends[:, 0]])
        #: ``(c,)`` cosine of the sharpest angle to a strut of the draft at either end.
        self.cosine: FloatArray = np.maximum(
            star.largest_cosine(ends[:, 0], self._ways), star.largest_cosine(ends[:, 1], -self._ways)
        )
        crossing = (
            crossing_pairs(draft.with_struts(ends, self.radius).web, web.m) if len(ends) else np.empty((0, 2), int)
        )
        barred = crossing[crossing[:, 0] < web.m, 1] - web.m
        self._open = np.ones(len(ends), bool)
        self._open[barred] = False
        self._rivals: dict[int, list[int]] = {}
        for a, b in (crossing[crossing[:, 0] >= web.m] - web.m).tolist():
            self._rivals.setdefault(a, []).append(b)
            self._rivals.setdefault(b, []).append(a)
        self._room = dict(zip(nodes := np.unique(ends).tolist(), draft.room[nodes].tolist(), strict=True))
        self._at: dict[int, list[FloatArray]] = {}
        self.taken: list[int] = []

    @property
    def open(self) -> BoolArray:
        """``(c,)`` whether a candidate crosses no strut of the draft."""
        return self._open

    def take(self, candidate: int, cosine: float) -> bool:
        """Add the candidate if that leaves no strut crossed, no node overfull and no angle of more than ``cosine``."""
        i, j = self.ends[candidate].tolist()
        if not self._open[candidate] or not (self._room[i] > 0 and self._room[j] > 0):
            return False
        way = self._ways[candidate]
        if self.cosine[candidate] > cosine or self._sharpest(i, way) > cosine or self._sharpest(j, -way) > cosine:
            return False
        self._open[self._rivals.get(candidate, [])] = False
        self._open[candidate] = False
        self._at.setdefault(i, []).append(way)
        self._at.setdefault(j, []).append(-way)
        self._room[i] -= 1
        self._room[j] -= 1
        self.taken.append(candidate)
        return True

    def draft(self) -> Draft:
        """The draft with the candidates taken."""
        return self._draft.with_struts(self.ends[self.taken], self.radius[self.taken]) if self.taken else self._draft

    def _sharpest(self, node: int, way: FloatArray) -> float:
        return max((float(other @ way) for other in self._at.get(node, [])), default=-1.0)


def bridged(draft: Draft, plausible: Plausible, count: int, settled: IntArray | None = None) -> Draft:
    """``draft`` with up to ``count`` plausible struts between each two modules that are neighbours in space.

    They end at different nodes, each of one module alone. Short ones come first whose ends have few struts.

    Arguments:
        settled: ``(k, 2)`` pairs of modules a < b that get none.
    """
    pairs, seam = _between_modules(draft, plausible.high, settled)
    web = draft.web
    lengths = np.linalg.norm(web.pos[pairs[:, 0]] - web.pos[pairs[:, 1]], axis=1)
    able = (lengths >= plausible.low) & (draft.room[pairs] > 0).all(axis=1)
    pairs, seam, lengths = pairs[able], seam[able], lengths[able]
    star, ways = Star.of(web), unit(web.pos[pairs[:, 1]] - web.pos[pairs[:, 0]])
    able = star.largest_cosine(pairs[:, 0], ways) <= plausible.cosine
    able[able] = star.largest_cosine(pairs[able, 1], -ways[able]) <= plausible.cosine
    pairs, seam, lengths = pairs[able], seam[able], lengths[able]
    cost = lengths / plausible.typical + (web.degree / web.degree.mean())[pairs].sum(axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], cost))
    pairs, seam = pairs[order], seam[order]
    few = (ranks(seam * web.n + pairs[:, 0]) < PER_NODE) & (ranks(seam * web.n + pairs[:, 1]) < PER_NODE)
    pairs, seam = pairs[few], seam[few]
    few = ranks(seam) < PER_BRIDGE * count
    pairs, seam = pairs[few], seam[few]
    candidates = Candidates(draft, pairs)
    done: dict[int, int] = {}
    used: set[tuple[int, int]] = set()
    for k, (s, i, j) in enumerate(zip(seam.tolist(), *pairs.T.tolist(), strict=True)):
        if done.get(s, 0) < count and not {(s, i), (s, j)} & used and candidates.take(k, plausible.cosine):
            done[s] = done.get(s, 0) + 1
            used |= {(s, i), (s, j)}
    return candidates.draft()


def _between_modules(draft: Draft, reach: float, settled: IntArray | None) -> tuple[IntArray, IntArray]:
    """``(k, 2)`` node pairs of different modules within ``reach`` mm, and ``(k,)`` a number for each two modules."""
    own = np.flatnonzero(draft.owner >= 0)
    pairs = own[cKDTree(draft.web.pos[own]).query_pairs(reach, output_type="ndarray")]
    pairs = pairs[~of_one_or_settled(draft.owner[pairs], settled)]
    modules = np.sort(draft.owner[pairs], axis=1)
    return np.sort(pairs, axis=1), modules[:, 0] * (int(draft.owner.max(initial=0)) + 1) + modules[:, 1]


def ranks(group: IntArray) -> IntArray:
    """``(k,)`` how many before it are of the same group."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(group)]
    place = np.arange(len(group))
    rank = np.empty(len(group), np.int64)
    rank[order] = place - np.maximum.accumulate(np.where(new, place, 0))
    return rank


def _median_radius(star: Star, radius: FloatArray, ends: IntArray) -> FloatArray:
    """``(c,)`` median radius of the struts at the two ``ends`` (c, 2)."""
    found = [star.at(ends[:, side]) for side in (0, 1)]
    value = radius[star.strut[np.concatenate([rows for rows, _ in found])]]
    which = np.concatenate([of for _, of in found])
    value = value[np.lexsort((value, which))]
    count = np.bincount(which, minlength=len(ends))
    first = np.cumsum(count) - count
    return np.asarray((value[first + (count - 1) // 2] + value[first + count // 2]) / 2)
