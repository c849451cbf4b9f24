"""Many small webs from few large ones: random neighbour expansion, and the data set on disk.

The inductive sampling of W. Lu, N. A. Lee, M. J. Buehler, PNAS 120 (2023): a generator learns from
connected neighbourhoods of a web that is too large, and too single, to learn from whole.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.files import whole_file
from structgen.seeds import generator
from structgen.targets import NAMES, DesignTargets
from structgen.web import WebGraph

IntArray = npt.NDArray[np.int64]

MIN_NODES, MAX_NODES = 8, 128
FORMAT, VERSION = "structgen-neighbourhoods", 1
SPLITS = ("train", "validation", "test")
#: Share of the neighbourhoods, or of the space of a single web, that validation and test take.
HELD_OUT = (0.1, 0.1)
#: Arrays of the file with the type each is stored in; `*_ptr` hold where the rows of each neighbourhood begin.
ARRAYS: dict[str, type] = {
    "node_ptr": np.int64,
    "edge_ptr": np.int64,
    "pos": np.float32,
    "edges": np.int32,
    "radius": np.float32,
    "kind": np.uint8,
    "web": np.int32,
    "split": np.uint8,
    "source_node": np.int32,
    "targets": np.float32,
}


def expand(
    neighbours: Sequence[IntArray], start: int, nodes: int, rng: np.random.Generator, compact: float = 0.0
) -> IntArray:
    """Up to ``nodes`` connected nodes, grown from ``start`` by a neighbour of the chosen at a time.

    ``neighbours``: for each node the numbers of its neighbours. The next node is drawn evenly from all neighbours
    of the chosen or, with probability ``compact``, from those with the most chosen neighbours: 0 gives the
    straggling neighbourhoods of pure random expansion, 1 closes every mesh it can. Returns the nodes in order of
    choice; fewer where the part of the web that holds ``start`` is smaller.
    """
    chosen = [start]
    links: dict[int, int] = {}
    taken = {start}
    for _ in range(nodes - 1):
        for node in neighbours[chosen[-1]].tolist():
            if node not in taken:
                links[node] = links.get(node, 0) + 1
        if not links:
            break
        rim = list(links)
        if rng.random() < compact:
            most = max(links.values())
            rim = [node for node in rim if links[node] == most]
        pick = rim[int(rng.integers(len(rim)))]
        del links[pick]
        taken.add(pick)
        chosen.append(pick)
    return np.array(chosen)


def neighbour_lists(web: WebGraph) -> list[IntArray]:
    """For each node the sorted numbers of its neighbours."""
    ends = np.concatenate([web.edge_index, web.edge_index[::-1]], axis=1)
    order = np.lexsort((ends[1], ends[0]))
    return np.split(ends[1][order], np.cumsum(web.degree)[:-1])


def spatial_split(web: WebGraph) -> IntArray:
    """``(n,)`` split of each node of a single web, 0 train, 1 validation, 2 test, by slabs along its longest side.

    A neighbourhood drawn inside one slab shares no node, hence no edge, with one drawn in another.
    """
    axis = int(np.argmax(web.extents))
    test, validation = np.quantile(web.pos[:, axis], [HELD_OUT[1], HELD_OUT[0] + HELD_OUT[1]])
    coordinate = web.pos[:, axis]
    return np.where(coordinate < test, 2, np.where(coordinate < validation, 1, 0)).astype(np.int64)


def web_split(count: int, rng: np.random.Generator) -> IntArray:
    """``(count,)`` split of each of several source webs; at least one web in each split."""
    if count < len(SPLITS):
        raise ValueError(f"{count} webs cannot be split three ways; give one web, or at least {len(SPLITS)}")
    held = [max(1, round(share * count)) for share in HELD_OUT]
    split = np.zeros(count, np.int64)
    order = rng.permutation(count)
    split[order[: held[0]]] = 1
    split[order[held[0] : sum(held)]] = 2
    return split


@dataclass(frozen=True)
class _Pool:
    """Where neighbourhoods may begin: one part of one web within one split, large enough to sample."""

    web: int
    split: int
    nodes: IntArray
    part: WebGraph


def _pools(webs: Sequence[WebGraph], seed: int) -> list[_Pool]:
    if len(webs) == 1:
        web = webs[0]
        label = spatial_split(web)
        regions = [(0, split, np.flatnonzero(label == split)) for split in range(len(SPLITS))]
    else:
        label = web_split(len(webs), generator(seed, 0))
        regions = [(k, int(label[k]), np.arange(web.n)) for k, web in enumerate(webs)]
    pools = []
    for k, split, nodes in regions:
        if len(nodes) >= MIN_NODES and np.isin(webs[k].edge_index, nodes).all(axis=0).any():
            part = webs[k].subweb(nodes)
            size = np.bincount(part.components())[part.components()]
            if (size >= MIN_NODES).any():
                keep = np.flatnonzero(size >= MIN_NODES)
                pools.append(_Pool(k, split, nodes[keep], part.subweb(keep)))
    missing = set(range(len(SPLITS))) - {pool.split for pool in pools}
    if missing:
        names = ", ".join(SPLITS[s] for s in sorted(missing))
        raise ValueError(
            f"the source is too small: no connected region of {MIN_NODES} nodes for {names}; "
            "give a web of some hundred nodes"
        )
    return pools


class Sampler:
    """Draws neighbourhoods of 8 to 128 nodes from ``webs``: the k-th depends on ``(seed, k)`` alone.

    Several webs are split by web, one web by region. The logarithm of the size and the compactness are uniform, as far
    as the region allows: half of the neighbourhoods have up to 32 nodes.
    """

    def __init__(self, webs: Sequence[WebGraph], seed: int) -> None:
        self.seed = seed
        self._pools = _pools(webs, seed)
        self._lists = [neighbour_lists(pool.part) for pool in self._pools]
        pools = list(enumerate(self._pools))
        self._by_split = [[p for p, pool in pools if pool.split == s] for s in range(len(SPLITS))]
        weights = [np.array([self._pools[p].part.n for p in group], float) for group in self._by_split]
        self._chances = [weight / weight.sum() for weight in weights]

    def split(self, k: int) -> int:
        """Split of the k-th neighbourhood, without the work to draw it."""
        return self._begun(k)[1]

    def draw(self, k: int) -> tuple[WebGraph, int, int, IntArray]:
        """The k-th ``(neighbourhood, web, split, source nodes)``; its bounding box is centred on the origin."""
        rng, split = self._begun(k)
        group = self._by_split[split]
        p = group[int(rng.choice(len(group), p=self._chances[split]))]
        pool = self._pools[p]
        start, size = int(rng.integers(pool.part.n)), _size(rng)
        nodes = np.sort(expand(self._lists[p], start, size, rng, compact=rng.random()))
        web = pool.part.subweb(nodes)
        return web.translated(-(web.pos.min(0) + web.pos.max(0)) / 2), pool.web, split, pool.nodes[nodes]

    def _begun(self, k: int) -> tuple[np.random.Generator, int]:
        rng = generator(self.seed, 1, k)
        return rng, int(rng.choice(len(SPLITS), p=(1 - sum(HELD_OUT), *HELD_OUT)))


def _size(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(MIN_NODES), np.log(MAX_NODES + 1))))


def sample_neighbourhoods(
    webs: Sequence[WebGraph], count: int, seed: int
) -> Iterator[tuple[WebGraph, int, int, IntArray]]:
    """The first ``count`` draws of a `Sampler`: ``(neighbourhood, web, split, source nodes)``."""
    sampler = Sampler(webs, seed)
    for k in range(count):
        yield sampler.draw(k)


def build(
    webs: Sequence[WebGraph],
    path: str | Path,
    count: int,
    seed: int,
    origin: str,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Sample ``count`` neighbourhoods of ``webs`` into the file ``path`` (.npz) and open it.

    ``origin``: what the webs are, in words or as a command; it is kept in the header. ``progress``: told how many
    neighbourhoods of how many are done.
    """
    if count < 1:
        raise ValueError(f"count is {count}, must be at least 1")
    about = {
        "seed": int(seed), "count": count, "webs": len(webs), "origin": origin,
        "split_by": "web" if len(webs) > 1 else "region",
    }  # fmt: skip
    rows = sample_neighbourhoods(webs, count, seed)
    return write(path, rows, about, (lambda done: progress(done, count)) if progress else None)


