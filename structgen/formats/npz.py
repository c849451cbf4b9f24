"""Webs as NumPy archives."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.formats import MAX_ARRAY_BYTES
from structgen.web import DEFAULT_RADIUS, WebGraph


def parts(path: Path) -> list[Path]:
    """The archive itself."""
    return [path]


def read(path: Path) -> tuple[WebGraph, str]:
    """See `structgen.io.read_web`."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            names = [name for name in ("pos", "edges", "edge_index", "radius", "kind", "metadata") if name in members]
            arrays = {name: _array(archive, members[name]) for name in names}
    except (zipfile.BadZipFile, NotImplementedError):  # the latter for versions of zip that do not exist
        raise ValueError("not a NumPy archive (.npz)") from None
    if "node_ptr" in members:
        raise ValueError("holds a data set of many small webs, not a web; see `structgen data info`")
    if "pos" not in arrays or not {"edges", "edge_index"} & set(arrays):
        raise ValueError(f"must hold pos and edge_index (or edges), holds {', '.join(sorted(members)) or 'nothing'}")
    edges = arrays["edges"] if "edges" in arrays else _transposed(arrays["edge_index"])
    radius, kind = arrays.get("radius", np.asarray(DEFAULT_RADIUS)), arrays.get("kind", np.asarray(0))
    web = WebGraph.from_edges(_spatial(arrays["pos"]), edges, radius, kind)
    note = arrays.get("metadata")
    return web, str(note[()]) if note is not None and note.shape == () else ""


def write(web: WebGraph, names: list[Path], note: str) -> None:
    """See `structgen.io.write_web`."""
    with names[0].open("wb") as stream:
        extra: dict[str, Any] = {"metadata": np.array(note)} if note else {}
        np.savez(stream, pos=web.pos, edge_index=web.edge_index, radius=web.radius, kind=web.kind, **extra)


def _spatial(pos: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Planar positions ``(n, 2)`` with z = 0, others as they are."""
    if pos.ndim == 2 and pos.shape[1] == 2:
        return np.column_stack([pos, np.zeros(len(pos))])
    return pos


def _transposed(edge_index: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if edge_index.ndim != 2 or edge_index.shape[0] != 2:
        raise ValueError(f"edge_index has shape {edge_index.shape}, expected (2, m)")
    return edge_index.T


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    name = info.filename.removesuffix(".npy")
    if info.file_size > MAX_ARRAY_BYTES:
        raise ValueError(f"{name} unpacks to {info.file_size >> 20} MiB, at most {MAX_ARRAY_BYTES >> 20} MiB are read")
    try:
        with archive.open(info) as stream:
            return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    except Exception as error:  # zipfile, its decompressors and numpy raise what they like on damaged data
        raise ValueError(f"{name} cannot be read ({error or type(error).__name__})") from None
