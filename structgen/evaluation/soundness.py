"""What is wrong with webs, as shares of a set: the parts of `structgen.validity` one by one."""

from __future__ import annotations

from collections.abc import Sequence

from structgen.validity import validity
from structgen.web import WebGraph


def soundness(webs: Sequence[WebGraph | None], max_degree: int) -> dict[str, float]:
    """Shares of ``webs`` that are valid and connected, and that have each fault.

    None, a proposal without edges, is neither and has no other fault.
    """
    found = [None if web is None else validity(web, max_degree) for web in webs]
    count, checked = len(found), [v for v in found if v is not None]
    return {
        "valid": sum(v.ok for v in checked) / count,
        "connected": sum(v.components == 1 for v in checked) / count,
        "over_degree": sum(v.over_degree > 0 for v in checked) / count,
        "zero_length": sum(v.zero_length > 0 for v in checked) / count,
        "close_nodes": sum(v.close_nodes > 0 for v in checked) / count,
        "crossings": sum(v.crossings > 0 for v in checked) / count,
    }
