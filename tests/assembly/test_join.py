import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assembly.join import join
from structgen.web import WebGraph

few = settings(max_examples=40, deadline=None)

SQUARE = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]]
RING = [(0, 1), (1, 2), (2, 3), (0, 3)]


def square(x=0.0, y=0.0, z=0.0, radius=0.4):
    return WebGraph.from_edges(np.add(SQUARE, [x, y, z]), RING, radius)


@st.composite
def crowded_webs(draw):
    """Webs on a coarse grid: nodes coincide, struts overlap, and a web may have loose parts and bare nodes."""
    webs = []
    for _ in range(draw(st.integers(1, 4))):
        n = draw(st.integers(2, 6))
        coordinates = st.lists(st.integers(0, 3), min_size=3, max_size=3)
        pos = draw(st.lists(coordinates, min_size=n, max_size=n))
        pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda pair: pair[0] != pair[1])
        webs.append(WebGraph.from_edges(np.array(pos, float), draw(st.lists(pairs, min_size=1, max_size=6)), 0.1))
    return webs


def struts_by_place(web):
    """Struts as rows of sorted end positions, radius and kind: the same however nodes and struts are numbered."""
    ends = np.round(web.pos[web.edge_index.T], 9)
    flip = [tuple(a) > tuple(b) for a, b in ends.tolist()]
    ends[flip] = ends[flip][:, ::-1]
    rows = np.column_stack([ends.reshape(-1, 6), web.radius, web.kind])
    return rows[np.lexsort(rows.T)]


@few
@given(crowded_webs(), st.integers(0, 5), st.floats(0, 1))
def test_the_result_is_always_one_component(webs, bridges, share):
    typical = float(np.median(np.concatenate([web.lengths for web in webs])))
    joined = join(webs, tolerance=share * typical, bridges=bridges)
    assert joined.web.is_connected
    assert joined.web.n == sum(web.n for web in webs) - joined.welded
    assert np.count_nonzero(joined.web.kind == 8) == joined.bridges
    longest = joined.web.lengths[joined.web.kind == 8].max(initial=0)
    assert joined.longest_bridge == pytest.approx(longest)


@few
@given(st.lists(st.integers(0, 1000), min_size=2, max_size=5), st.floats(0, 60))
def test_webs_stay_where_they_are(random_web, seeds, step):
    """A node with no other web's node within the tolerance is where it was, and its struts are as they were."""
    webs = [random_web(seed, n=8).translated([k * step, 0, 0]) for k, seed in enumerate(seeds)]
    joined = join(webs, tolerance=1.0)
    pos, owner = np.concatenate([web.pos for web in webs]), np.repeat(np.arange(len(webs)), 8)
    near = np.linalg.norm(pos[:, None] - pos, axis=2) < 1.0 + 1e-9
    alone = ~(near & (owner[:, None] != owner)).any(axis=1)
    places = set(map(tuple, joined.web.pos.tolist()))
    assert all(tuple(place) in places for place in pos[alone].tolist())
    moved = np.linalg.norm(pos[:, None] - joined.web.pos, axis=2).min(axis=1)
    assert moved.max() < len(webs)
    if joined.welded == 0:
        own = WebGraph(joined.web.pos, *(a[..., joined.web.kind != 8] for a in _edge_arrays(joined.web)))
        parts = np.concatenate([struts_by_place(web) for web in webs])
        np.testing.assert_array_equal(struts_by_place(own), parts[np.lexsort(parts.T)])


def _edge_arrays(web):
    return web.edge_index, web.radius, web.kind


def test_near_nodes_are_welded_at_their_mean():
    joined = join([square(), square(x=10.4)], tolerance=0.5, bridges=0)
    assert (joined.welded, joined.bridges, joined.web.n, joined.web.m) == (2, 0, 6, 7)
    places = sorted(map(tuple, joined.web.pos.tolist()))
    assert (10.2, 0, 0) in places and (10.2, 10, 0) in places


def test_no_weld_beyond_the_tolerance():
    joined = join([square(), square(x=10.4)], tolerance=0.3, bridges=0)
    assert (joined.welded, joined.bridges, joined.web.n) == (0, 1, 8)