def write(
    path: str | Path,
    rows: Iterable[tuple[WebGraph, int, int, IntArray]],
    about: Mapping[str, Any],
    progress: Callable[[int], None] | None = None,
) -> Dataset:
    """Write ``rows`` to the file ``path`` (.npz) and open it.

    ``rows``: webs, each with the number of its source, its split and the numbers ``(n,)`` that its nodes have there;
    at least one. ``about``: the header's facts, seed, count, webs, origin and split_by. ``progress``: told how many
    rows are done.
    """
    columns: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in ARRAYS}
    for web, k, split, source in rows:
        row = {
            "node_ptr": [web.n], "edge_ptr": [web.m], "pos": web.pos, "edges": web.edge_index.T, "radius": web.radius,
            "kind": web.kind, "web": [k], "split": [split], "source_node": source,
            "targets": [DesignTargets.measure(web).as_array()],
        }  # fmt: skip
        for name, value in row.items():
            columns[name].append(np.asarray(value, ARRAYS[name]))
        if progress:
            progress(len(columns["split"]))
    arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
    for name in ("node_ptr", "edge_ptr"):
        arrays[name] = np.concatenate([[0], np.cumsum(arrays[name])])
    header = {"format": FORMAT, "version": VERSION, **about, "splits": list(SPLITS), "targets": list(NAMES)}
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, header=np.array(json.dumps(header)), **arrays)
    return Dataset.open(path)


