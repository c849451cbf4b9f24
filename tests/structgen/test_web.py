from __future__ import annotations

import dataclasses

import networkx as nx
import numpy as np
import pytest
import pyvista as pv
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from torch_geometric.data import Data

from structgen.web import DEFAULT_RADIUS, WebGraph

SQUARE = np.array([[0, 0, 0], [3, 0, 0], [3, 4, 0], [0, 4, 0]], float)
RING = np.array([[0, 1, 2, 0], [1, 2, 3, 3]])


@st.composite
def webs(draw: st.DrawFn, most: int = 9) -> WebGraph:
    """Any web of a few nodes, connected or not, with isolated nodes, radii and kinds."""
    n = draw(st.integers(2, most))
    coordinate = st.floats(-1e4, 1e4, allow_nan=False, width=32)
    pos = draw(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=n, max_size=n))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    m = len(chosen)
    radius = draw(st.lists(st.floats(1e-3, 1e3), min_size=m, max_size=m))
    kind = draw(st.lists(st.integers(0, 255), min_size=m, max_size=m))
    return WebGraph(np.array(pos), np.array(chosen).T, np.array(radius), np.array(kind))


def edge_rows(web: WebGraph) -> list[tuple[float, ...]]:
    """Edges with radius and kind, in an order of their own."""
    return sorted(zip(*web.edge_index.tolist(), web.radius.tolist(), web.kind.tolist(), strict=True))


# -- what the constructor refuses ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pos": np.where(np.arange(12).reshape(4, 3) == 7, np.nan, SQUARE)}, ("pos row 2", "finite")),
        ({"pos": np.where(np.arange(12).reshape(4, 3) == 9, np.inf, SQUARE)}, ("pos row 3", "finite")),
        ({"pos": SQUARE * 1e6}, ("pos row 1", "3000000", "1e+06")),
        ({"pos": SQUARE[:, :2]}, ("pos has shape (4, 2)", "(n, 3)")),
        ({"pos": SQUARE.ravel()}, ("pos has shape (12,)", "(n, 3)")),
        ({"pos": []}, ("pos has shape (0,)",)),
        ({"pos": SQUARE[:1]}, ("1 node", "at least 2")),
        ({"pos": [[0, 0, 0], [1, 1]]}, ("pos", "rows differ in length")),
        ({"pos": SQUARE.astype(object)}, ("pos is not an array of numbers",)),
        ({"pos": SQUARE.astype(str)}, ("pos is not an array of numbers",)),
        ({"pos": SQUARE + 1j}, ("pos is not an array of numbers",)),
        ({"pos": None}, ("pos is not an array of numbers",)),
        ({"edge_index": [[0, 1, 2], [1, 2, 4]]}, ("edge_index row 2 is [2 4]", "0..3")),
        ({"edge_index": [[0, -1], [1, 2]]}, ("edge_index row 1 is [-1  2]", "0..3")),
        ({"edge_index": [[0, 1, 2], [1, 1, 3]]}, ("edge_index row 1 is [1 1]", "two different nodes")),
        ({"edge_index": [[0, 2, 2], [1, 3, 1]]}, ("edge_index row 2 is [2 1]", "i < j")),
        ({"edge_index": [[0, 1, 2, 1], [1, 2, 3, 2]]}, ("edge_index row 3 is [1 2]", "already listed")),
        ({"edge_index": np.empty((2, 0))}, ("no edges", "at least 1")),
        ({"edge_index": RING.T}, ("edge_index has shape (4, 2)", "(2, m)")),
        ({"edge_index": [[0, 0.5], [1, 2]]}, ("edge_index row 0 is [0.  0.5]", "whole number")),
        ({"edge_index": [[0, np.nan], [1, 2]]}, ("edge_index row 0", "whole number")),
        ({"edge_index": [[0, 1e300], [1, 2]]}, ("edge_index row 0", "whole number")),
        ({"edge_index": RING.astype(object)}, ("edge_index is not an array of numbers",)),
        ({"radius": [0.4, 0.4, -1.0, 0.0]}, ("radius row 2 is -1.0", "> 0")),
        ({"radius": [0.4, 0.0, 0.4, 0.4]}, ("radius row 1 is 0.0", "> 0")),
        ({"radius": [0.4, 0.4, 0.4, np.nan]}, ("radius row 3 is nan", "> 0")),
        ({"radius": [np.inf, 0.4, 0.4, 0.4]}, ("radius row 0 is inf", "at most")),
        ({"radius": np.nan}, ("radius row 0 is nan",)),
        ({"radius": [0.4, 0.4]}, ("radius has shape (2,)", "(4,)")),
        ({"radius": "thick"}, ("radius is not an array of numbers",)),
        ({"kind": [0, 0, -1, 0]}, ("kind row 2 is -1", "0..255")),
        ({"kind": [0, 256, 0, 0]}, ("kind row 1 is 256", "0..255")),
        ({"kind": [0, 0, 0, 1.5]}, ("kind row 3 is 1.5", "whole number")),
        ({"kind": [[0, 0, 0, 1]]}, ("kind has shape (1, 4)", "(4,)")),
    ],
)
def test_constructor_names_the_offending_row(refused, change, words):
    arguments = {"pos": SQUARE, "edge_index": RING} | change
    with refused(*words):
        WebGraph(**arguments)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        # Rows count in the list that was given, not in what is left once repeats are dropped.
        ({"edges": [(0, 1), (1, 0), (0, 1), (2, 9)]}, ("edges row 3 is [2 9]", "0..3")),
        ({"edges": [(0, 1), (1, 0), (2, 2)]}, ("edges row 2 is [2 2]", "two different nodes")),
        ({"edges": [(0, 1), (1, 0), (2, 3)], "radius": [1, 1, -5]}, ("radius row 2 is -5.0",)),
        ({"edges": [(0, 1), (1, 0), (2, 3)], "kind": [1, 1, 999]}, ("kind row 2 is 999",)),
        ({"edges": [(0, 1, 2)]}, ("edges has shape (1, 3)", "(m, 2)")),
        ({"edges": []}, ("edges has shape (0,)",)),
        ({"pos": 5.0, "edges": [(0, 1)]}, ("pos has shape ()",)),
    ],
)
def test_edge_list_refusals_count_the_rows_that_were_given(refused, change, words):
    with refused(*words):
        WebGraph.from_edges(**({"pos": SQUARE} | change))