@few
@given(st.integers(0, 1000))
def test_welding_goes_by_place_and_not_by_number(random_web, seed):
    rng = np.random.default_rng(seed)
    first, second = random_web(seed, n=9), random_web(seed + 1, n=9).translated([12, 0, 0])
    order = rng.permutation(9)
    number = np.argsort(order)
    renumbered = WebGraph.from_edges(
        second.pos[order], number[second.edge_index].T[::-1], second.radius[::-1], second.kind[::-1]
    )
    one, other = join([first, second], tolerance=3), join([first, renumbered], tolerance=3)
    assert one.welded == other.welded
    np.testing.assert_allclose(struts_by_place(one.web), struts_by_place(other.web), atol=1e-8)


@few
@given(st.integers(0, 1000))
def test_joining_turns_with_the_webs(random_web, seed):
    turn = Rotation.random(rng=seed).as_matrix()
    webs = [random_web(seed + k, n=9).translated([15 * k, 0, 0]) for k in range(3)]
    one, other = join(webs), join([web.rotated(turn) for web in webs])
    assert (one.welded, one.bridges) == (other.welded, other.bridges)
    np.testing.assert_allclose(struts_by_place(one.web.rotated(turn)), struts_by_place(other.web), atol=1e-6)


def test_two_nodes_of_one_web_are_never_welded():
    near = WebGraph.from_edges([[0, 0, 0], [0.1, 0, 0], [10, 0, 0]], [(0, 1), (1, 2)])
    assert join([near], tolerance=1).web.n == 3
    joined = join([near, near.translated([0.05, 0, 0])], tolerance=1, bridges=0)
    assert (joined.web.n, joined.welded) == (3, 3)
    assert joined.web.lengths.min() > 0.05


def test_the_nearest_nodes_are_welded_first():
    """A node between two of another web goes to the nearer one."""
    pair = WebGraph.from_edges([[0, 0, 0], [1, 0, 0]], [(0, 1)])
    other = WebGraph.from_edges([[0.6, 0, 0], [0.6, 9, 0]], [(0, 1)])
    web = join([pair, other], tolerance=0.9, bridges=0).web
    np.testing.assert_allclose(sorted(web.pos[:, 0]), [0, 0.6, 0.8])


def test_struts_that_fall_together_become_the_thickest():
    joined = join([square(radius=0.3), square(radius=0.9), square(radius=0.5)])
    assert (joined.web.n, joined.web.m, joined.bridges) == (4, 4, 0)
    np.testing.assert_array_equal(joined.web.radius, 0.9)


def test_a_strut_is_never_welded_to_a_point():
    """The ends of the two short struts weld crosswise, and both pairs have one mean."""
    one = WebGraph.from_edges([[0, 0, 0], [1, 0, 0]], [(0, 1)])
    other = WebGraph.from_edges([[-0.5, 0.1, 0], [-1.5, 0.1, 0]], [(0, 1)])
    joined = join([one, other, square(x=30)], tolerance=3, bridges=0)
    assert joined.welded == 2
    assert joined.web.lengths.min() == pytest.approx(1)


def test_bridges_have_their_kind_and_the_median_radius_at_their_ends():
    first, second = square(radius=[0.2, 0.4, 0.6, 0.8]), square(x=14, radius=1.0)
    joined = join([first, second], bridges=2)
    bridge = joined.web.kind == 8
    assert (joined.bridges, bridge.sum()) == (2, 2)
    assert joined.longest_bridge == pytest.approx(4)
    heights = joined.web.pos[joined.web.edge_index[0, bridge], 1].tolist()
    radius = dict(zip(heights, joined.web.radius[bridge].tolist(), strict=True))
    assert radius == pytest.approx({0.0: np.median([0.2, 0.4, 1, 1]), 10.0: np.median([0.4, 0.6, 1, 1])})


