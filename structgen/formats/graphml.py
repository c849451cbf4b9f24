"""Webs as GraphML: node attributes x, y, z, edge attributes radius, kind."""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from structgen.web import WebGraph


def parts(path: Path) -> list[Path]:
    """The file itself."""
    return [path]


def read(path: Path) -> tuple[WebGraph, str]:
    """See `structgen.io.read_web`."""
    try:
        graph = nx.read_graphml(path)
    except Exception as error:  # networkx raises what comes: ParseError, KeyError, LookupError, StopIteration ...
        raise ValueError(f"not GraphML ({error or type(error).__name__})") from None
    return WebGraph.from_networkx(nx.Graph(graph)), str(graph.graph.get("metadata", ""))


def write(web: WebGraph, names: list[Path], note: str) -> None:
    """See `structgen.io.write_web`."""
    graph = nx.Graph(metadata=note) if note else nx.Graph()
    graph.add_nodes_from((i, {"x": x, "y": y, "z": z}) for i, (x, y, z) in enumerate(web.pos.tolist()))
    columns = (*web.edge_index.tolist(), web.radius.tolist(), web.kind.tolist())
    graph.add_edges_from(
        (i, j, {"id": e, "radius": r, "kind": k}) for e, (i, j, r, k) in enumerate(zip(*columns, strict=True))
    )
    nx.write_graphml_xml(graph, names[0], edge_id_from_attribute="id")
