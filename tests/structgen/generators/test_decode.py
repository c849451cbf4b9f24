from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.generators.decode import (
    DecodeError,
    Proposal,
    all_pairs,
    choose_edges,
    crossing,
    fit_box,
    spread,
)
from structgen.validity import crossing_pairs, validity
from structgen.web import WebGraph


def scene(seed, n, flat=False):
    """Random positions with room between them, and for every pair a score and a radius."""
    rng = np.random.default_rng(seed)
    box = rng.uniform(10, 40, 3) * [1, 1, not flat]
    spacing = np.linalg.norm(box) / n ** (1 / 3)
    pos = spread(rng.uniform(-0.5, 0.5, (n, 3)) * box, box, 0.03 * spacing, rng)
    pairs = all_pairs(n)
    score = rng.standard_normal(len(pairs)) - 3 * np.linalg.norm(pos[pairs[:, 0]] - pos[pairs[:, 1]], axis=1) / spacing
    return pos, pairs, score, rng.uniform(0.003, 0.015, len(pairs)) * spacing


# -- choosing edges ----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(3, 32),
    extra=st.floats(0, 0.5),
    max_degree=st.integers(4, 8),
    stretch=st.floats(0.3, 1.5),
    flat=st.booleans(),
)
def test_result_is_valid_whatever_the_proposal(seed, n, extra, max_degree, stretch, flat):
    pos, pairs, score, radius = scene(seed, n, flat)
    count = min(n - 1 + round(extra * n), n * (n - 1) // 2)
    proposal = Proposal.of(pos, pairs, score, radius)
    try:
        chosen = choose_edges(proposal, count, stretch * float(np.median(proposal.length)), max_degree)
    except DecodeError:
        assert flat  # in a plane half the struts may be in each other's way; in space there is room
        return
    web = WebGraph(pos, pairs[chosen].T, radius[chosen])
    assert web.m == count
    assert validity(web, max_degree).ok


def test_mean_length_is_near_the_one_asked_for():
    errors = []
    for seed in range(25):
        n = 12 + seed
        pos, pairs, score, radius = scene(seed, n)
        proposal = Proposal.of(pos, pairs, score, radius)
        shortest, longest = (
            proposal.length[choose_edges(proposal, n + 5, asked, 7)].mean() for asked in (1e-3, proposal.length.max())
        )
        for share in (0.2, 0.5, 0.8):
            asked = shortest + share * (longest - shortest)
            errors.append(proposal.length[choose_edges(proposal, n + 5, asked, 7)].mean() / asked - 1)
    assert np.median(np.abs(errors)) < 0.02
    assert np.quantile(np.abs(errors), 0.9) < 0.08


def test_tree_is_the_maximum_spanning_tree_and_the_rest_the_best_that_remain():
    pos, pairs, score, _ = scene(1, 15)
    proposal = Proposal.of(pos, pairs, score, np.full(len(pairs), 1e-9))
    graph = nx.Graph()
    graph.add_weighted_edges_from((int(i), int(j), s) for (i, j), s in zip(pairs, score, strict=True))
    tree = {tuple(sorted(edge)) for edge in nx.maximum_spanning_edges(graph, data=False)}
    assert set(map(tuple, pairs[proposal.chosen(score, 14, 14)].tolist())) == tree
    others = [e for e in np.argsort(-score) if tuple(pairs[e].tolist()) not in tree]
    expected = tree | set(map(tuple, pairs[others[:6]].tolist()))
    assert set(map(tuple, pairs[proposal.chosen(score, 20, 14)].tolist())) == expected


def test_better_scores_win_and_crossing_struts_exclude_each_other():
    # A square whose diagonals cross: of the two only the better can be had.
    pos = np.array([[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]], float)
    pairs = all_pairs(4)
    diagonal = {(0, 2): 5.0, (1, 3): 4.0}
    score = np.array([diagonal.get((i, j), 0.0) for i, j in pairs.tolist()])
    proposal = Proposal.of(pos, pairs, score, np.full(6, 0.1))
    chosen = pairs[proposal.chosen(score, 5, 4)].tolist()
    assert [0, 2] in chosen and [1, 3] not in chosen
    assert proposal.chosen(score, 6, 4) is None
    pos[[1, 3], 2] = 1.0
    apart = Proposal.of(pos, pairs, score, np.full(6, 0.1))
    assert apart.chosen(score, 6, 4).tolist() == list(range(6))


@pytest.mark.parametrize(
    ("count", "max_degree"),
    [
        (10, 8),  # eleven edges at least make twelve nodes connected
        (67, 11),  # more than there are pairs
        (30, 4),  # more than the degree limit leaves
        (11, 1),  # no tree of degree 1
    ],
)
def test_impossible_counts_are_a_decode_error(count, max_degree):
    pos, pairs, score, radius = scene(0, 12)
    with pytest.raises(DecodeError, match=f"no valid web of 12 nodes and {count} edges was found"):
        choose_edges(Proposal.of(pos, pairs, score, radius), count, 10.0, max_degree)


def test_candidates_that_do_not_connect_are_a_decode_error():
    pos, pairs, score, radius = scene(0, 12)
    use = np.flatnonzero(pairs[:, 0] != 0)
    with pytest.raises(DecodeError, match="12 nodes and 12 edges"):
        choose_edges(Proposal.of(pos, pairs[use], score[use], radius[use]), 12, 10.0, 8)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(4, 12), thick=st.sampled_from([1, 10]))