@pytest.mark.parametrize(("wanted", "found"), [(0, 1), (1, 1), (2, 2), (4, 4), (50, 4)])
def test_as_many_bridges_as_asked_for_where_there_is_room(wanted, found):
    """Face to face, two squares have room for four; without any asked for, one ties them."""
    joined = join([square(), square(z=6)], bridges=wanted)
    assert joined.bridges == found
    ends = joined.web.edge_index[:, joined.web.kind == 8]
    assert len(np.unique(ends)) == 2 * found
    np.testing.assert_allclose(joined.web.lengths[joined.web.kind == 8], 6)


def test_only_neighbours_in_space_are_bridged_whatever_their_order():
    joined = join([square(x=40), square(), square(x=20)], bridges=2)
    assert joined.bridges == 4
    assert joined.longest_bridge == pytest.approx(10)


def test_bridges_run_clear_of_a_third_web():
    """The straight ways between the squares are barred by thick struts between them, which they are tied to instead."""
    squares = [square(), square(z=12)]
    assert join(squares).bridges == 4
    thick = WebGraph.from_edges([[5, -4, 6], [5, 14, 6], [-4, 5, 6], [14, 5, 6]], [(0, 1), (2, 3)], 5.5)
    barred = join([*squares, thick])
    assert barred.web.is_connected
    bridges = barred.web.edge_index[:, barred.web.kind == 8]
    assert ((bridges >= 8).sum(axis=0) == 1).all()


def test_webs_that_are_welded_get_no_bridge_through_another_strut():
    """The only candidate bridge runs along a strut; the webs hang together already, so it is left out."""
    first = WebGraph.from_edges([[0, 0, 0], [10, 0, 0]], [(0, 1)])
    second = WebGraph.from_edges([[10, 0, 0], [20, 0.01, 0]], [(0, 1)])
    joined = join([first, second], bridges=4)
    assert (joined.welded, joined.bridges, joined.web.m) == (1, 0, 2)


def test_loose_parts_are_tied_even_where_nothing_is_clear():
    inner = WebGraph.from_edges([[-1, 0, 0], [1, 0, 0]], [(0, 1)], 0.1)
    bar = WebGraph.from_edges([[-1, -9, 3], [1, -9, 3], [-1, 9, 3], [1, 9, 3]], [(0, 2), (1, 3)], 2.5)
    joined = join([inner, inner.translated([0, 0, 6]), bar], bridges=0)
    assert joined.web.is_connected
    assert joined.bridges == 3


def test_loose_parts_of_one_web_are_tied_by_the_shortest_strut():
    web = WebGraph.from_edges([*SQUARE, [0, 0, 7], [5, 5, 30]], [*RING, (4, 5)])
    joined = join([web], bridges=0)
    assert (joined.bridges, joined.longest_bridge) == (1, 7)


def test_one_connected_web_stays_as_it_is(random_web):
    web = random_web(3)
    joined = join([web])
    assert (joined.welded, joined.bridges, joined.longest_bridge) == (0, 0, 0)
    np.testing.assert_array_equal(joined.web.pos, web.pos)
    np.testing.assert_array_equal(struts_by_place(joined.web), struts_by_place(web))


def test_same_webs_same_result(random_web):
    webs = [random_web(seed).translated([10 * seed, 0, 0]) for seed in range(4)]
    assert join(webs) == join([*webs])


@pytest.mark.parametrize("tolerance", [-1, math.nan, math.inf, 10.5, "1"])
def test_a_wrong_tolerance_is_told(tolerance):
    with pytest.raises(ValueError, match=r"^tolerance is .*, must be in 0..10 mm, the median edge length$"):
        join([square()], tolerance=tolerance)


@pytest.mark.parametrize("bridges", [-1, 1.0, "4", None, True])
def test_a_wrong_number_of_bridges_is_told(bridges):
    with pytest.raises(ValueError, match=r"^bridges is .*, must be a whole number >= 0$"):
        join([square()], bridges=bridges)


@pytest.mark.parametrize(
    ("webs", "message"), [([], "empty"), (square(), "must be a sequence of webs"), ([1], r"webs\[0\] is a int")]
)
def test_wrong_webs_are_told(webs, message):
    with pytest.raises(ValueError, match=message):
        join(webs)
