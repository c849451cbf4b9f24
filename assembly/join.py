"""Placed webs made one: near nodes welded, crossings resolved, neighbours bridged, every part connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assembly.bridging import bridged
from assembly.checks import number, web_list, whole
from assembly.crossings import untangled
from assembly.draft import BRIDGE_KIND, Plausible
from assembly.tying import tied
from assembly.weld import side_by_side, trimmed, welded
from structgen.web import IntArray, WebGraph

#: Default weld tolerance as a share of the median edge length.
WELD_SHARE = 0.3
#: Struts that may meet in a node, as in the webs that the shipped models make.
MAX_DEGREE = 8


@dataclass(frozen=True)
class Joined:
    """A web joined from several.

    Arguments:
        web: the joined web, one component; its new struts have kind 8, "bridge".
        welded: nodes that went into a node of another web.
        crossings: pairs of struts that crossed and were made to meet, at a new node or at the end of one.
        cut: struts taken out because they crossed others, a welded node had too many, or a tie had to get past.
        bridges: struts of kind "bridge": new ones, and any that the webs brought along.
        forced: new struts whose length or angle is none that the modules have: the only way to tie a part.
        dropped: nodes left out: they have no strut, or hung on one that was cut and cannot be tied.
        longest_bridge: length of the longest bridge in mm, 0 without any.
        seams: places where two webs meet that a generator made, see `assembly.seams.seamed`.
    """

    web: WebGraph
    welded: int
    crossings: int
    cut: int
    bridges: int
    forced: int
    dropped: int
    longest_bridge: float
    seams: int = 0


def join(
    webs: Sequence[WebGraph], tolerance: float | None = None, bridges: int = 4, max_degree: int = MAX_DEGREE
) -> Joined:
    """One connected web of ``webs``, which stay where they are, without crossing struts.

    1. Nodes of different webs nearer than ``tolerance`` mm become one at their mean; two nodes of one web never do.
    2. Struts that cross, see `structgen.validity.crossing_pairs`, or run along each other within 2 degrees from a
       node they share, are made to meet in a node, or one of them is cut.
    3. Webs that are neighbours in space get up to ``bridges`` new struts. Their lengths lie between the 5 % and 95 %
       quantiles of those in the webs (or 0.3 to 1.5 times the median, where that is more), at most three
       times the median; their angles to others are no sharper than the 5 % quantile, taken within 12 to 30 degrees.
    4. Parts that are still loose are tied by the shortest strut that crosses no other, plausible or not.

    Arguments:
        webs: at least one, with a strut each.
        tolerance: at most the median edge length; default: 0.3 of it.
        bridges: 0 for none but what ties a loose part.
        max_degree: struts that may meet in a node, at least 4; nodes of the webs that have more keep them.

    A bridge has the median radius of the struts at its ends. Raises `ValueError` naming a web that hangs loose where
    no strut can tie it without crossing others.
    """
    webs = web_list(webs)
    web, owner = side_by_side(webs)
    return join_parts(webs, Parts(web, owner), tolerance, bridges, max_degree)


@dataclass(frozen=True)
class Parts:
    """What is to be joined: modules side by side, and seams that some of them have got already.

    Arguments:
        web: of n nodes.
        owner: ``(n,)`` number of the module, or past those of the modules of the seam, that each node is of.
        settled: ``(k, 2)`` pairs a < b of owners that are joined: they are neither welded nor bridged.
        made: number of seams.
    """

    web: WebGraph
    owner: IntArray
    settled: IntArray | None = None
    made: int = 0


def join_parts(
    webs: Sequence[WebGraph], parts: Parts, tolerance: float | None, bridges: int, max_degree: int
) -> Joined:
    """``parts`` joined as `join` does; what is plausible is learned from ``webs``, the modules as they were."""
    bridges = whole("bridges", bridges, 0)
    max_degree = whole("max_degree", max_degree, 4)
    typical = float(np.median(np.concatenate([web.lengths for web in webs])))
    if tolerance is None:
        tolerance = WELD_SHARE * typical
    allowed = f"in 0..{typical:.4g} mm, the median edge length"
    tolerance = number("tolerance", tolerance, allowed, lambda value: 0 <= value <= typical)
    plausible = Plausible.of(webs)
    draft, merged = welded(parts.web, parts.owner, tolerance, max_degree, parts.settled)
    draft, surplus = trimmed(draft)
    draft, crossings, cut = untangled(draft, plausible, max_degree)
    bare = draft.web.degree == 0
    draft = draft.kept(~bare)
    if bridges:
        draft = bridged(draft, plausible, bridges, parts.settled)
    result = tied(draft, plausible, bridges, min(web.n for web in webs), max_degree)
    web = result.draft.web
    lengths = web.lengths[web.kind == BRIDGE_KIND]
    return Joined(
        web=web, seams=parts.made, welded=merged, crossings=crossings, cut=surplus + cut + result.cut,
        bridges=len(lengths), forced=result.forced, dropped=int(bare.sum()) + result.dropped,
        longest_bridge=float(lengths.max(initial=0.0)),
    )  # fmt: skip
