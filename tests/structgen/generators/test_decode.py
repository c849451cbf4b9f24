from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from structgen.generators.choosing import CLEARANCE, Candidates, Chooser, Crossings
from structgen.generators.decode import DecodeError, Proposal, all_pairs, decode, spread
from structgen.generators.sizing import fit_box
from structgen.targets import DesignTargets
from structgen.validity import crossing_pairs, validity
from structgen.web import WebGraph


def proposal_of(seed, n, keep=1.0, noise=1.0):
    """Nodes anywhere, and for a share ``keep`` of all pairs scores that favour short ones, radii and kinds."""
    rng = np.random.default_rng(seed)
    pos = rng.uniform(-10, 10, (n, 3))
    pairs = all_pairs(n)
    pairs = pairs[rng.permutation(len(pairs))[: max(1, round(keep * len(pairs)))]]
    length = np.linalg.norm(pos[pairs[:, 0]] - pos[pairs[:, 1]], axis=1)
    score = 3 - 6 * length / 20 + noise * rng.logistic(size=len(pairs))
    return Proposal(
        pos, pairs, score, rng.integers(0, 9, len(pairs)).astype(np.uint8), 0.5 * rng.standard_normal(len(pairs))
    )


def target_of(seed, n, extra, flat=False, length=6.0):
    """A box of 10 to 40 mm a side, flat or not, and edges for a tree and ``extra`` a node."""
    box = np.random.default_rng(seed).uniform(10, 40, 3) * [1, 1, not flat]
    return DesignTargets(length, tuple(box.tolist()), n, min(n - 1 + round(extra * n), n * (n - 1) // 2))


def edges_of(web):
    return {tuple(edge) for edge in web.edge_index.T.tolist()}


# -- decoding ----------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 40),
    extra=st.floats(0, 0.6),
    max_degree=st.integers(3, 8),
    length=st.floats(1, 10),
    noise=st.sampled_from([0.0, 1.0, 100.0]),
    flat=st.booleans(),
    radius=st.sampled_from([1e-3, 0.05, 0.3]),
)
def test_result_is_valid_whatever_the_proposal(seed, n, extra, max_degree, length, noise, flat, radius):
    proposal, target = proposal_of(seed, n, noise=noise), target_of(seed, n, extra, flat, length)
    try:
        web = decode(proposal, target, radius, max_degree, np.random.default_rng(0)).web
    except DecodeError:
        # In a plane struts are in each other's way, and thick ones may want for room in space too.
        assert flat or radius > 0.1 or extra > 0.4
        return
    assert validity(web, max_degree, 2 * float(web.radius.max())).ok
    assert (web.n, web.m) == (target.nodes, target.edges)
    np.testing.assert_array_equal(web.extents, target.extents)
    assert radius / 2 <= web.radius.min() and web.radius.max() <= 2 * radius
    row = {tuple(edge): k for k, edge in enumerate(proposal.edges.tolist())}
    rows = [row[tuple(edge)] for edge in web.edge_index.T.tolist()]
    np.testing.assert_array_equal(web.kind, proposal.kind[rows])


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 40),
    keep=st.floats(0, 1),
    extra=st.floats(0, 3),
    max_degree=st.integers(5, 8),
    flat=st.booleans(),
    radius=st.sampled_from([0.05, 0.3, 2.0]),
)
def test_lenient_decoding_gives_a_valid_web_with_as_many_edges_as_it_finds(
    seed, n, keep, extra, max_degree, flat, radius
):
    proposal, target = proposal_of(seed, n, keep), target_of(seed, n, extra, flat)
    web = decode(proposal, target, radius, max_degree, np.random.default_rng(0), lenient=True).web
    assert validity(web, max_degree).ok
    assert web.n == n and n - 1 <= web.m <= target.edges
    np.testing.assert_array_equal(web.extents, target.extents)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 30), flat=st.booleans())