# -- arrays ----------------------------------------------------------------------------------------


def test_arrays_are_private_and_read_only():
    pos, edges, radius, kind = SQUARE.copy(), RING.copy(), np.full(4, 0.2), np.array([1, 2, 3, 4])
    web = WebGraph(pos, edges, radius, kind)
    for given_array in (pos, edges, radius, kind):
        given_array[:] = 0
    assert web == WebGraph(SQUARE, RING, 0.2, [1, 2, 3, 4])
    for name in ("pos", "edge_index", "radius", "kind"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(web, name)[...] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        web.pos = pos  # type: ignore[misc]


def test_defaults_and_types():
    web = WebGraph(SQUARE.astype(np.float32), RING.astype(np.uint8))
    assert [a.dtype for a in (web.pos, web.edge_index, web.radius, web.kind)] == [float, np.int64, float, np.int64]
    assert web.radius.tolist() == [DEFAULT_RADIUS] * 4
    assert web.kind.tolist() == [0] * 4


def test_measures_of_a_rectangle():
    web = WebGraph(np.vstack([SQUARE, [[3, 4, 12]]]), np.hstack([RING, [[2], [4]]]))
    assert (web.n, web.m) == (5, 5)
    assert web.lengths.tolist() == [3, 4, 3, 4, 12]
    assert web.degree.tolist() == [2, 2, 3, 2, 1]
    assert web.extents.tolist() == [3, 4, 12]
    assert web.is_connected
    assert repr(web) == "WebGraph(n=5, m=5, extents=3 x 4 x 12 mm)"


def test_equality_looks_at_every_array(cube):
    assert cube == dataclasses.replace(cube)
    assert cube != cube.translated((0, 0, 1e-9))
    assert cube != cube.with_radius(0.3)
    assert cube != dataclasses.replace(cube, kind=np.zeros(12))
    assert cube != "cube"


def test_edge_list_in_any_direction_keeps_the_first_of_repeats():
    web = WebGraph.from_edges(SQUARE, [(2, 1), (1, 2), (0, 3), (1, 2), (1, 0)], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1])
    assert web.edge_index.T.tolist() == [[1, 2], [0, 3], [0, 1]]
    assert web.radius.tolist() == [1, 3, 5]
    assert web.kind.tolist() == [5, 3, 1]