@dataclass(frozen=True)
class Dataset:
    """Neighbourhoods on disk, mapped into memory: only what is touched is read.

    Arrays as in `ARRAYS`: the k-th neighbourhood has the node rows ``node_ptr[k]:node_ptr[k+1]`` and the edge rows
    ``edge_ptr[k]:edge_ptr[k+1]``; ``edges`` count nodes from 0 within the neighbourhood.
    """

    path: Path
    header: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]

    @classmethod
    def open(cls, path: str | Path) -> Dataset:
        """Map the file; raises `ValueError` (one line) if it is not a sound data set of this version."""
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        try:
            with zipfile.ZipFile(path) as archive:
                arrays = {name: _mapped(path, archive, name) for name in ("header", *ARRAYS)}
            header = json.loads(str(arrays.pop("header")[()]))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise ValueError(f"its header does not say {FORMAT}")
            if header.get("version") != VERSION:
                raise ValueError(f"it has version {header.get('version')}, this program reads {VERSION}")
            _check(arrays)
        except Exception as error:  # zipfile, numpy and json raise what their readers raise on a damaged file
            raise ValueError(f"{path}: not a structgen data set ({' '.join(str(error).split())[:160]})") from None
        return cls(path, header, arrays)

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process is told the path, not sent the arrays.
        return Dataset.open, (self.path,)

    @property
    def fingerprint(self) -> str:
        """Checksums of the arrays as the file lists them: alike for data sets of the same content."""
        with zipfile.ZipFile(self.path) as archive:
            return " ".join(f"{archive.getinfo(f'{name}.npy').CRC:08x}" for name in ARRAYS)

    def __len__(self) -> int:
        return len(self.arrays["split"])

    def __getitem__(self, k: int) -> WebGraph:
        if not 0 <= k < len(self):
            raise IndexError(f"neighbourhood {k} of a data set that holds 0 to {len(self) - 1}")
        nodes = slice(*self.arrays["node_ptr"][k : k + 2])
        edges = slice(*self.arrays["edge_ptr"][k : k + 2])
        a = self.arrays
        return WebGraph(a["pos"][nodes], a["edges"][edges].T, a["radius"][edges], a["kind"][edges])

    def indices(self, split: str) -> IntArray:
        """Numbers of the neighbourhoods of a split: train, validation or test."""
        if split not in SPLITS:
            raise ValueError(f"split is {split!r}, must be one of {', '.join(SPLITS)}")
        return np.flatnonzero(self.arrays["split"] == SPLITS.index(split))

    def info(self) -> dict[str, Any]:
        """Header, counts by split and the range of each target; what `structgen data info` prints."""
        targets = self.arrays["targets"]
        quantiles = np.quantile(targets, [0, 0.5, 1], axis=0).T.tolist()
        return self.header | {
            "neighbourhoods": {name: len(self.indices(name)) for name in SPLITS},
            "ranges": {
                name: dict(zip(("min", "median", "max"), row, strict=True))
                for name, row in zip(NAMES, quantiles, strict=True)
            },
        }