def test_order_of_nodes_and_candidates_does_not_matter(seed, n, flat):
    proposal, target = proposal_of(seed, n), target_of(seed, n, 0.3, flat)
    fitted = fit_box(proposal.pos, target.extents)
    assume(np.linalg.norm(fitted[:, None] - fitted, axis=-1)[np.triu_indices(n, 1)].min() > 0.1)
    rng = np.random.default_rng(seed + 1)
    order, rows = rng.permutation(n), rng.permutation(len(proposal.edges))
    number = np.argsort(order)
    moved = Proposal(
        proposal.pos[order], np.sort(number[proposal.edges], axis=1)[rows], proposal.score[rows],
        proposal.kind[rows], proposal.log_radius[rows],
    )  # fmt: skip
    try:
        one = decode(proposal, target, 0.01, 8, np.random.default_rng(0))
    except DecodeError:
        with pytest.raises(DecodeError):
            decode(moved, target, 0.01, 8, np.random.default_rng(0))
        return
    other = decode(moved, target, 0.01, 8, np.random.default_rng(9))
    assert {tuple(sorted(order[list(edge)].tolist())) for edge in edges_of(other.web)} == edges_of(one.web)
    np.testing.assert_allclose(other.web.pos, one.web.pos[order], atol=1e-6)
    assert one.edges_changed == other.edges_changed