# -- conversions -----------------------------------------------------------------------------------


@given(web=webs())
def test_networkx_round_trip_loses_nothing(web):
    back = WebGraph.from_networkx(web.to_networkx())
    np.testing.assert_array_equal(back.pos, web.pos)
    assert edge_rows(back) == edge_rows(web)


@given(web=webs())
def test_pyg_round_trip_loses_nothing(web):
    data = web.to_pyg()
    assert data.is_undirected()
    assert data.num_nodes == web.n
    assert data.edge_index.shape == (2, 2 * web.m)
    assert WebGraph.from_pyg(data) == web


@given(webs())
def test_pyvista_round_trip_loses_nothing(web):
    mesh = web.to_pyvista()
    assert (mesh.n_points, mesh.n_lines) == (web.n, web.m)
    assert WebGraph.from_pyvista(mesh) == web


def test_poly_lines_of_pyvista_make_an_edge_a_piece(refused):
    mesh = pv.PolyData(np.eye(4, 3), lines=[3, 0, 1, 2, 2, 2, 3])
    mesh.cell_data["radius"] = [0.5, 0.7]
    web = WebGraph.from_pyvista(mesh)
    assert web.edge_index.T.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert web.radius.tolist() == [0.5, 0.5, 0.7]
    with refused("must be poly-data with line cells"):
        WebGraph.from_pyvista(pv.Sphere())


def test_networkx_graph_carries_lengths_and_foreign_node_names_are_numbered():
    graph = nx.Graph()
    graph.add_node("b", x=0.0, y=0.0, z=0.0)
    graph.add_node("a", x=3.0, y=4.0, z=0.0)
    graph.add_edge("a", "b", radius=0.7)
    web = WebGraph.from_networkx(graph)
    assert web.pos.tolist() == [[0, 0, 0], [3, 4, 0]]
    assert edge_rows(web) == [(0, 1, 0.7, 0)]
    assert web.to_networkx().edges[0, 1]["length"] == 5.0


@pytest.mark.parametrize(
    "attributes", [{}, {"pos": (1, 2)}, {"pos": 5.0}, {"pos": "abc"}, {"x": 1, "z": 2}, {"x": 1, "y": [2, 3], "z": 0}]
)
def test_networkx_node_without_position_is_named(refused, attributes):
    graph = nx.Graph([("left", "right")])
    graph.nodes["left"].update(pos=(0, 0, 0))
    graph.nodes["right"].update(attributes)
    with refused("node 'right' has no numeric position"):
        WebGraph.from_networkx(graph)


def test_networkx_refuses_what_is_no_web(refused):
    lone = nx.Graph()
    lone.add_nodes_from([(0, {"pos": (0, 0, 0)}), (1, {"pos": (1, 0, 0)})])
    with refused("no edges"):
        WebGraph.from_networkx(lone)
    with refused("no edges"):
        WebGraph.from_networkx(nx.Graph())
    lone.add_edge(0, 1, radius="thick")
    with refused("radius is not an array of numbers"):
        WebGraph.from_networkx(lone)


