import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assembly.join import join
from structgen.validity import crossing_pairs, validity
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
def test_the_result_is_always_one_component_without_crossings(webs, bridges, share):
    """Two struts cross that share no node and are nearer than the sum of their radii."""
    typical = float(np.median(np.concatenate([web.lengths for web in webs])))
    joined = join(webs, tolerance=share * typical, bridges=bridges)
    assert joined.web.is_connected
    assert len(crossing_pairs(joined.web)) == 0
    assert joined.web.degree.max() <= 8
    nodes = sum(web.n for web in webs) - joined.welded - joined.dropped
    assert nodes <= joined.web.n <= nodes + joined.crossings + 2 * joined.forced
    assert np.count_nonzero(joined.web.kind == 8) == joined.bridges
    longest = joined.web.lengths[joined.web.kind == 8].max(initial=0)
    assert joined.longest_bridge == pytest.approx(longest)


@few
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.3, 0.8]), st.integers(0, 5), st.integers(4, 10))
def test_tangles_through_each_other_become_one_valid_web(random_web, seed, radius, bridges, max_degree):
    rng = np.random.default_rng(seed)
    webs = [random_web(seed + k, n=30, radius=radius).translated(rng.uniform(0, 20, 3)) for k in range(3)]
    joined = join(webs, bridges=bridges, max_degree=max_degree)
    found = validity(joined.web, max(max_degree, *(int(web.degree.max()) for web in webs)))
    assert (found.components, found.over_degree, found.crossings) == (1, 0, 0)
    assert join(webs, bridges=bridges, max_degree=max_degree) == joined


@few
@given(st.lists(st.integers(0, 1000), min_size=2, max_size=5), st.floats(0, 60))
def test_webs_stay_where_they_are(random_web, seeds, step):
    """A node with no other web's node within the tolerance is where it was, and its struts that cross none are too."""
    webs = [random_web(seed, n=8).translated([k * step, 0, 0]) for k, seed in enumerate(seeds)]
    joined = join(webs, tolerance=1.0)
    pos, owner = np.concatenate([web.pos for web in webs]), np.repeat(np.arange(len(webs)), 8)
    near = np.linalg.norm(pos[:, None] - pos, axis=2) < 1.0 + 1e-9
    alone = ~(near & (owner[:, None] != owner)).any(axis=1)
    places = set(map(tuple, joined.web.pos.tolist()))
    if joined.dropped == 0:
        assert all(tuple(place) in places for place in pos[alone].tolist())
    if joined.welded == joined.crossings == joined.cut == 0:
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
    joined = join([square(), square(x=11)], tolerance=0.3, bridges=0)
    assert (joined.welded, joined.bridges, joined.forced, joined.web.n) == (0, 1, 1, 8)


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


def test_loose_parts_of_one_web_are_tied_by_the_shortest_strut():
    web = WebGraph.from_edges([*SQUARE, [0, 0, 7], [5, 5, 30]], [*RING, (4, 5)])
    joined = join([web], bridges=0)
    assert (joined.bridges, joined.forced, joined.longest_bridge) == (1, 0, 7)


def test_one_connected_web_stays_as_it_is(random_web):
    web = random_web(3, radius=0.01)
    joined = join([web])
    assert (joined.welded, joined.crossings, joined.cut, joined.bridges, joined.longest_bridge) == (0, 0, 0, 0, 0)
    np.testing.assert_array_equal(joined.web.pos, web.pos)
    np.testing.assert_array_equal(struts_by_place(joined.web), struts_by_place(web))


def test_same_webs_same_result(random_web):
    webs = [random_web(seed).translated([10 * seed, 0, 0]) for seed in range(4)]
    assert join(webs) == join([*webs])


def through(gap=0.0, radius=0.4, at=0.0):
    """Two webs of a long strut and a side strut each; the long ones pass at right angles, ``gap`` mm apart."""
    one = WebGraph.from_edges([[-10, 0, 0], [10, 0, 0], [-14, 8, 0]], [(0, 1), (0, 2)], radius)
    other = WebGraph.from_edges([[at, -10, gap], [at, 10, gap], [at, 14, 8]], [(0, 1), (1, 2)], radius)
    return [one, other]


def test_struts_that_cross_get_a_node_midway():
    joined = join(through(gap=0.6), bridges=0)
    assert (joined.crossings, joined.cut, joined.bridges, joined.web.n, joined.web.m) == (1, 0, 0, 7, 6)
    assert [0, 0, 0.3] in joined.web.pos.tolist()
    assert joined.web.degree.max() == 4


def test_struts_that_pass_clear_of_each_other_are_left_alone():
    joined = join(through(gap=0.81), tolerance=0, bridges=0)
    assert (joined.crossings, joined.cut) == (0, 0)
    assert joined.bridges == 1


