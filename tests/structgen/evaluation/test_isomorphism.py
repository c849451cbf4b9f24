from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from structgen.evaluation.isomorphism import Hashed, dataset_codes, distinct, isomorphic, known
from structgen.web import WebGraph


def web_of(graph, seed=0):
    graph = nx.convert_node_labels_to_integers(graph)
    pos = np.random.default_rng(seed).random((len(graph), 3))
    return WebGraph.from_edges(pos, np.array(graph.edges))


@pytest.mark.filterwarnings("ignore:The hashes produced")
def test_codes_tell_the_connected_graphs_of_up_to_six_nodes_apart_as_networkx_does():
    graphs = [g for g in nx.graph_atlas_g() if 2 <= len(g) <= 6 and nx.is_connected(g)]
    codes = Hashed.of([web_of(g) for g in graphs]).codes
    # Colour refinement cannot tell regular graphs apart; networkx' hash of as many rounds is no better.
    hashes = [nx.weisfeiler_lehman_graph_hash(g, iterations=8) for g in graphs]
    for (a, x), (b, y) in itertools.combinations(zip(codes, hashes, strict=True), 2):
        assert (a == b) == (x == y)


def test_a_renumbered_web_is_isomorphic_and_a_rewired_one_is_not(small_set, copied):
    for k in range(8):
        web = small_set[k]
        moved = copied(web, k)
        assert isomorphic(web, moved)
        assert (np.array(Hashed.of([web]).codes) == Hashed.of([moved]).codes).all()
    prism, bipartite = web_of(nx.circular_ladder_graph(3)), web_of(nx.complete_bipartite_graph(3, 3))
    assert (Hashed.of([prism]).codes == Hashed.of([bipartite]).codes).all()  # both regular of degree 3
    assert not isomorphic(prism, bipartite)
    assert distinct(Hashed.of([prism, bipartite, web_of(nx.circular_ladder_graph(3), 1)])) == 2


def test_a_large_symmetric_tree_is_matched_in_no_time():
    tree = nx.balanced_tree(2, 6)
    order = np.random.default_rng(0).permutation(len(tree))
    assert isomorphic(web_of(tree), web_of(nx.relabel_nodes(tree, dict(enumerate(order.tolist())))))


def test_codes_of_a_data_set_are_those_of_its_webs(small_set):
    rows = np.arange(len(small_set))
    np.testing.assert_array_equal(dataset_codes(small_set), Hashed.of([small_set[k] for k in rows.tolist()]).codes)


def test_known_are_those_with_a_graph_among_the_rows(small_set, copied):
    codes = dataset_codes(small_set)
    rows = np.arange(200, 300)
    big = [int(k) for k in range(300, 600) if small_set[k].n > 40][:3]
    webs = Hashed.of([copied(small_set[250], 1), *(small_set[k] for k in big)])
    assert known(webs, small_set, rows, codes[rows]).tolist() == [True, False, False, False]


@pytest.mark.parametrize("nodes", [3, 9])
def test_webs_of_other_counts_are_not_isomorphic(nodes):
    assert not isomorphic(web_of(nx.path_graph(nodes)), web_of(nx.path_graph(nodes + 1)))
    assert not isomorphic(web_of(nx.path_graph(nodes)), web_of(nx.cycle_graph(nodes)))