def test_pyg_without_positions_or_edges_is_refused(refused):
    with refused("data has no pos"):
        WebGraph.from_pyg(Data(edge_index=torch.tensor([[0], [1]])))
    with refused("data has no edge_index"):
        WebGraph.from_pyg(Data(pos=torch.zeros(2, 3)))
    with refused("radius has shape (2,)", "(1,)"):
        WebGraph.from_pyg(Data(pos=torch.eye(3), edge_index=torch.tensor([[0], [1]]), radius=torch.ones(2)))


# -- participles -----------------------------------------------------------------------------------


def test_translated_and_scaled_against_closed_forms(cube):
    assert cube.translated((1, -2, 3)).pos.tolist() == (cube.pos + np.array([1, -2, 3])).tolist()
    assert cube.translated(1.5).pos.tolist() == (cube.pos + 1.5).tolist()
    stretched = cube.scaled((2, 3, 0.5))
    assert stretched.extents.tolist() == [20, 30, 5]
    assert cube.scaled(4).lengths.tolist() == (4 * cube.lengths).tolist()
    np.testing.assert_array_equal(stretched.radius, cube.radius)
    assert edge_rows(stretched) == edge_rows(cube)


@given(web=webs(), seed=st.integers(0, 10))
def test_rotation_keeps_lengths_and_turns_back(web, seed):
    turn = Rotation.random(random_state=seed).as_matrix()
    turned = web.rotated(turn)
    np.testing.assert_allclose(turned.lengths, web.lengths, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(turned.rotated(turn.T).pos, web.pos, atol=1e-9 * (1 + np.abs(web.pos).max()))


def test_quarter_turn_about_z():
    web = WebGraph([[1, 0, 0], [0, 2, 5]], [[0], [1]]).rotated([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert web.pos.tolist() == [[0, 1, 0], [-2, 0, 5]]


@pytest.mark.parametrize(
    ("method", "argument", "word"),
    [
        ("translated", (1, 2), "offset is [1.0, 2.0]"),
        ("translated", (1, 2, np.nan), "offset is"),
        ("translated", "far", "offset is not an array of numbers"),
        ("scaled", np.inf, "factor is inf"),
        ("scaled", [1, 2, 3, 4], "factor is"),
        ("rotated", np.eye(3) * 2, "rotation must be an orthogonal (3, 3) matrix"),
        ("rotated", np.eye(2), "rotation must be an orthogonal (3, 3) matrix"),
        ("rotated", np.full((3, 3), np.nan), "rotation must be an orthogonal (3, 3) matrix"),
        ("rotated", "left", "rotation is not an array of numbers"),
        ("with_radius", 0, "radius row 0 is 0"),
        ("with_radius", "thin", "radius is not an array of numbers"),
        ("with_radius", [0.1, 0.2], "radius has shape (2,)"),
        ("welded", -1.0, "tolerance is -1.0"),
        ("welded", np.nan, "tolerance is nan"),
        ("subweb", [0, 1, 8], "nodes holds 8, node numbers must lie in 0..7"),
        ("subweb", [0, 1, -1], "nodes holds -1"),
        ("subweb", [0, 1, 1], "nodes names a node twice"),
        ("subweb", [0.0, 1.0], "nodes must be a list of node numbers"),
        ("subweb", np.ones(7, bool), "nodes has shape (7,), expected (8,)"),
        ("subweb", [3], "1 node"),
        ("subweb", [], "0 node"),
        ("subweb", [0, 7], "no edges"),
        ("relaxed", [0, 8], "fixed holds 8, node numbers must lie in 0..7"),
        ("relaxed", [0.5], "fixed must be a list of node numbers"),
        ("relaxed", [], "fixed holds no node of the part of the web around node 0"),
    ],
)
def test_participles_name_the_wrong_argument(refused, cube, method, argument, word):
    with refused(word):
        getattr(cube, method)(argument)


def test_a_web_moved_out_of_range_is_refused(refused, cube):
    with refused("pos row 0", "1e+06"):
        cube.translated(2e6)


def test_subweb_follows_the_order_asked_for(cube):
    part = cube.subweb([7, 3, 1, 6])
    assert part.pos.tolist() == cube.pos[[7, 3, 1, 6]].tolist()
    # Of the cube's edges these join nodes 7-3, 3-1 and 7-6.
    assert sorted(part.edge_index.T.tolist()) == [[0, 1], [0, 3], [1, 2]]
    row = dict(zip(map(tuple, cube.edge_index.T.tolist()), cube.radius.tolist(), strict=True))
    old = np.array([7, 3, 1, 6])[part.edge_index.T]
    assert part.radius.tolist() == [row[min(i, j), max(i, j)] for i, j in old.tolist()]
    mask = np.isin(np.arange(8), [1, 3, 6, 7])
    assert cube.subweb(mask) == cube.subweb([1, 3, 6, 7])


@given(web=webs())
def test_components_agree_with_networkx(web):
    parts = [sorted(part) for part in nx.connected_components(web.to_networkx())]
    label = web.components()
    assert sorted(parts) == sorted(np.flatnonzero(label == k).tolist() for k in range(label.max() + 1))
    assert web.is_connected == (len(parts) == 1)
    largest = max(parts, key=lambda part: (len(part), -part[0]))
    assert web.largest_component() == web.subweb(largest)


def test_welded_joins_chains_at_their_mean_and_keeps_the_thickest():
    pos = [[0, 0, 0], [1, 0, 0], [2, 0, 0], [10, 0, 0], [10, 5, 0]]
    #        a chain of three that becomes one     two edges that fall together   another
    web = WebGraph(pos, [[0, 0, 1, 3], [1, 3, 3, 4]], [9.0, 0.2, 0.3, 0.1], [1, 2, 3, 4])
    welded = web.welded(1.0)
    assert welded.pos.tolist() == [[1, 0, 0], [10, 0, 0], [10, 5, 0]]
    assert edge_rows(welded) == [(0, 1, 0.3, 3), (1, 2, 0.1, 4)]
    assert web.welded(0.99) == web


def test_welded_at_tolerance_zero_joins_only_what_coincides():
    web = WebGraph([[0, 0, 0], [1, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 2], [1, 3]])
    welded = web.welded(0)
    assert welded.pos.tolist() == [[0, 0, 0], [1, 0, 0], [2, 0, 0]]
    assert welded.is_connected


@given(web=webs(), tolerance=st.floats(0, 2e3))
def test_welded_has_a_node_a_cluster_and_an_edge_a_joined_pair_of_clusters(web, tolerance):
    clusters = nx.Graph(_close_pairs(web, tolerance))
    clusters.add_nodes_from(range(web.n))
    label = {node: k for k, part in enumerate(nx.connected_components(clusters)) for node in part}
    between = {frozenset((label[i], label[j])) for i, j in web.edge_index.T.tolist() if label[i] != label[j]}
    if between:
        welded = web.welded(tolerance)
        assert (welded.n, welded.m) == (len(set(label.values())), len(between))


def _close_pairs(web: WebGraph, tolerance: float) -> list[tuple[int, int]]:
    gap = np.linalg.norm(web.pos[:, None] - web.pos, axis=-1)
    return [(int(i), int(j)) for i, j in np.argwhere(gap <= tolerance) if i < j]


def test_relaxed_midpoint_of_two_springs():
    web = WebGraph([[0, 0, 0], [5, 7, 1], [4, 0, 0]], [[0, 1], [1, 2]], 0.2, [1, 2])
    relaxed = web.relaxed([0, 2], force_density=[3.0, 1.0])
    np.testing.assert_allclose(relaxed.pos, [[0, 0, 0], [1, 0, 0], [4, 0, 0]], atol=1e-12)
    assert edge_rows(relaxed) == edge_rows(web)
    mask = np.array([True, False, True])
    np.testing.assert_allclose(web.relaxed(mask).pos[1], [2, 0, 0], atol=1e-12)
