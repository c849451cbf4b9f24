from __future__ import annotations

import numpy as np
import pytest

from structgen import measures
from structgen.evaluation.distributions import DISTANCES, Measured, angles, compare, inertia_ratios, relative_lengths
from structgen.web import WebGraph


@pytest.fixture(scope="module")
def webs(small_set):
    return [small_set[k] for k in range(24)]


def test_a_set_is_at_no_distance_from_itself_and_from_its_moved_copies(webs, copied):
    moved = [copied(web, k, scale=2.0) for k, web in enumerate(webs)]
    for other in (webs, moved):
        found = compare(Measured.of(webs), Measured.of(other), seed=0, draws=1)
        assert list(found) == list(DISTANCES)
        for name, cell in found.items():
            assert cell.value == pytest.approx(0, abs=2e-4), name


def test_graph_distances_are_the_published_ones_and_the_rest_by_hand(webs):
    a, b = webs[:10], webs[10:]
    found = compare(Measured.of(a), Measured.of(b), seed=0, draws=1)
    published = measures.graph_mmd(*([(w.edge_index, w.n) for w in some] for some in (a, b)))
    for name, value in published.items():
        assert found[name].value == pytest.approx(value)
    pooled = [np.concatenate([relative_lengths(w) for w in some]) for some in (a, b)]
    assert found["length"].value == pytest.approx(measures.wasserstein(*pooled))
    columns = [np.stack([inertia_ratios(w) for w in some]) for some in (a, b)]
    assert found["inertia"].value == pytest.approx(measures.wasserstein(*columns))


def test_silk_is_compared_by_its_shares(cube):
    # Kinds 0 to 3 in equal shares against kind 0 alone: three quarters are elsewhere.
    plain = WebGraph(cube.pos, cube.edge_index, cube.radius, 0)
    assert compare(Measured.of([cube]), Measured.of([plain]), seed=0, draws=1)["silk"].value == pytest.approx(0.75)


def test_intervals_hold_the_value_and_depend_on_the_seed(webs):
    a, b = Measured.of(webs[:12]), Measured.of(webs[12:])
    found = compare(a, b, seed=1, draws=40)
    assert found == compare(a, b, seed=1, draws=40)
    assert found != compare(a, b, seed=2, draws=40)
    for name in ("length", "angle", "radius"):
        assert found[name].low < found[name].value < found[name].high


def test_webs_without_junctions_have_no_angles_to_compare(cube):
    path = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [1, 1, 0]], [(0, 1), (1, 2)])
    assert len(angles(path)) == 0
    assert compare(Measured.of([path]), Measured.of([cube]), seed=0, draws=1)["angle"] is None


def test_inertia_ratios_of_a_box_and_a_line(cube):
    box = cube.scaled([1, 2, 4])
    np.testing.assert_allclose(inertia_ratios(box), [1 / 16, 1 / 4])
    line = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [3, 0, 0]], [(0, 1), (1, 2)])
    np.testing.assert_allclose(inertia_ratios(line), [0, 0], atol=1e-12)
    point = WebGraph.from_edges(np.zeros((2, 3)), [(0, 1)])
    np.testing.assert_array_equal(relative_lengths(point), [1])
