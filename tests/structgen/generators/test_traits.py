from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from structgen.generators.traits import NONE, OF_SILK, SHARES, SILKS, THICKNESS, TRAITS, traits

#: Where the groups of traits begin.
SUBGRAPHS, WALKS, LENGTHS, ANGLES, SHAPE = 8, 19, 24, 30, 48


def grown(seed, n=15, more=10):
    """Places, edges, silks and log radii of a random connected web."""
    rng = np.random.default_rng(seed)
    tree = [(int(rng.integers(k)), k) for k in range(1, n)]
    extra = [tuple(sorted(rng.choice(n, 2, replace=False).tolist())) for _ in range(more)]
    edges = np.array(sorted({*tree, *extra}))
    return rng.standard_normal((n, 3)), edges, rng.integers(0, 4, len(edges)), rng.standard_normal(len(edges))


@given(st.integers(0, 2**20))
def test_traits_do_not_change_with_numbering_turn_size_or_thickness(seed):
    pos, edges, kind, log_radius = grown(seed)
    rng = np.random.default_rng(seed + 1)
    place = rng.permutation(len(pos))
    moved = np.empty_like(pos)
    moved[place] = 3.7 * Rotation.random(rng=rng).apply(pos) * [1, 1, -1] + 5
    order = rng.permutation(len(edges))
    other = traits(moved, place[edges][order][:, ::-1], kind[order], log_radius[order] + 0.4)
    np.testing.assert_allclose(other, traits(pos, edges, kind, log_radius), atol=1e-6)


@given(st.integers(0, 2**20))
def test_clustering_triangles_and_walks_are_those_of_networkx(seed):
    pos, edges, kind, log_radius = grown(seed)
    found = traits(pos, edges, kind, log_radius)
    graph = nx.Graph(edges.tolist())
    clustering = list(nx.clustering(graph).values())
    assert found[SUBGRAPHS : SUBGRAPHS + 2] == pytest.approx([np.mean(clustering), max(clustering)])
    assert found[SUBGRAPHS + 2] == pytest.approx(np.log1p(np.mean(list(nx.triangles(graph).values()))))
    eigenvalues = 1 - nx.normalized_laplacian_spectrum(graph)
    assert found[WALKS : WALKS + 5] == pytest.approx([np.mean(eigenvalues**k) for k in range(2, 7)])


@given(st.integers(0, 2**20))
def test_quantiles_are_those_of_numpy(seed):
    pos, edges, kind, log_radius = grown(seed)
    length = np.linalg.norm(pos[edges[:, 0]] - pos[edges[:, 1]], axis=1)
    found = traits(pos, edges, kind, log_radius)[LENGTHS : LENGTHS + 5]
    np.testing.assert_allclose(found, np.quantile(length / length.mean(), [0.05, 0.25, 0.5, 0.75, 0.95]))


def test_angles_are_told_apart_by_whether_they_are_between_threads_of_one_silk():
    """Two straight threads that cross at right angles: 180 degrees within each silk, 90 between them."""
    pos = np.array([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], float)
    edges, kind = np.array([[0, k] for k in range(1, 5)]), np.array([2, 2, 3, 3])
    found = traits(pos, edges, kind, np.zeros(4))[ANGLES:SHAPE]
    np.testing.assert_allclose(found[5:10], 1)
    np.testing.assert_allclose(found[10:15], 0.5)
    assert found[15:17] == pytest.approx([1 / 3, 1 / 3])


def test_webs_without_junctions_or_edges_have_traits_too():
    path = traits(np.eye(3), np.array([[0, 1], [1, 2]]), np.zeros(2, int), np.zeros(2))
    assert path.shape == (TRAITS,) and np.isfinite(path).all() and (path[ANGLES:SHAPE] == NONE).all()
    assert not traits(np.zeros((2, 3)), np.zeros((0, 2), int), np.zeros(0, int), np.zeros(0)).any()


@given(st.integers(0, 2**20))
def test_which_traits_tell_silk_and_thickness_is_known(seed):
    pos, edges, kind, log_radius = grown(seed)
    found, bare = (traits(pos, edges, silk, log_radius) for silk in (kind, 0 * kind))
    assert set(np.flatnonzero(found != bare)) <= set(np.flatnonzero(OF_SILK))
    np.testing.assert_array_equal(found[SHARES], np.bincount(kind, minlength=SILKS) / len(edges))
    even = traits(pos, edges, kind, 0 * log_radius)
    assert set(np.flatnonzero(found != even)) <= set(range(TRAITS)[THICKNESS])
    assert (even[THICKNESS] == 0).all()
    assert (found != even).any()
