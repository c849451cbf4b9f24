from __future__ import annotations

import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from structgen.io import read_web, write_web
from structgen.web import DEFAULT_RADIUS, WebGraph

POS = {"c": (0, 0, 0.5), "a": (3, 0, 0), "b": (3, 4, 1)}
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "{piece}">'
    + "".join(f'<!ENTITY a{k + 1} "{f"&a{k};" * 10}">' for k in range(9))
    + "]>{open}&a9;{close}"
)
EMPTY = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected"></graph></graphml>'
GRAPHML = (
    EMPTY.removesuffix("</graph></graphml>") + '<node id="a"><data key="x">',
    "</data></node></graph></graphml>",
)


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_graphs_of_networkx(tmp_path, kind):
    graph = kind()
    for name, (x, y, z) in POS.items():
        graph.add_node(name, x=x, y=y, z=z, colour="red")
    graph.add_edge("b", "c", radius=0.25, kind=3)
    graph.add_edge("c", "a", weight=2)
    nx.write_graphml(graph, tmp_path / "web.graphml")
    web = read_web(tmp_path / "web.graphml")
    assert np.array_equal(web.pos, list(POS.values()))
    rows = zip(*web.edge_index.tolist(), web.radius.tolist(), web.kind.tolist(), strict=True)
    assert sorted(rows) == [(0, 1, DEFAULT_RADIUS, 0), (0, 2, 0.25, 3)]


def test_both_directions_and_planar(tmp_path):
    graph = nx.DiGraph()
    graph.add_nodes_from([(0, {"x": 1, "y": 2}), (1, {"x": 3, "y": 4})])
    graph.add_edges_from([(0, 1), (1, 0)])
    nx.write_graphml(graph, tmp_path / "web.graphml")
    assert read_web(tmp_path / "web.graphml") == WebGraph([[1, 2, 0], [3, 4, 0]], [[0], [1]], DEFAULT_RADIUS, 0)


def test_networkx_reads_what_is_written(tmp_path, cube):
    write_web(cube, tmp_path / "web.graphml", {"seed": 1})
    graph = nx.read_graphml(tmp_path / "web.graphml", node_type=int)
    assert graph.graph["metadata"] == '{"seed": 1}'
    assert [list(graph.nodes[node].values()) for node in range(8)] == cube.pos.tolist()
    assert {(u, v): (d["radius"], d["kind"]) for u, v, d in graph.edges(data=True)} == {
        (int(i), int(j)): (r, k) for i, j, r, k in zip(*cube.edge_index, cube.radius, cube.kind, strict=True)
    }


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda graph: graph.remove_edges_from(list(graph.edges)), "graph has no edges"),
        (lambda graph: graph.nodes["a"].pop("x"), "node 'a' has no numeric position"),
        (lambda graph: graph.nodes["a"].update(x=float("nan")), "pos row 1 is [nan"),
        (lambda graph: graph.add_edge("a", "a"), "an edge must join two different nodes"),
        (lambda graph: graph.edges["a", "b"].update(radius=-1.0), "radius row"),
        (lambda graph: graph.remove_nodes_from(["a", "b"]), "graph has no edges"),
    ],
)
def test_graphs_that_are_no_webs(unreadable, tmp_path, change, word):
    graph = nx.Graph()
    graph.add_nodes_from((name, {"x": x, "y": y, "z": z}) for name, (x, y, z) in POS.items())
    graph.add_edge("a", "b", radius=0.1)
    change(graph)
    nx.write_graphml(graph, tmp_path / "web.graphml")
    unreadable(tmp_path / "web.graphml", word)


@pytest.mark.parametrize(
    "content",
    [
        "not XML",
        "<graphml/>",
        "<html><body/></html>",
        '<?xml version="1.0" encoding="no-such-code"?>' + "".join(GRAPHML),
        EMPTY,
        EMPTY.replace("></graph>", "><node/></graph>"),
        "<a>" * 100_000,
    ],
)
def test_other_files_are_refused(unreadable, tmp_path, content):
    (tmp_path / "web.graphml").write_text(content)
    unreadable(tmp_path / "web.graphml", "")


# The bomb would unfold to 10^9 pieces of text; the reader may take no more than a few hundred MB.
READ_IN_LITTLE_MEMORY = """
import resource, sys
import numpy, scipy.spatial, networkx
from structgen.io import read_web
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20,) * 2)
try:
    read_web(sys.argv[1])
except ValueError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits its memory as Linux does")
@pytest.mark.parametrize("suffix", [".graphml", ".vtp"])
def test_an_entity_bomb_is_refused_in_little_memory(tmp_path, suffix):
    path = tmp_path / f"bomb{suffix}"
    tags = GRAPHML if suffix == ".graphml" else ('<VTKFile type="PolyData"><PolyData>', "</PolyData></VTKFile>")
    path.write_text(BOMB.format(piece="boom", open=tags[0], close=tags[1]))
    run = subprocess.run(
        [sys.executable, "-c", READ_IN_LITTLE_MEMORY, str(path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith(f"{path}: not ")
    assert "amplification" in run.stdout
    assert run.stderr == ""


def test_entities_of_files_elsewhere_are_not_read(unreadable, tmp_path):
    (tmp_path / "secret").write_text("5")
    entity = f'<!DOCTYPE g [<!ENTITY s SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    (tmp_path / "web.graphml").write_text('<?xml version="1.0"?>' + entity + GRAPHML[0] + "&s;" + GRAPHML[1])
    unreadable(tmp_path / "web.graphml", "undefined entity &s;")