def test_a_strut_that_passes_near_an_end_is_led_through_it():
    joined = join(through(at=10.3), tolerance=0, bridges=0)
    assert (joined.crossings, joined.cut, joined.bridges, joined.web.n, joined.web.m) == (1, 0, 0, 6, 5)
    end = joined.web.pos.tolist().index([10, 0, 0])
    assert joined.web.degree[end] == 3


def test_a_strut_along_another_one_is_led_through_its_end():
    long = WebGraph.from_edges([[0, 0, 0], [20, 0, 0], [0, 9, 0]], [(0, 1), (0, 2)], 0.1)
    short = WebGraph.from_edges([[0, 0, 0], [9, 0.1, 0]], [(0, 1)], 0.1)
    web = join([long, short], tolerance=0.01, bridges=0).web
    assert (web.n, web.m) == (4, 3)
    assert sorted(web.lengths.tolist()) == pytest.approx([9, 9, 11], abs=1e-2)


def test_of_struts_that_cross_near_both_ends_one_is_cut():
    one = WebGraph.from_edges([[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]], RING)
    other = one.translated([0.2, 0.2, 0.5])
    joined = join([one, other], tolerance=0.1, bridges=0)
    assert joined.cut >= 1
    assert joined.web.is_connected
    assert len(crossing_pairs(joined.web)) == 0


def test_a_curve_past_itself_leaves_no_crossings():
    """Two bent ladders pass through each other at the middle of a figure of eight, far apart in order."""
    first, second = square(), square().rotated(Rotation.from_euler("x", 90, degrees=True).as_matrix())
    webs = [first, *(square(x=20 + 12 * k, y=30) for k in range(3)), second.translated([10.2, 5, -5])]
    joined = join(webs)
    assert joined.web.is_connected
    assert len(crossing_pairs(joined.web)) == 0
    assert joined.crossings + joined.cut >= 1


def test_a_welded_node_keeps_no_more_struts_than_allowed():
    """Three stars of four rays each meet in one node."""
    rays = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    stars = []
    for turn in ([0, 0, 0], [40, 0, 20], [0, 40, 65]):
        matrix = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
        stars.append(WebGraph.from_edges([[0, 0, 0], *(10 * rays @ matrix.T)], [(0, k) for k in range(1, 5)], 0.1))
    joined = join(stars, tolerance=0.5, bridges=0)
    assert joined.web.degree.max() == 8
    assert joined.cut == 4
    assert joined.web.is_connected
    assert join(stars, tolerance=0.5, bridges=0, max_degree=12).web.degree.max() == 12


def test_nodes_without_struts_are_left_out():
    web = WebGraph.from_edges([*SQUARE, [5, 5, 0]], RING)
    joined = join([web, square(z=6)])
    assert (joined.dropped, joined.web.n) == (1, 8)


@few
@given(st.integers(0, 10**6), st.floats(-10, 15))
def test_bridges_are_like_the_struts_of_the_webs_unless_forced(random_web, seed, gap):
    webs = [random_web(seed, n=12), random_web(seed + 1, n=12).translated([20 + gap, 0, 0])]
    joined = join(webs)
    lengths = np.concatenate([web.lengths for web in webs])
    low, high = np.quantile(lengths, [0.05, 0.95])
    low, high = min(low, 0.3 * np.median(lengths)), min(max(high, 1.5 * np.median(lengths)), 3 * np.median(lengths))
    new = joined.web.lengths[joined.web.kind == 8]
    odd = (new < low * (1 - 1e-9)) | (new > high * (1 + 1e-9))
    assert odd.sum() <= joined.forced


def test_a_gap_too_wide_for_plausible_struts_is_forced():
    joined = join([square(), square(x=60)], bridges=2)
    assert (joined.bridges, joined.forced, joined.longest_bridge) == (2, 2, 50)


def test_a_part_that_no_node_can_be_tied_to_is_tied_to_a_strut():
    """Both ends of the ladder's nearest struts have as many struts as they may have."""
    rail = WebGraph.from_edges([[0, 0, 0], [20, 0, 0]], [(0, 1)], 0.2)
    spikes = [[-3, 1, 2], [-3, -1, 2], [-3, 1, -2], [-3, -1, -2]]
    full = WebGraph.from_edges(
        [[0, 0, 0], [20, 0, 0], *spikes, *np.add([20, 0, 0], np.multiply(spikes, [-1, 1, 1]))],
        [(0, 1), *((0, k) for k in range(2, 6)), *((1, k) for k in range(6, 10))],
        0.2,
    )
    joined = join([rail.translated([0, 0, 9]), full], bridges=0, max_degree=4)
    assert joined.web.is_connected
    assert len(crossing_pairs(joined.web)) == 0


@pytest.mark.parametrize("value", [3, -1, 8.0, None])
def test_a_wrong_degree_limit_is_told(value):
    with pytest.raises(ValueError, match=r"^max_degree is .*, must be a whole number >= 4$"):
        join([square()], max_degree=value)


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
