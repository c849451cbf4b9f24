import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assembly.strut_ties
from assembly.draft import Draft, Plausible
from assembly.tying import tied
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

PLAUSIBLE = Plausible(3, 10, 15, np.cos(np.radians(30)))


def rails(gap=8.0, room=7, frayed=False, radius=(0.2, 0.2)):
    """Two parallel rails of modules 0 and 1; their nodes have room for so many more struts."""
    web = WebGraph.from_edges([[0, 0, 0], [20, 0, 0], [30, 0, 0], [0, gap, 0], [20, gap, 0]],
                              [(0, 1), (1, 2), (3, 4)], [radius[0], radius[0], radius[1]])  # fmt: skip
    return Draft(web, np.array([0, 0, 0, 1, 1]), web.degree + room, np.full(5, frayed))


def tie(draft, count=1, large=2):
    return tied(draft, PLAUSIBLE, count, large, 8)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 3))
def test_scattered_struts_become_one_part_without_crossings(seed, parts, count):
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 40, (parts, 3))
    pos = np.concatenate([start, start + rng.normal(0, 6, (parts, 3))])
    web = WebGraph.from_edges(pos, np.arange(2 * parts).reshape(2, -1).T, 0.01)
    crossed = len(crossing_pairs(web))
    result = tie(Draft(web, np.tile(np.arange(parts), 2), np.full(web.n, 8), np.zeros(web.n, bool)), count)
    after = result.draft.web
    assert after.is_connected
    assert (result.cut, result.dropped) == (0, 0)
    assert len(crossing_pairs(after)) <= crossed
    new = after.lengths[after.kind == 8]
    assert ((new < PLAUSIBLE.low) | (new > PLAUSIBLE.high)).sum() <= result.forced <= len(new)


def test_the_shortest_plausible_tie_is_taken():
    result = tie(rails())
    assert result.draft.web.edge_index[:, 3:].T.tolist() == [[0, 3]]
    assert result.forced == 0


@pytest.mark.parametrize("gap", [1.0, 25.0])
def test_a_tie_of_any_length_where_it_must_be_is_counted(gap):
    result = tie(rails(gap))
    assert result.draft.web.lengths[-1] == pytest.approx(gap)
    assert result.forced == 1


@pytest.mark.parametrize(("count", "large", "expected"), [(1, 2, 1), (2, 2, 2), (4, 2, 2), (2, 3, 1)])
def test_large_parts_get_more_ties(count, large, expected):
    assert tie(rails(), count, large).draft.web.m == 3 + expected


def test_where_the_nodes_are_full_struts_are_tied_in_their_middle():
    result = tie(rails(room=0, radius=(0.2, 0.5)))
    web = result.draft.web
    assert result.forced == 1
    assert web.is_connected
    assert (web.n, web.m) == (7, 6)
    assert web.degree[5:].tolist() == [3, 3]
    assert web.lengths[-1] == pytest.approx(8)
    assert web.radius[-1] == 0.2
    assert sorted(web.kind.tolist()) == [0, 0, 0, 0, 0, 8]


def test_what_bars_every_way_is_cut_where_that_leaves_fewer_parts():
    """Each of the two twigs that end side by side bars the way to the other one."""
    pos = np.array([[-3.3, 0, 0], [-1.6, 0, 0], [0.07, 0, 0], [1.74, 0, 0], [0.12, 0.79, 0]])
    web = WebGraph.from_edges(pos, [(0, 1), (2, 3), (3, 4)], 0.4)
    draft = Draft(web, np.array([0, 0, 1, 1, 1]), np.full(5, 8), np.zeros(5, bool))
    result = tied(draft, Plausible(1.4, 4.6, 8.2, 0.9), 1, 3, 8)
    assert (result.cut, result.dropped, result.forced) == (1, 1, 1)
    assert result.draft.web.is_connected
    assert len(crossing_pairs(result.draft.web)) == 0


def test_a_part_that_cannot_be_tied_is_named_with_its_place(monkeypatch):
    monkeypatch.setattr(assembly.strut_ties, "TRIALS", 0)
    with pytest.raises(
        ValueError, match=r"^webs\[1\] hangs loose at \(10, 8, 0\) mm, 2 nodes: no strut ties it to the rest"
    ):
        tie(rails(room=0))


def test_a_remnant_of_a_cut_that_cannot_be_tied_is_left_out(monkeypatch):
    monkeypatch.setattr(assembly.strut_ties, "TRIALS", 0)
    result = tie(rails(room=0, frayed=True), large=3)
    assert (result.draft.web.n, result.dropped) == (3, 2)
    with pytest.raises(ValueError, match="hangs loose"):
        tie(rails(room=0, frayed=True), large=2)