def test_same_seed_gives_the_same_web_and_another_parts_nodes_in_one_place_otherwise():
    proposal, target = proposal_of(3, 30), target_of(3, 30, 0.4)
    proposal.pos[10:20] = proposal.pos[10]
    one, other = (decode(proposal, target, 0.1, 8, np.random.default_rng(5)).web for _ in range(2))
    assert one == other
    spaced = [spread(proposal.pos, target.extents, 0.2, np.random.default_rng(seed)) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(spaced[0], spaced[1])
    assert not np.array_equal(spaced[0], spaced[2])


def test_mean_length_is_the_one_asked_for():
    errors = []
    for seed in range(25):
        proposal, target = proposal_of(seed, 12 + seed), target_of(seed, 12 + seed, 0.4)

        def mean_length(asked, proposal=proposal, target=target):
            asked = replace(target, mean_edge_length=asked)
            return decode(proposal, asked, 0.02, 8, np.random.default_rng(0)).web.lengths.mean()

        shortest, longest = mean_length(1e-3), mean_length(np.linalg.norm(target.extents))
        asked = [shortest + share * (longest - shortest) for share in (0.1, 0.4, 0.7)]
        errors += [abs(mean_length(one) / one - 1) for one in asked]
    assert np.quantile(errors, 0.95) < 1e-3


def test_a_valid_raw_web_is_left_as_it_is():
    # The chords of a helix' neighbours, all sure, in a box and with a mean length that they have already.
    turn = np.linspace(0, 9, 20)
    pos = fit_box(np.column_stack([np.cos(turn), np.sin(turn), turn / 3]), (20, 18, 30))
    pairs = all_pairs(20)
    score = np.where(pairs[:, 1] - pairs[:, 0] == 1, 4.0, -4.0)
    raw = WebGraph(pos, pairs[score > 0].T)
    flat = np.zeros(len(pairs))
    proposal = Proposal(pos, pairs, score, flat.astype(np.uint8), flat)
    decoded = decode(proposal, DesignTargets.measure(raw), 0.05, 4, np.random.default_rng(0))
    assert decoded.edges_changed == 0
    np.testing.assert_array_equal(decoded.web.pos, pos)
    # A little longer: the same edges, nodes moved a little.
    longer = replace(DesignTargets.measure(raw), mean_edge_length=1.005 * raw.lengths.mean())
    decoded = decode(proposal, longer, 0.05, 4, np.random.default_rng(0))
    assert decoded.edges_changed == 0
    assert decoded.web.lengths.mean() == pytest.approx(longer.mean_edge_length, rel=1e-3)
    assert 0 < np.linalg.norm(decoded.web.pos - pos, axis=1).max() <= 0.1501 * longer.mean_edge_length


def test_threads_of_one_silk_are_of_one_thickness_where_they_nearly_are():
    proposal, target = proposal_of(1, 20), target_of(1, 20, 0.3)
    kind = np.where(np.arange(len(proposal.kind)) % 2, 3, 5).astype(np.uint8)
    near = np.where(kind == 3, 0.4, 0.1) + 0.01 * np.random.default_rng(0).standard_normal(len(kind))
    web = decode(replace(proposal, kind=kind, log_radius=near), target, 0.02, 8, np.random.default_rng(0)).web
    thin, thick = (np.unique(web.radius[web.kind == k]) for k in (5, 3))
    assert (len(thin), len(thick)) == (1, 1)
    np.testing.assert_allclose(thick / thin, np.exp(0.3), rtol=0.02)
    assert 0.02 in (*thin, *thick)
    # What varies is left to vary.
    web = decode(replace(proposal, kind=kind), target, 0.02, 8, np.random.default_rng(0)).web
    assert len(np.unique(web.radius)) > 4


@pytest.mark.parametrize(
    ("edges", "max_degree"),
    [
        (66, 8),  # all pairs there are, more than the degree limit leaves
        (30, 4),  # more than the degree limit leaves
        (11, 1),  # no tree of degree 1
    ],
)
def test_impossible_counts_are_a_decode_error(edges, max_degree):
    target = DesignTargets(8.0, (20, 20, 20), 12, edges)
    with pytest.raises(DecodeError, match=f"no valid web of 12 nodes and {edges} edges was found"):
        decode(proposal_of(0, 12), target, 0.01, max_degree, np.random.default_rng(0))
    if max_degree > 1:
        web = decode(proposal_of(0, 12), target, 0.01, max_degree, np.random.default_rng(0), lenient=True).web
        assert web.m < edges and validity(web, max_degree).ok


def test_candidates_that_do_not_connect_are_a_decode_error_unless_lenient():
    proposal = proposal_of(0, 12)
    use = proposal.edges[:, 0] > 0
    few = Proposal(proposal.pos, *(getattr(proposal, name)[use] for name in ("edges", "score", "kind", "log_radius")))
    target = target_of(0, 12, 0.1)
    with pytest.raises(DecodeError, match="12 nodes and 12 edges"):
        decode(few, target, 0.01, 8, np.random.default_rng(0))
    web = decode(few, target, 0.01, 8, np.random.default_rng(0), lenient=True).web
    assert web.m == 12 and validity(web, 8).ok and web.degree[0] == 1


def test_struts_too_thick_for_the_box_are_thinned_where_lenient():
    proposal, target = proposal_of(0, 40), DesignTargets(2.0, (4, 4, 4), 40, 50)
    with pytest.raises(DecodeError, match="40 nodes do not fit into the box"):
        decode(proposal, target, 1.0, 8, np.random.default_rng(0))
    web = decode(proposal, target, 1.0, 8, np.random.default_rng(0), lenient=True).web
    assert validity(web, 8).ok and web.radius.max() < 1.0


# -- painting in -------------------------------------------------------------------------------------------


def painting(seed, known, new, pieces=1):
    """A known web in the lower half of a box, in ``pieces``, and new nodes proposed anywhere about the upper half."""
    rng = np.random.default_rng(seed)
    pos = rng.uniform(-10, 10, (known + new, 3))
    pos[:known, 2] = -np.abs(pos[:known, 2]) - 0.5
    pos[known:, 2] *= 1.5
    given = np.array([(k, k + 1) for k in range(known - 1) if (k + 1) % -(-known // pieces)], np.int64).reshape(-1, 2)
    pairs = all_pairs(known + new)
    pairs = pairs[pairs[:, 1] >= known]
    score = rng.standard_normal(len(pairs)) - np.linalg.norm(pos[pairs[:, 0]] - pos[pairs[:, 1]], axis=1) / 5
    edges, score = np.concatenate([given, pairs]), np.concatenate([np.full(len(given), -9.0), score])
    kind, log_radius = rng.integers(0, 9, len(edges)).astype(np.uint8), 0.2 * rng.standard_normal(len(edges))
    proposal = Proposal(pos, edges, score, kind, log_radius, known, len(given))
    return proposal, rng.uniform(0.01, 0.05, len(given)), np.array([[-10, -10, 0], [10, 10, 10]], float)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6), known=st.integers(1, 12), new=st.integers(0, 12), pieces=st.integers(1, 3),
    lenient=st.booleans(),
)  # fmt: skip
def test_known_part_stays_bit_for_bit_and_new_nodes_join_it_within_the_region(seed, known, new, pieces, lenient):
    assume(known + new >= 2)
    proposal, known_radius, region = painting(seed, known, new, pieces)
    k = proposal.known_edges
    assume(k + new > 0)
    count = max(k + new + new // 3, known + new - 1)
    assume(count <= k + new + new // 3)
    target = DesignTargets(6.0, (20, 20, 20), known + new, count)
    degree = np.bincount(proposal.edges[:k].ravel(), minlength=known)
    try:
        web = decode(proposal, target, 0.03, 6, np.random.default_rng(0), known_radius, region, lenient=lenient).web
    except DecodeError:
        assert not lenient
        return
    np.testing.assert_array_equal(web.pos[:known], proposal.pos[:known])
    np.testing.assert_array_equal(web.edge_index.T[:k], proposal.edges[:k])
    np.testing.assert_array_equal(web.radius[:k], known_radius)
    assert (web.pos[known:] >= region[0]).all() and (web.pos[known:] <= region[1]).all()
    assert web.m == count or lenient
    assert (web.degree <= np.maximum(6, np.append(degree, np.zeros(new, int)))).all()
    assert (crossing_pairs(web) < k).all()
    part = web.components()
    assert set(part) == set(part[:known])


def test_mean_length_asked_for_is_that_of_the_new_edges():
    proposal, known_radius, region = painting(1, 10, 14)
    target = DesignTargets(7.0, (20, 20, 20), 24, 9 + 20)
    web = decode(proposal, target, 0.03, 8, np.random.default_rng(0), known_radius, region).web
    assert web.m == 29 and web.is_connected
    assert web.lengths[9:].mean() == pytest.approx(7.0, rel=1e-3)


def test_new_nodes_are_moved_off_known_struts():
    pos = np.array([[-10, 0, 0], [10, 0, 0], [0, 0.01, 0], [3, 0.01, 0]], float)
    edges = np.array([(0, 1), (0, 2), (2, 3), (1, 3)])
    proposal = Proposal(pos, edges, np.ones(4), np.zeros(4, np.uint8), np.zeros(4), 2, 1)
    region, known_radius = np.array([[-5, -5, -5], [5, 5, 5]], float), np.array([0.25])
    target = DesignTargets(6.0, (20, 1, 1), 4, 4)
    web = decode(proposal, target, 0.5, 8, np.random.default_rng(0), known_radius, region).web
    assert validity(web, 8).ok
    assert np.hypot(*web.pos[2:, 1:].T).min() > 0.75
    # On the very axis of the strut any side will do.
    pos[2, 1] = 0
    one = Proposal(pos[:3], edges[:2], np.ones(2), np.zeros(2, np.uint8), np.zeros(2), 2, 1)
    web = decode(one, DesignTargets(10.0, (20, 1, 1), 3, 2), 0.5, 8, np.random.default_rng(0), known_radius, region).web
    assert np.hypot(*web.pos[2, 1:]) > 0.7


# -- choosing edges ----------------------------------------------------------------------------------------


def chosen(pos, pairs, score, radius, count, max_degree):
    candidates = Candidates(pos, pairs, score, np.full(len(pairs), radius))
    taken = Chooser(candidates, count, max_degree).choose(score)
    return None if taken is None else taken.tolist()


@pytest.mark.parametrize("n", [15, 40])
def test_tree_is_the_maximum_spanning_tree_and_the_rest_the_best_that_remain(n):
    rng = np.random.default_rng(1)
    pos, pairs = rng.uniform(-10, 10, (n, 3)), all_pairs(n)
    score = rng.standard_normal(len(pairs))
    graph = nx.Graph()
    graph.add_weighted_edges_from((int(i), int(j), s) for (i, j), s in zip(pairs, score, strict=True))
    tree = {tuple(sorted(edge)) for edge in nx.maximum_spanning_edges(graph, data=False)}
    assert set(map(tuple, pairs[chosen(pos, pairs, score, 1e-9, n - 1, n)].tolist())) == tree
    others = [e for e in np.argsort(-score) if tuple(pairs[e].tolist()) not in tree]
    expected = tree | set(map(tuple, pairs[others[:6]].tolist()))
    assert set(map(tuple, pairs[chosen(pos, pairs, score, 1e-9, n + 5, n)].tolist())) == expected


def test_better_scores_win_and_crossing_struts_exclude_each_other():
    # A square whose diagonals cross: of the two only the better can be had.
    pos = np.array([[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]], float)
    pairs = all_pairs(4)
    diagonal = {(0, 2): 5.0, (1, 3): 4.0}
    score = np.array([diagonal.get((i, j), 0.0) for i, j in pairs.tolist()])
    five = pairs[chosen(pos, pairs, score, 0.1, 5, 4)].tolist()
    assert [0, 2] in five and [1, 3] not in five
    assert len(chosen(pos, pairs, score, 0.1, 6, 4)) == 5
    pos[[1, 3], 2] = 1.0
    assert chosen(pos, pairs, score, 0.1, 6, 4) == list(range(6))


def test_a_strut_in_the_way_of_all_that_joins_a_node_gives_way():
    # The best strut of all cuts the only candidate of the last node.
    pos = np.array([[-5, 0, 0], [5, 0, 0], [0, 5, 0], [0, -5, 0]], float)
    pairs = np.array([(0, 1), (0, 2), (1, 2), (2, 3)])
    assert chosen(pos, pairs, np.array([9.0, 1.0, 0.5, -3.0]), 0.1, 3, 4) == [1, 2, 3]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(4, 12), thick=st.sampled_from([0.05, 0.5]), flat=st.booleans())
def test_crossings_agree_with_the_check_of_webs(seed, n, thick, flat):
    rng = np.random.default_rng(seed)
    pos, pairs = rng.uniform(-10, 10, (n, 3)) * [1, 1, not flat], all_pairs(n)
    radius = thick * rng.uniform(0.5, 2, len(pairs))
    crossings = Crossings(pos, pairs, radius / CLEARANCE)
    order = rng.permutation(len(pairs))
    for some in np.array_split(order, 3):
        crossings.test(some)
    found = {(e, f) for e, crossed in crossings.of.items() for f in crossed}
    assert found == {(f, e) for e, f in found}
    expected = {tuple(pair) for pair in crossing_pairs(WebGraph(pos, pairs.T, radius)).tolist()}
    assert {(e, f) for e, f in found if e < f} == expected


def test_all_pairs():
    assert all_pairs(4).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


# -- positions ---------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
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
    np.testing.assert_array_equal(np.ptp(spaced, axis=0), extents)
    gaps = np.linalg.norm(spaced[:, None] - spaced, axis=-1)[np.triu_indices(n, 1)]
    assert gaps.min() > 1.0


def test_spread_opens_what_has_collapsed_to_a_plane_or_a_point():
    for pos in (np.zeros((9, 3)), np.random.default_rng(0).standard_normal((9, 3)) * [1, 1, 0]):
        spaced = spread(pos, (20, 10, 5), 1.0, np.random.default_rng(0))
        np.testing.assert_array_equal(np.ptp(spaced, axis=0), (20, 10, 5))


def test_spread_leaves_alone_what_has_room():
    pos = np.array([[0, 0, 0], [10, 0, 0], [0, 20, 5]], float)
    spaced = spread(pos, (10, 20, 5), 5.0, np.random.default_rng(0))
    np.testing.assert_array_equal(spaced, fit_box(pos, (10, 20, 5)))


@pytest.mark.parametrize(("n", "extents", "distance"), [(64, (3, 3, 3), 1.5), (5, (1, 0, 0), 0.5), (2, (1, 1, 1), 2)])
def test_nodes_without_room_are_a_decode_error(n, extents, distance):
    rng = np.random.default_rng(0)
    with pytest.raises(DecodeError, match=f"{n} nodes do not fit into the box at a distance of {distance:.3g} mm"):
        spread(rng.standard_normal((n, 3)), extents, distance, rng)
