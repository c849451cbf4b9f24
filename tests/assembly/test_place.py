import math
import warnings

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assembly.curves import Curve, helix, line, torus_knot
from assembly.join import join
from assembly.place import assemble, assemble_along, station_parameters, webs_needed
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

few = settings(max_examples=25, deadline=None)


def bar(length, width=2.0, radius=0.4, kind=0):
    """A triangle strip of five nodes ``length`` mm long in x and ``width`` mm wide in y."""
    x = length * np.array([0, 0.25, 0.5, 0.75, 1])
    pos = np.column_stack([x, width * np.array([0, 1, 0, 1, 0]), 0 * x])
    return WebGraph.from_edges(pos, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 2), (2, 4)], radius, kind)


def turned_bar(length, number):
    """A thin bar of kind ``number`` + 1, turned so that it crosses no strut of one of the next number."""
    return bar(length, radius=0.01, kind=number + 1).rotated(Rotation.from_euler("x", number).as_matrix())


def assembled(*arguments, **options):
    """`assemble`, where a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return assemble(*arguments, **options)


def test_one_web_on_a_line_is_centred_and_not_turned():
    web = bar(10).translated([100, 50, -7])
    placed = assembled("line", [web], length=30).web
    middle = (web.pos.min(axis=0) + web.pos.max(axis=0)) / 2
    np.testing.assert_allclose(placed.pos, web.pos - middle + [15, 0, 0], atol=1e-9)


@few
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.booleans(), st.integers(0, 5))
def test_the_webs_become_one_component(random_web, seeds, bend, bridges):
    webs = [random_web(seed, n=8, size=15) for seed in seeds]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joined = assemble("helix", webs, radius=20, pitch=15, turns=1, bend=bend, bridges=bridges)
    assert joined.web.is_connected
    assert joined.web.n >= sum(web.n for web in webs) - joined.welded - joined.dropped
    assert len(crossing_pairs(joined.web)) == 0


def test_webs_reach_from_the_start_of_the_curve_to_its_end_and_overlap_evenly():
    lengths = [10, 14, 24]
    turns = [Rotation.from_euler("x", 40 * k, degrees=True).as_matrix() for k in range(3)]
    webs = [
        bar(length, 2, 0.01, k + 1).rotated(turn) for k, (length, turn) in enumerate(zip(lengths, turns, strict=True))
    ]
    web = assembled("line", webs, length=40, tolerance=0, bridges=0).web
    ends = np.sort(web.pos[web.edge_index, 0], axis=0)
    own = [web.kind == k + 1 for k in range(3)]
    boxes = [(ends[0, struts].min(), ends[1, struts].max()) for struts in own]
    assert (boxes[0][0], boxes[-1][1]) == pytest.approx((0, 40))
    shares = [(a[1] - b[0]) / (x + y) for a, b, x, y in zip(boxes, boxes[1:], lengths, lengths[1:], strict=False)]
    assert shares[0] == pytest.approx(shares[1])
    assert shares[0] > 0


@pytest.mark.parametrize("bend", [False, True])
def test_rigid_webs_keep_their_shape(bend, random_web):
    """Thick webs are placed rigidly on a tight helix even if they may bend."""
    webs = [random_web(seed, size=45, radius=0.01) for seed in range(5)]
    web = assembled("helix", webs, radius=10, pitch=60, turns=2, bend=bend, tolerance=0, bridges=0).web
    lengths = np.sort(web.lengths[web.kind == 5])
    np.testing.assert_allclose(lengths, np.sort(np.concatenate([w.lengths for w in webs])))


def test_slim_webs_follow_the_curve():
    angle = np.linspace(0, math.pi, 513)
    arch = Curve(50 * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle]))
    bent, straight = (assembled(arch, [bar(60)], bend=bend).web for bend in (True, False))
    np.testing.assert_allclose(np.hypot(*bent.pos[:, :2].T), 50, atol=1e-2)
    np.testing.assert_allclose(np.abs(bent.pos[:, 2]), 1)
    assert np.ptp(np.hypot(*straight.pos[:, :2].T)) > 5


def test_gaps_are_bridged_with_a_warning_that_counts_the_webs_needed():
    webs = [bar(10)] * 2
    with pytest.warns(UserWarning, match="2 webs leave gaps of up to 80 mm; 12 would overlap by 0.15"):
        joined = assemble("line", webs, length=100, bridges=1)
    assert joined.web.is_connected
    assert joined.longest_bridge == pytest.approx(80)
    assert webs_needed("line", 10, length=100) == 12


def test_webs_too_small_to_cover_the_curve_are_refused():
    with pytest.raises(ValueError, match=r"web_length is 1e-300 mm: over 1000000 webs"):
        webs_needed("line", 1e-300, length=100)


@given(st.floats(1, 500), st.floats(0.5, 100), st.floats(0, 0.9))
def test_webs_needed_is_the_least_number_that_covers_the_curve(length, web_length, overlap):
    def reach(count):
        return web_length * (1 + (count - 1) * (1 - overlap))

    count = webs_needed("line", web_length, overlap, length=length)
    assert reach(count) >= length * (1 - 1e-6)
    assert count == 1 or reach(count - 1) < length * (1 + 1e-6)


@few
@given(st.floats(8, 30), st.floats(0, 0.7))
def test_webs_needed_leave_no_gap(web_length, overlap):
    curve = line(100)
    count = webs_needed(curve, web_length, overlap)
    web = assembled(curve, [bar(web_length)] * count, overlap=overlap, tolerance=0, bridges=0).web
    assert web.extents[0] == pytest.approx(100)


def test_a_curve_shorter_than_its_webs_is_told():
    with pytest.warns(UserWarning, match="curve of 10 mm is shorter than its webs of 20 mm"):
        web = assemble("line", [bar(20)], length=10).web
    assert (web.pos[:, 0].min(), web.pos[:, 0].max()) == pytest.approx((-5, 15))
    with pytest.warns(UserWarning, match="stick out"):
        web = assemble("line", [bar(20), bar(16, width=9)], length=10, tolerance=0).web
    assert web.is_connected
    assert (web.pos[:, 0].min(), web.pos[:, 0].max()) == pytest.approx((-5, 15))


@pytest.mark.parametrize(("count", "expected"), [(1, [0.5]), (2, [0, 1]), (5, [0, 0.25, 0.5, 0.75, 1])])
def test_station_parameters_run_from_start_to_end(count, expected):
    np.testing.assert_array_equal(station_parameters(count), expected)


# -- closed curves, and curves that pass near themselves ---------------------------------------------


@pytest.mark.parametrize(("count", "expected"), [(1, [0]), (2, [0, 0.5]), (4, [0, 0.25, 0.5, 0.75])])
def test_station_parameters_of_a_closed_curve_name_no_place_twice(count, expected):
    np.testing.assert_array_equal(station_parameters(count, closed=True), expected)


@settings(max_examples=10, deadline=None)
@given(st.floats(8, 30), st.floats(0, 0.7))
def test_webs_needed_on_a_closed_curve_overlap_round_its_end_too(web_length, overlap):
    circle = helix(40, 0, 1)
    count = webs_needed(circle, web_length, overlap)
    assert count * web_length * (1 - overlap) >= circle.length * (1 - 1e-6)
    assert (count - 1) * web_length * (1 - overlap) < circle.length * (1 + 1e-6)
    assembled(circle, [bar(web_length)] * count, overlap=overlap, tolerance=0, bridges=0)


def stations_on_circle(web, kinds, radius=100.0):
    """Angles, in degrees, of the middles of the webs whose struts have these ``kinds``."""
    found = []
    for kind in kinds:
        nodes = np.unique(web.edge_index[:, web.kind == kind])
        found.append(math.degrees(math.atan2(*(web.pos[nodes, :2].mean(axis=0)[::-1]))) % 360)
    return np.array(found)


def test_webs_go_round_a_closed_curve_without_doubled_ends():
    webs = [turned_bar(95, k) for k in range(7)]
    web = assembled(helix(100, 0, 1), webs, tolerance=0, bridges=0).web
    angles = stations_on_circle(web, range(1, 8))
    np.testing.assert_allclose((angles - 360 / 7 * np.arange(7) + 180) % 360 - 180, 0, atol=1)


def test_webs_of_different_lengths_overlap_by_the_same_share_all_round():
    lengths = np.array([60, 120, 90, 150, 80, 180])
    webs = [turned_bar(length, k) for k, length in enumerate(lengths)]
    web = assembled(helix(100, 0, 1), webs, tolerance=0, bridges=0).web
    angles = stations_on_circle(web, range(1, 7))
    steps = np.diff(np.append(angles, angles[0])) % 360
    expected = (lengths + np.roll(lengths, -1)) / 2
    np.testing.assert_allclose(steps, 360 * expected / expected.sum(), atol=2)


@pytest.mark.parametrize("curve", [helix(80, 0, 1), torus_knot(2, 3, 60, 25)], ids=["circle", "torus knot"])
def test_the_seam_of_a_closed_curve_is_joined_as_every_other_place(curve, random_web):
    """Cut open opposite to its seam it is still in one piece."""
    webs = [random_web(seed, n=20, size=25) for seed in range(webs_needed(curve, 20))]
    web = assembled(curve, webs).web
    assert web.is_connected
    kept = np.linalg.norm(web.pos - curve.at(curve.length / 2), axis=1) > 25
    graph = nx.Graph(web.edge_index.T.tolist()).subgraph(np.flatnonzero(kept).tolist())
    assert 0.8 * web.n < len(graph) < web.n
    assert len(max(nx.connected_components(graph), key=len)) > 0.97 * len(graph)


def test_too_few_webs_for_a_closed_curve_leave_gaps_that_are_told():
    circle = helix(100, 0, 1)
    with pytest.warns(UserWarning, match="4 webs leave gaps of up to 77.1 mm; 10 would overlap by 0.15"):
        joined = assemble(circle, [bar(80)] * 4)
    assert joined.web.is_connected
    with pytest.warns(UserWarning, match="curve of 62.83 mm is shorter than its webs of 80 mm, which stick out"):
        assemble(helix(10, 0, 1), [bar(80)])


@pytest.mark.parametrize("width", [2.0, 9.0, 30.0])
def test_webs_wider_than_the_curve_passes_itself_are_told(width):
    webs = [bar(30, width=width)] * 14
    if width < 8:
        assembled("helix", webs, radius=20, pitch=8, turns=3)
        return
    message = (
        rf"webs up to {width:g} mm wide run into one another where the curve passes itself: 7.98 mm apart at \d+.* "
        r"mm of its 377.7 mm, near \(.*\), and too near along 1?\d\d% of it"
    )
    with pytest.warns(UserWarning, match=message):
        assemble("helix", webs, radius=20, pitch=8, turns=3)


def test_webs_may_vary_along_the_curve():
    """Webs made for the parameter of their station come to lie where the curve has it."""
    curve = helix(30, 40, 1)
    parameters = station_parameters(9)
    count = webs_needed(curve, 24)
    assert count == 10
    webs = [bar(30, radius=0.2 + 0.5 * u) for u in parameters]
    web = assembled(curve, webs, tolerance=0, bridges=0).web
    own = web.kind == 0
    middles = web.pos[web.edge_index[:, own]].mean(axis=0)
    height = (web.radius[own] - 0.2) / 0.5 * (40 * (1 - 30 / curve.length)) + 20 * 30 / curve.length
    assert np.abs(middles[:, 2] - height).max() < 0.5 * 30 * 40 / curve.length + 2


def test_same_webs_same_result_and_the_webs_are_left_alone(random_web):
    webs = [random_web(seed, size=15) for seed in range(8)]
    before = [web.pos.copy() for web in webs]
    options = {"radius": 12.0, "pitch": 20.0, "turns": 1.0}
    first, second = assemble("helix", webs, **options), assemble("helix", webs, **options)
    assert first.web == second.web
    assert assemble_along("helix", iter(webs), **options) == first.web
    for web, pos in zip(webs, before, strict=True):
        np.testing.assert_array_equal(web.pos, pos)


def test_a_curve_is_a_name_or_expressions_or_a_curve():
    webs = [bar(10)] * 4
    by_name = assemble_along("line", webs, length=30)
    np.testing.assert_allclose(by_name.pos, assemble_along("30*t; 0; 0", webs).pos, atol=1e-9)
    np.testing.assert_array_equal(by_name.pos, assemble_along(line(30), webs).pos)


def test_touching_webs_are_joined_as_by_join():
    first, second = bar(10), bar(10)
    placed = [first.translated([0, -1, 0]), second.translated([10, -1, 0])]
    joined = assembled("line", [first, second], length=20)
    expected = join(placed)
    assert joined.welded == expected.welded == 1
    np.testing.assert_allclose(joined.web.pos, expected.web.pos, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"webs": []}, "webs is empty"),
        ({"webs": bar(10)}, "webs is a WebGraph, must be a sequence of webs"),
        ({"webs": 3}, "webs is a int, must be a sequence"),
        ({"webs": [bar(10), "web"]}, r"webs\[1\] is a str, must be a WebGraph"),
        ({"overlap": -0.1}, r"overlap is -0.1, must be in 0..0.9"),
        ({"overlap": math.nan}, "overlap is nan"),
        ({"overlap": "much"}, "overlap is 'much'"),
        ({"bridges": -1}, "bridges is -1, must be a whole number >= 0"),
        ({"bridges": 1.5}, "bridges is 1.5"),
        ({"tolerance": -1}, "tolerance is -1, must be in 0.."),
        ({"tolerance": 1000}, "tolerance is 1000, must be in 0..3.202 mm, the median edge length"),
        ({"length": -5}, "length is -5, must be > 0"),
        ({"turns": 3}, "turns is no option of this curve"),
        ({"curve": "circle"}, "curve is 'circle'"),
    ],
)
def test_wrong_requests_are_told_in_a_line(options, message):
    request = {"curve": "line", "webs": [bar(10)] * 3, "length": 25, **options}
    if "circle" in request["curve"]:
        del request["length"]
    with pytest.raises(ValueError, match=message) as error:
        assemble(**request)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [0, -1, math.nan, None])
def test_wrong_counts_and_lengths_are_told(value):
    with pytest.raises(ValueError, match=r"web_length is .*must be > 0 mm"):
        webs_needed("line", value, length=10)
    with pytest.raises(ValueError, match=r"count is .*must be a whole number >= 1"):
        station_parameters(value)
