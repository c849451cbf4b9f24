"""The published data set of webs (`dataset_webs_medium.pt` of Lu, Lee, Buehler, PNAS 120, 2023) as a data set of ours.

Layout: a tuple ``(inputs, targets, node_counts, target_labels, max_length, posdim_emb, max_neighbors)``; ``inputs``
is float ``(rows, 64, 16)``: for each node its number from 1, x, y, z, the numbers of six neighbours (0 is none) and
the distances to them; nodes past the row's node count are zero.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.seeds import generator
from structgen.sources.neighbourhoods import HELD_OUT, SPLITS, Dataset, IntArray, write
from structgen.web import MAX_COORDINATE, WebGraph

FloatArray = npt.NDArray[np.float64]

FIELDS = ("inputs", "targets", "node_counts", "target_labels", "max_length", "posdim_emb", "max_neighbors")
COLUMNS = 4
#: Larger files are refused before they are read, bytes.
MAX_BYTES = 4 * 2**30
#: Longest pickle within the file, bytes: it holds no numbers but those of short lists.
MAX_PICKLE = 64 * 2**20
#: All that the pickle of a tuple of tensors, lists and numbers refers to. torch's own safe list is wider: it has
#: bytearray, which takes any amount of memory.
SAFE = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2"} | {
    f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "Long", "Int", "Short", "Byte", "Bool")
}
#: A stated distance may differ from the one between the nodes by this share of the longest strut.
DISTANCE_TOLERANCE = 0.01


class _UnsoundError(Exception):
    """Why a row is dropped."""


def import_dataset(source: str | Path, path: str | Path, seed: int) -> tuple[Dataset, dict[str, Any]]:
    """Write the webs of the published data set ``source`` (.pt) to ``path`` (.npz); returns it and a report.

    Neighbour lists may name an edge at one of its nodes or at both, or twice; self-loops go. Rows that are no
    connected web are dropped. Targets are measured, not taken over. The box of each web is centred on the origin.
    The split is by row: a tenth each for validation and test, drawn from ``seed``; rows that hold the same graph, up
    to the order of its nodes, stand in one split.

    The report (JSON values): ``rows``, ``kept``, ``dropped`` (reason to row numbers), ``duplicates`` (rows that repeat
    an earlier one), ``self_loops`` dropped, ``one_sided_edges`` and ``repeated_edges`` met, ``distances_disagree``
    (rows whose stated distances are not those between their nodes; kept).

    Nothing in the file is executed. Raises `FileNotFoundError`, or `ValueError` in one line.
    """
    inputs, counts = _loaded(Path(source))
    notes: dict[str, Any] = {"self_loops": 0, "one_sided_edges": 0, "repeated_edges": 0, "distances_disagree": []}
    dropped: defaultdict[str, list[int]] = defaultdict(list)
    kept: list[tuple[int, WebGraph]] = []
    for k, (row, count) in enumerate(zip(inputs, counts, strict=True)):
        try:
            kept.append((k, _web(row.astype(float), count, k, notes)))
        except _UnsoundError as why:
            dropped[str(why)].append(k)
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place, (_, web) in enumerate(kept):
        groups[_fingerprint(web)].append(place)
    facts = {"rows": len(inputs), "kept": len(kept), "dropped": dict(dropped), "duplicates": len(kept) - len(groups)}
    facts |= notes | {"seed": int(seed), "split_by": "row"}
    if len(groups) < len(SPLITS):
        reasons = ", ".join(f"{len(rows)} {why}" for why, rows in dropped.items()) or "none dropped"
        raise ValueError(f"{source}: {len(groups)} different webs cannot be split three ways ({reasons})")
    split = _split(list(groups.values()), len(kept), seed)
    about = {
        "seed": int(seed), "count": len(kept), "webs": len(inputs), "origin": f"published data set {Path(source).name}",
        "split_by": "row",
    }  # fmt: skip
    rows = ((web, k, int(split[place]), np.arange(web.n)) for place, (k, web) in enumerate(kept))
    return write(path, rows, about), facts


def _loaded(path: Path) -> tuple[npt.NDArray[Any], list[int]]:
    """``inputs`` and the node counts."""
    import torch

    if not path.is_file():
        raise FileNotFoundError(f"{path}: {'is a folder, not a file' if path.is_dir() else 'no such file'}")
    try:
        _check_archive(path)
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        if not isinstance(content, tuple | list) or len(content) != len(FIELDS):
            raise ValueError(f"must hold the {len(FIELDS)} values {', '.join(FIELDS)}")
        inputs, counts = content[0], content[2]
        if not isinstance(inputs, torch.Tensor) or inputs.layout != torch.strided or not inputs.is_floating_point():
            raise ValueError("inputs must be a tensor of floating-point numbers")
        neighbours = (inputs.shape[-1] - COLUMNS) // 2 if inputs.ndim == 3 else 0
        if inputs.ndim != 3 or neighbours < 1 or inputs.shape[-1] != COLUMNS + 2 * neighbours:
            raise ValueError(f"inputs have shape {tuple(inputs.shape)}, expected (rows, 64, 16)")
        # A tensor of stride 0 may state any size.
        if inputs.numel() * inputs.element_size() > path.stat().st_size:
            raise ValueError(f"inputs have shape {tuple(inputs.shape)}, more than the file holds")
        whole = _counts(counts, len(inputs))
        return inputs.float().numpy(), whole
    except Exception as error:  # zipfile, pickle and torch raise what they like on damaged data
        reason = " ".join(str(error).split("\n")[0].split())[:200] or type(error).__name__
        raise ValueError(f"{path}: not the published data set ({reason})") from None


def _check_archive(path: Path) -> None:
    """Raise `ValueError` where `torch.load` would take more memory than the file has, or meets more than tensors."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"the file has {size >> 20} MiB, at most {MAX_BYTES >> 20} MiB are read")
    if not zipfile.is_zipfile(path):
        raise ValueError("not an archive of torch.save, version 1.6 or later")
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("the archive is compressed, which torch.save does not do")
        if sum(entry.file_size for entry in entries) > size:
            raise ValueError("the archive states more bytes than it holds")
        pickles = [entry for entry in entries if entry.filename.endswith("data.pkl")]
        if len(pickles) != 1 or pickles[0].file_size > MAX_PICKLE:
            raise ValueError(f"the archive must hold one data.pkl of at most {MAX_PICKLE >> 20} MiB")
        for opcode, argument, _ in pickletools.genops(archive.read(pickles[0])):
            if opcode.name in ("STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4") or (
                opcode.name == "GLOBAL" and argument not in SAFE
            ):
                raise ValueError(f"it refers to {argument or opcode.name!r}, only tensors, lists and numbers are read")


