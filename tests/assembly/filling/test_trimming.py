import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.filling.trimming import COVER, node_radius, trimmed
from structgen.web import WebGraph


def test_a_strut_through_a_wall_ends_at_its_depth(shape_of):
    web = WebGraph.from_edges([[0, 0, 0], [0, 0, 60], [5, 0, 0]], [(0, 1), (0, 2)], 0.5, 3)
    cut = trimmed(web, shape_of("cube"), np.array([2.0, 2.0]))
    assert cut.web.pos[cut.anchored].tolist() == [pytest.approx([0, 0, 18], abs=1e-5)]
    assert sorted(cut.web.kind.tolist()) == [3, 7]
    assert cut.web.m == 2


def test_a_strut_across_the_corner_of_the_bracket_is_cut_at_both_walls(shape_of):
    pos = [[6, 8, 40], [50, 8, 3], [6, 8, 44], [6, 8, 48], [6, 8, 52]]
    web = WebGraph.from_edges(pos, [(0, 1), (0, 2), (2, 3), (3, 4)], 0.5)
    cut = trimmed(web, shape_of("bracket"), np.full(4, 1.0))
    assert (cut.web.n, cut.web.m, len(cut.anchored)) == (7, 5, 2)
    np.testing.assert_allclose(shape_of("bracket").distance(cut.web.pos[cut.anchored]), -1, atol=1e-5)


def test_the_inner_node_is_moved_where_little_would_be_left(shape_of):
    web = WebGraph.from_edges([[0, 0, 0], [0, 0, 18.9], [0, 0, 30], [9, 0, 0]], [(0, 1), (1, 2), (0, 3)], 0.5)
    cut = trimmed(web, shape_of("cube"), np.full(3, 0.53))
    assert (cut.web.n, cut.web.m) == (3, 2)
    assert cut.web.pos[cut.anchored].tolist() == [pytest.approx([0, 0, 19.47], abs=1e-5)]


def test_a_node_in_the_skin_is_where_its_strut_ends(shape_of):
    web = WebGraph.from_edges([[0, 0, 0], [0, 0, 18.5], [0, 0, 30]], [(0, 1), (1, 2)], 0.5)
    cut = trimmed(web, shape_of("cube"), np.full(2, 2.0))
    assert cut.web.pos[cut.anchored].tolist() == [[0, 0, 18.5]]
    assert cut.web.m == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["cube", "sphere", "torus", "bracket"]), st.floats(0, 3))
def test_what_is_left_is_inside_and_what_was_inside_is_left(random_web, shape_of, seed, name, skin):
    shape = shape_of(name)
    low, high = shape.bounds
    web = random_web(seed, n=60, size=1.0)
    web = web.scaled((high - low) * 1.3).translated(low - 0.15 * (high - low))
    a, b = web.edge_index
    deep = shape.distance(web.pos) <= -COVER * node_radius(web)
    whole = deep[a] & deep[b] & np.isinf(shape.first_hits(web.pos[a], web.pos[b]))
    room = np.maximum(COVER * web.radius, skin / 2)
    cut, refusal = None, ""
    try:
        cut = trimmed(web, shape, room)
    except ValueError as error:
        refusal = str(error)
    if cut is None:
        assert "no strut of the modules lies inside" in refusal and not whole.any()
        return
    left = cut.web
    i, j = left.edge_index
    assert (shape.distance(left.pos) <= -COVER * node_radius(left) + 1e-6).all()
    assert np.isinf(shape.first_hits(left.pos[i], left.pos[j])).all()
    assert (left.lengths >= 2 * left.radius * (1 - 1e-9)).all() or left.lengths.min() >= web.lengths.min()
    assert (left.kind != 7).sum() == whole.sum()


def test_nothing_left_is_told(shape_of):
    web = WebGraph.from_edges([[50, 0, 0], [60, 0, 0]], [(0, 1)])
    with pytest.raises(ValueError, match="no strut of the modules lies inside"):
        trimmed(web, shape_of("cube"), np.ones(1))