def _mapped(path: Path, archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """An array of an uncompressed npz, mapped read-only where it lies in the file."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed and cannot be mapped")
    with archive.open(entry) as stream:
        major, _ = np.lib.format.read_magic(stream)
        reader = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = reader(stream)
        within = stream.tell()
    if dtype.hasobject or fortran:
        raise ValueError(f"{name} holds objects or is stored by column")
    size = math.prod(shape) * dtype.itemsize
    if within + size != entry.file_size:
        raise ValueError(f"{name} is cut short")
    with path.open("rb") as stream:
        # The local header repeats the name and an extra field whose lengths only it tells.
        stream.seek(entry.header_offset + 26)
        start = entry.header_offset + 30 + sum(np.frombuffer(stream.read(4), "<u2").tolist()) + within
    if size == 0:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=start, shape=shape)


def _check(arrays: dict[str, npt.NDArray[Any]]) -> None:
    for name in ("split", "pos", "edges"):
        if arrays[name].ndim == 0:
            raise ValueError(f"{name} is a single number")
    count = len(arrays["split"])
    n, m = len(arrays["pos"]), len(arrays["edges"])
    shapes = {
        "node_ptr": (count + 1,), "edge_ptr": (count + 1,), "pos": (n, 3), "edges": (m, 2), "radius": (m,),
        "kind": (m,), "web": (count,), "split": (count,), "source_node": (n,), "targets": (count, len(NAMES)),
    }  # fmt: skip
    for name, shape in shapes.items():
        if arrays[name].shape != shape or arrays[name].dtype != ARRAYS[name]:
            raise ValueError(f"{name} is {arrays[name].dtype} {arrays[name].shape}, expected {shape}")
    for name, rows in (("node_ptr", n), ("edge_ptr", m)):
        pointer = arrays[name]
        if pointer[0] != 0 or pointer[-1] != rows or (np.diff(pointer) < 1).any():
            raise ValueError(f"{name} does not count up to {rows}")
    if count == 0 or (arrays["split"] >= len(SPLITS)).any():
        raise ValueError("split is empty or out of range")
    for name in ("pos", "radius", "targets"):
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} is not finite")
    if (arrays["radius"] <= 0).any() or (arrays["targets"] < 0).any():
        raise ValueError("radius or targets are not positive")
    i, j = arrays["edges"].T
    if (i < 0).any() or (i >= j).any():
        raise ValueError("edges are not pairs i < j")
    if (j >= np.repeat(np.diff(arrays["node_ptr"]), np.diff(arrays["edge_ptr"]))).any():
        raise ValueError("edges name nodes that do not exist")
