"""Webs as two CSV files, vertices and edges."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.web import DEFAULT_RADIUS, WebGraph

VERTICES, EDGES = "_vertices", "_edges"
#: Other names for columns, as seen in files of others.
ALIASES = {"i": "source", "j": "target", "from": "source", "to": "target", "u": "source", "v": "target"}


def parts(path: Path) -> list[Path]:
    """The vertices and the edges file of the pair that ``path`` names."""
    stem = path.stem
    for ending in (VERTICES, EDGES):
        stem = stem.removesuffix(ending)
    return [path.with_name(stem + ending + path.suffix) for ending in (VERTICES, EDGES)]


def read(path: Path) -> tuple[WebGraph, str]:
    """See `structgen.io.read_web`."""
    vertices, edges = parts(path)
    points = _table(vertices, ("x", "y"), ("z", "id"))
    links = _table(edges, ("source", "target"), ("radius", "kind"))
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


def _table(path: Path, needed: tuple[str, ...], others: tuple[str, ...]) -> dict[str, npt.NDArray[np.float64]]:
    """Columns by name; a file without a header line has the columns ``needed + others`` as far as they go."""
    columns: list[list[float]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.reader(stream, skipinitialspace=True)
            names = [name.strip().lower() for name in next(rows, [])]
            names = [ALIASES.get(name, name) for name in names]
            first = None if set(needed) <= set(names) else names
            if first is not None:
                if len(first) < len(needed) or not all(map(_is_number, first)):
                    raise ValueError(f"{path.name} line 1 must name the columns {', '.join(needed)}, is {first}")
                names = [*needed, *others][: len(first)]
            if len(set(names)) < len(names):
                raise ValueError(f"{path.name} line 1 names a column twice: {', '.join(names)}")
            columns = [[] for _ in names]
            for values in ([first] if first else []), rows:
                for row in values:
                    if not row:
                        continue
                    if len(row) != len(names):
                        line = rows.line_num
                        raise ValueError(f"{path.name} line {line} has {len(row)} columns, expected {len(names)}")
                    for name, column, text in zip(names, columns, row, strict=True):
                        if name in needed or name in others:
                            column.append(_number(text, path, rows.line_num, name))
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not a text file") from None
    except csv.Error as error:
        raise ValueError(f"{path.name}: {error}") from None
    return {name: np.array(column) for name, column in zip(names, columns, strict=True) if name in (*needed, *others)}


def _number(text: str, path: Path, line: int, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{path.name} line {line}: {name} is {text[:40]!r}, must be a number") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


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