def test_crossing_matrix_agrees_with_the_check_of_webs(seed, n, thick):
    pos, pairs, _, radius = scene(seed, n)
    matrix = crossing(pos, pairs, thick * radius / 1.001)
    assert (matrix == matrix.T).all()
    expected = {tuple(pair) for pair in crossing_pairs(WebGraph(pos, pairs.T, thick * radius)).tolist()}
    assert {(int(e), int(f)) for e, f in np.argwhere(matrix) if e < f} == expected


def test_all_pairs():
    assert all_pairs(4).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


# -- positions ---------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10**6), n=st.integers(2, 20))
def test_fitted_positions_have_the_box_and_keep_their_order_along_each_axis(seed, n):
    rng = np.random.default_rng(seed)
    pos, extents = 100 * rng.standard_normal((n, 3)), rng.uniform(0, 50, 3)
    fitted = fit_box(pos, extents)
    np.testing.assert_allclose(np.ptp(fitted, axis=0), extents, rtol=1e-9)
    np.testing.assert_allclose(fitted.max(0) + fitted.min(0), 0, atol=1e-9)
    np.testing.assert_array_equal(np.argsort(fitted, axis=0), np.argsort(pos, axis=0))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), flat=st.booleans(), knots=st.booleans())
def test_spread_keeps_the_box_and_the_least_distance(seed, n, flat, knots):
    rng = np.random.default_rng(seed)
    extents = rng.uniform(20, 40, 3) * [1, 1, not flat]
    pos = rng.uniform(-20, 20, (n, 3))
    if knots:
        # Many nodes in nearly one place, and two in exactly one.
        pos[n // 2 :] = pos[-1] + 1e-3 * rng.standard_normal((n - n // 2, 3))
        pos[: n // 4] = pos[0]
    spaced = spread(pos, extents, 1.0, rng)
    np.testing.assert_allclose(np.ptp(spaced, axis=0), extents, rtol=1e-6)
    gaps = np.linalg.norm(spaced[:, None] - spaced, axis=-1)[np.triu_indices(n, 1)]
    assert gaps.min() > 1.0


def test_spread_opens_what_has_collapsed_to_a_plane_or_a_point():
    for pos in (np.zeros((9, 3)), np.random.default_rng(0).standard_normal((9, 3)) * [1, 1, 0]):
        spaced = spread(pos, (20, 10, 5), 1.0, np.random.default_rng(0))
        np.testing.assert_allclose(np.ptp(spaced, axis=0), (20, 10, 5), rtol=1e-6)


def test_spread_leaves_alone_what_has_room():
    pos = np.array([[0, 0, 0], [10, 0, 0], [0, 20, 5]], float)
    spaced = spread(pos, (10, 20, 5), 5.0, np.random.default_rng(0))
    np.testing.assert_array_equal(spaced, fit_box(pos, (10, 20, 5)))


@pytest.mark.parametrize(("n", "extents", "distance"), [(64, (3, 3, 3), 1.5), (5, (1, 0, 0), 0.5), (2, (1, 1, 1), 2)])
def test_nodes_without_room_are_a_decode_error(n, extents, distance):
    rng = np.random.default_rng(0)
    with pytest.raises(DecodeError, match=f"{n} nodes do not fit into the box at a distance of {distance:.3g} mm"):
        spread(rng.standard_normal((n, 3)), extents, distance, rng)
