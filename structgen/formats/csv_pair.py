"""Webs as two CSV files, vertices and edges."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.formats.csv_table import read_table
from structgen.web import DEFAULT_RADIUS, WebGraph

VERTICES, EDGES = "_vertices", "_edges"


def parts(path: Path) -> list[Path]:
    """The vertices and the edges file of the pair that ``path`` names."""
    stem = path.stem
    for ending in (VERTICES, EDGES):
        stem = stem.removesuffix(ending)
    return [path.with_name(stem + ending + path.suffix) for ending in (VERTICES, EDGES)]


def read(path: Path) -> tuple[WebGraph, str]:
    """See `structgen.io.read_web`."""
    vertices, edges = parts(path)
    points = read_table(vertices, ("x", "y"), ("z", "id"))
    links = read_table(edges, ("source", "target"), ("radius", "kind"))
    pos = np.column_stack([points["x"], points["y"], points.get("z", np.zeros(len(points["x"])))])
    ends: npt.NDArray[Any] = np.column_stack([links["source"], links["target"]])
    if "id" in points and len(pos):
        ends = _rows_of(ends, points["id"], edges)
    radius = links.get("radius", np.asarray(DEFAULT_RADIUS))
    return WebGraph.from_edges(pos, ends, radius, links.get("kind", np.asarray(0))), ""


def write(web: WebGraph, names: list[Path], note: str) -> None:
    """See `structgen.io.write_web`; a CSV file has no place for metadata."""
    vertices, edges = names
    with vertices.open("w", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["x", "y", "z"])
        rows.writerows(web.pos.tolist())
    with edges.open("w", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["source", "target", "radius", "kind"])
        rows.writerows(zip(*web.edge_index.tolist(), web.radius.tolist(), web.kind.tolist(), strict=True))


def _rows_of(ends: npt.NDArray[np.float64], ids: npt.NDArray[np.float64], path: Path) -> npt.NDArray[np.int64]:
    """Row numbers of the vertices that ``ends`` name by id."""
    order = np.argsort(ids, kind="stable")
    ranked = ids[order]
    if (ranked[1:] == ranked[:-1]).any():
        raise ValueError(f"vertex id {ranked[1:][ranked[1:] == ranked[:-1]][0]:g} is given twice")
    place = np.searchsorted(ranked, ends).clip(max=len(ids) - 1)
    missing = ranked[place] != ends
    if missing.any():
        row = int(np.flatnonzero(missing.any(axis=1))[0])
        raise ValueError(f"{path.name} edge {row} names vertex {ends[row][missing[row]][0]:g}, which does not exist")
    return np.asarray(order[place])