def _counts(counts: Any, rows: int) -> list[int]:
    try:
        array = np.asarray([float(count) for count in counts])
    except (TypeError, ValueError):
        raise ValueError("node_counts must be a list of numbers") from None
    if array.shape != (rows,):
        raise ValueError(f"node_counts have {len(array)} numbers for {rows} rows")
    return [int(count) if np.isfinite(count) and count == int(count) else -1 for count in array]


def _web(row: FloatArray, count: int, k: int, notes: dict[str, Any]) -> WebGraph:
    """The web of one row ``(64, 16)``; counts in ``notes`` what was mended."""
    if not 2 <= count <= len(row):
        raise _UnsoundError(f"node count is not 2 to {len(row)}")
    if not np.isfinite(row).all():
        raise _UnsoundError("has numbers that are not finite")
    if row[count:].any():
        raise _UnsoundError("has nodes past its node count")
    row = row[:count]
    half = (row.shape[1] - COLUMNS) // 2
    pos, listed, stated = row[:, 1:4], row[:, COLUMNS : COLUMNS + half], row[:, COLUMNS + half :]
    if (np.abs(pos) > MAX_COORDINATE).any():
        raise _UnsoundError(f"has coordinates beyond {MAX_COORDINATE:g}")
    ordinal = row[:, 0]
    if not (np.array_equal(ordinal, np.arange(1, count + 1)) or np.array_equal(ordinal, np.arange(count))):
        raise _UnsoundError("numbers its nodes neither from 1 nor from 0 in order")
    if (listed != np.round(listed)).any() or (listed < 0).any() or (listed > count).any():
        raise _UnsoundError("names neighbours that do not exist")
    node, column = np.nonzero(listed)
    ends = np.column_stack([node, listed[node, column].astype(np.int64) - 1])
    loops = ends[:, 0] == ends[:, 1]
    notes["self_loops"] += int(loops.sum())
    ends, away = ends[~loops], stated[node, column][~loops]
    if not len(ends):
        raise _UnsoundError("has no edges")
    directed = np.unique(ends, axis=0)
    edges, sides = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    lengths = np.linalg.norm(pos[ends[:, 0]] - pos[ends[:, 1]], axis=1)
    if (lengths == 0).any():
        raise _UnsoundError("has an edge of no length")
    web = WebGraph(pos - (pos.min(axis=0) + pos.max(axis=0)) / 2, edges.T)
    if not web.is_connected:
        raise _UnsoundError("is not connected")
    notes["repeated_edges"] += len(ends) - len(directed)
    notes["one_sided_edges"] += int((sides == 1).sum())
    if np.abs(away - lengths).max() > DISTANCE_TOLERANCE * lengths.max():
        notes["distances_disagree"].append(k)
    return web


def _fingerprint(web: WebGraph) -> int:
    """A number that webs share which differ in the order of nodes, or by a motion, alone.

    Three rounds of the refinement of B. Weisfeiler and A. Leman (1968) over degrees and edge lengths, the latter to a
    ten-thousandth of the longest.
    """
    label = np.round(1e4 * web.lengths / web.lengths.max()).astype(np.int64).tolist()
    near: list[list[tuple[int, int]]] = [[] for _ in range(web.n)]
    for (i, j), length in zip(web.edge_index.T.tolist(), label, strict=True):
        near[i].append((length, j))
        near[j].append((length, i))
    colour = [len(links) for links in near]
    for _ in range(3):
        colour = [hash((colour[i], *sorted((length, colour[j]) for length, j in near[i]))) for i in range(web.n)]
    return hash((web.n, web.m, *sorted(colour)))


def _split(groups: list[list[int]], count: int, seed: int) -> IntArray:
    """``(count,)`` split of each row; validation and test take a tenth of the groups each, at least one."""
    split = np.zeros(count, np.int64)
    order = generator(seed, 0).permutation(len(groups)).tolist()
    held = [max(1, round(share * len(groups))) for share in HELD_OUT]
    for number, chosen in ((1, order[: held[0]]), (2, order[held[0] : sum(held)])):
        for group in chosen:
            split[groups[group]] = number
    return split
