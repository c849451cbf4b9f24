"""Webs from files and to files, by suffix: the one door through which webs of strangers come in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from structgen.files import check_readable, check_writable, whole_file
from structgen.web import WebGraph

#: Larger files are refused before they are read, bytes.
MAX_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Format:
    """A file format: the module in `structgen.formats` with its ``read`` and ``write``, and what it is called."""

    module: str
    title: str


FORMATS: Mapping[str, Format] = {
    ".npz": Format("npz", "NumPy archive"),
    ".csv": Format("csv_pair", "CSV pair NAME_vertices.csv and NAME_edges.csv"),
    ".graphml": Format("graphml", "GraphML"),
    ".lammps": Format("lammps", "LAMMPS data file"),
    ".data": Format("lammps", "LAMMPS data file"),
    ".vtp": Format("vtk_xml", "VTK poly-lines, XML"),
    ".vtk": Format("vtk_legacy", "VTK poly-lines, legacy"),
}


def read_web(path: str | Path) -> WebGraph:
    """The web in ``path``, read as its suffix says: npz, csv, graphml, lammps / data, vtp, vtk.

    npz: arrays ``pos (n, 2 or 3)`` and ``edge_index (2, m)`` or ``edges (m, 2)``, if there ``radius`` and ``kind``.
    csv: ``NAME_vertices.csv`` (columns x, y, if there z and id) and ``NAME_edges.csv`` (source, target, if there
    radius and kind); either file, or ``NAME.csv``, names the pair. Planar webs get z = 0; edges may be listed in
    both directions. Nothing in a file is executed. Lengths are taken as mm.

    Raises `FileNotFoundError`, or `ValueError` in one line that begins with the path.
    """
    return read_web_and_metadata(path)[0]


def read_web_and_metadata(path: str | Path) -> tuple[WebGraph, dict[str, Any]]:
    """As `read_web`, with the metadata that `write_web` was given; empty where the file has none."""
    path = Path(path)
    reader = _module(path)
    for part in reader.parts(path):
        pair = "" if part == path else f"; needed is a {FORMATS[path.suffix.lower()].title}"
        check_readable(part, MAX_BYTES, pair)
    try:
        web, note = reader.read(path)
    except (ValueError, OSError, MemoryError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())[:300] or type(error).__name__}") from None
    return web, _metadata(note)


def write_web(web: WebGraph, path: str | Path, metadata: Mapping[str, Any] | None = None) -> None:
    """Write ``web`` to ``path`` as its suffix says; what is read back is equal to it.

    ``metadata``: what made the web (JSON values); kept in every format but CSV. Files are written whole or not at
    all. Raises `ValueError` for an unknown suffix, `OSError` where the file cannot be written.
    """
    path = Path(path)
    writer = _module(path)
    note = json.dumps(dict(metadata), sort_keys=True, allow_nan=False) if metadata else ""
    targets = writer.parts(path)
    _write_all(targets, lambda temporaries: writer.write(web, temporaries, note))


def files_of(path: str | Path) -> list[Path]:
    """The files that make up the web ``path``: itself, or the two of a CSV pair."""
    parts: list[Path] = _module(Path(path)).parts(Path(path))
    return parts


def check_output(path: str | Path) -> None:
    """Raise now what `write_web` would raise for ``path`` after long work."""
    for part in files_of(path):
        check_writable(part)


def _metadata(note: str) -> dict[str, Any]:
    """The JSON object in ``note``; empty where it is none, or holds numbers that JSON has not."""
    try:
        metadata = json.loads(note)
        json.dumps(metadata, allow_nan=False)
    except (ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _write_all(paths: list[Path], write: Callable[[list[Path]], None], done: tuple[Path, ...] = ()) -> None:
    """Call ``write`` with temporary names for all ``paths``; all are renamed once all are written."""
    if not paths:
        write(list(done))
        return
    with whole_file(paths[0]) as temporary:
        _write_all(paths[1:], write, (*done, temporary))


def _module(path: Path) -> Any:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{path}: suffix {suffix!r} is no web format, use one of {', '.join(FORMATS)}")
    return import_module(f"structgen.formats.{FORMATS[suffix].module}")
