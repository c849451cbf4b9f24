from __future__ import annotations

import io
import itertools
import json
import pickle
import re

import networkx as nx
import numpy as np
import pytest

from structgen.sources.neighbourhoods import (
    ARRAYS,
    MAX_NODES,
    MIN_NODES,
    SPLITS,
    Dataset,
    build,
    expand,
    neighbour_lists,
    sample_neighbourhoods,
    spatial_split,
    web_split,
)
from structgen.targets import NAMES, DesignTargets
from structgen.web import WebGraph


def lattice(*size: int) -> WebGraph:
    """A cubic lattice of nodes, 1 mm apart."""
    graph = nx.grid_graph(size[::-1])
    for node in graph:
        graph.nodes[node]["pos"] = node
    return WebGraph.from_networkx(graph)


def joined(*webs: WebGraph) -> WebGraph:
    """Webs side by side as one web of several parts."""
    starts = np.cumsum([0, *(web.n for web in webs)])[:-1]
    pos = np.vstack([web.translated((1e3 * k, 0, 0)).pos for k, web in enumerate(webs)])
    return WebGraph(pos, np.hstack([web.edge_index + s for web, s in zip(webs, starts, strict=True)]))


# -- random expansion ----------------------------------------------------------------------------------


def test_neighbour_lists_agree_with_networkx(cube):
    graph = joined(cube, lattice(3, 1, 1)).to_networkx()
    lists = neighbour_lists(joined(cube, lattice(3, 1, 1)))
    assert [row.tolist() for row in lists] == [sorted(graph[node]) for node in range(11)]


@pytest.mark.parametrize("compact", [0.0, 0.5, 1.0])
def test_expansion_is_connected_in_every_prefix_and_of_the_size_asked(compact):
    graph = lattice(6, 5, 4).to_networkx()
    lists = neighbour_lists(lattice(6, 5, 4))
    for seed in range(10):
        chosen = expand(lists, seed, 30, np.random.default_rng(seed), compact).tolist()
        assert chosen[0] == seed
        assert len(set(chosen)) == len(chosen) == 30
        for size in range(2, 31):
            linked = {node: len(set(graph[node]) & set(chosen[: size - 1])) for node in graph}
            rim = {node: links for node, links in linked.items() if links and node not in chosen[: size - 1]}
            assert chosen[size - 1] in rim
            if compact == 1:
                assert rim[chosen[size - 1]] == max(rim.values())


def test_expansion_draws_evenly_from_the_rim():
    star = WebGraph(np.vstack([[0, 0, 0], np.eye(3), -np.eye(3)]), [[0] * 6, range(1, 7)])
    lists = neighbour_lists(star)
    rng = np.random.default_rng(0)
    second = [int(expand(lists, 0, 2, rng)[1]) for _ in range(1200)]
    assert (np.abs(np.bincount(second, minlength=7)[1:] - 200) < 5 * np.sqrt(200)).all()


def test_expansion_ends_with_its_part_of_the_web(cube):
    lists = neighbour_lists(joined(lattice(3, 1, 1), cube))
    assert sorted(expand(lists, 5, 50, np.random.default_rng(0)).tolist()) == list(range(3, 11))


# -- sampling ------------------------------------------------------------------------------------------


def test_neighbourhoods_are_induced_from_the_source(tangle_web):
    graph = tangle_web.to_networkx()
    sizes = []
    for web, source, _, nodes in sample_neighbourhoods([tangle_web], 40, seed=1):
        assert source == 0
        assert MIN_NODES <= web.n <= MAX_NODES
        assert web.is_connected
        assert len(set(nodes.tolist())) == web.n
        shift = tangle_web.pos[nodes] - web.pos
        np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-9)
        np.testing.assert_allclose(web.pos.min(0), -web.pos.max(0), atol=1e-9)
        induced = {frozenset(edge) for edge in graph.subgraph(nodes.tolist()).edges}
        assert {frozenset(edge) for edge in nodes[web.edge_index.T].tolist()} == induced
        for i, j, radius, kind in zip(*nodes[web.edge_index], web.radius, web.kind, strict=True):
            assert (graph.edges[i, j]["radius"], graph.edges[i, j]["kind"]) == (radius, kind)
        sizes.append(web.n)
    assert min(sizes) < 20 and max(sizes) > 45


def test_each_neighbourhood_depends_on_seed_and_number_alone(tangle_web):
    few, many = (list(sample_neighbourhoods([tangle_web], count, seed=9)) for count in (3, 6))
    for (web, _, split, nodes), (other, _, same_split, same_nodes) in zip(few, many, strict=False):
        assert web == other
        assert split == same_split
        assert nodes.tolist() == same_nodes.tolist()


def test_regions_of_one_web_share_no_node_and_no_edge(tangle_web):
    nodes = {split: set() for split in range(3)}
    edges = {split: set() for split in range(3)}
    for web, _, split, source in sample_neighbourhoods([tangle_web], 150, seed=2):
        nodes[split] |= set(source.tolist())
        edges[split] |= {tuple(edge) for edge in source[web.edge_index.T].tolist()}
    assert all(nodes.values()) and all(edges.values())
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not nodes[a] & nodes[b]
        assert not edges[a] & edges[b]


def test_spatial_split_cuts_slabs_along_the_longest_side():
    web = lattice(20, 3, 3)
    split = spatial_split(web)
    assert [int((split == k).sum()) for k in range(3)] == [144, 18, 18]
    assert (split == np.where(web.pos[:, 0] < 2, 2, np.where(web.pos[:, 0] < 4, 1, 0))).all()


@pytest.mark.parametrize(("count", "held"), [(3, 1), (5, 1), (14, 1), (30, 3)])
def test_web_split_holds_out_a_tenth_but_at_least_one(count, held):
    split = web_split(count, np.random.default_rng(0))
    assert np.bincount(split).tolist() == [count - 2 * held, held, held]


def test_neighbourhoods_of_several_webs_are_split_by_web():
    webs = [lattice(4, 4, 3) for _ in range(6)]
    homes = {split: set() for split in range(3)}
    for _, web, split, _ in sample_neighbourhoods(webs, 120, seed=4):
        homes[split].add(web)
    assert sorted(len(home) for home in homes.values()) == [1, 1, 4]
    assert set.union(*homes.values()) == set(range(6))


def test_parts_too_small_to_sample_are_never_drawn():
    webs = [joined(lattice(3, 3, 1), lattice(7, 1, 1)) for _ in range(3)]
    for web, _, _, nodes in sample_neighbourhoods(webs, 30, seed=0):
        assert web.n >= MIN_NODES
        assert nodes.max() < 9


@pytest.mark.parametrize(
    ("webs", "words"),
    [
        ([], ("0 webs cannot be split", "at least 3")),
        ([lattice(5, 5, 1)] * 2, ("2 webs cannot be split", "at least 3")),
        ([lattice(5, 1, 1)], ("too small", "8 nodes", "train, validation, test")),
        ([lattice(5, 5, 1)], ("too small", "validation")),
        ([lattice(3, 1, 1)] * 4, ("too small", "train, validation, test")),
    ],
)
def test_sources_that_are_too_small_are_refused(refused, webs, words):
    with refused(*words):
        next(sample_neighbourhoods(webs, 1, seed=0))


# -- the data set on disk -------------------------------------------------------------------------------


def test_what_is_built_is_what_was_sampled(tangle_web, dataset):
    assert len(dataset) == 80
    for k, (web, source, split, nodes) in enumerate(sample_neighbourhoods([tangle_web], 80, seed=5)):
        stored = dataset[k]
        np.testing.assert_array_equal(stored.pos, web.pos.astype(np.float32))
        np.testing.assert_array_equal(stored.edge_index, web.edge_index)
        np.testing.assert_array_equal(stored.radius, web.radius.astype(np.float32))
        np.testing.assert_array_equal(stored.kind, web.kind)
        rows = slice(*dataset.arrays["node_ptr"][k : k + 2])
        assert dataset.arrays["source_node"][rows].tolist() == nodes.tolist()
        assert (dataset.arrays["web"][k], dataset.arrays["split"][k]) == (source, split)
        expected = DesignTargets.measure(web).as_array()
        np.testing.assert_allclose(dataset.arrays["targets"][k], expected, rtol=1e-6)
    assert sum(1 for _ in dataset) == 80


def test_arrays_are_mapped_and_read_only(dataset):
    for name, array in dataset.arrays.items():
        assert isinstance(array, np.memmap), name
        assert array.dtype == ARRAYS[name]
        assert not array.flags.writeable


def test_another_process_is_told_the_path_not_sent_the_arrays(dataset):
    sent = pickle.dumps(dataset)
    assert len(sent) < 1000
    received = pickle.loads(sent)
    assert received.path == dataset.path
    assert all(np.array_equal(received.arrays[name], array) for name, array in dataset.arrays.items())


def test_same_seed_same_bytes_another_seed_others(tangle_web, tmp_path):
    files = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        files[name] = build([tangle_web], tmp_path / f"{name}.npz", 12, seed, "a test").path.read_bytes()
    assert files["a"] == files["b"]
    assert files["a"] != files["c"]


def test_fingerprint_tells_contents_apart_that_have_the_same_header(tangle_web, tmp_path):
    webs = [tangle_web, tangle_web.scaled(1.001)]
    one, other = (build([web], tmp_path / f"{k}.npz", 10, 1, "a test") for k, web in enumerate(webs))
    again = build([tangle_web], tmp_path / "again.npz", 10, 1, "a test")
    assert one.header == other.header == again.header
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_splits_and_information(dataset):
    rows = [dataset.indices(split).tolist() for split in SPLITS]
    assert sorted(itertools.chain(*rows)) == list(range(80))
    info = dataset.info()
    assert info["neighbourhoods"] == dict(zip(SPLITS, map(len, rows), strict=True))
    assert (info["seed"], info["origin"], info["split_by"]) == (5, "a test", "region")
    assert list(info["ranges"]) == list(NAMES)
    sizes = [web.n for web in dataset]
    assert info["ranges"]["nodes"] == {"min": min(sizes), "median": np.median(sizes), "max": max(sizes)}
    json.dumps(info, allow_nan=False)


def test_wrong_arguments(refused, dataset, tangle_web, tmp_path):
    with refused("split is 'dev'", "train, validation, test"):
        dataset.indices("dev")
    with refused("count is 0", "at least 1"):
        build([tangle_web], tmp_path / "a.npz", 0, 0, "")
    with refused("seed is -1", "whole number >= 0"):
        build([tangle_web], tmp_path / "a.npz", 1, -1, "")
    for k in (80, -1):
        with pytest.raises(IndexError, match=f"neighbourhood {k} of a data set that holds 0 to 79"):
            dataset[k]
    assert list(tmp_path.iterdir()) == []


# -- files that are no sound data set --------------------------------------------------------------------


@pytest.fixture
def altered(dataset, tmp_path):
    """Writes the data set's file again with other arrays or another header; None leaves an array out."""

    def write(saver=np.savez, header=None, **changes):
        arrays = {name: np.array(array) for name, array in dataset.arrays.items()}
        arrays["header"] = np.array(json.dumps(dataset.header | (header or {})))
        arrays |= {name: change(arrays[name]) if callable(change) else change for name, change in changes.items()}
        path = tmp_path / "altered.npz"
        saver(path, **{name: array for name, array in arrays.items() if array is not None})
        return path

    return write


def changed(at, value):
    def change(array):
        array[at] = value
        return array

    return change


def test_unaltered_file_is_read(altered, dataset):
    again = Dataset.open(altered())
    assert again.header == dataset.header
    assert all(a == b for a, b in zip(again, dataset, strict=True))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"header": {"format": "other"}}, ("does not say structgen-neighbourhoods",)),
        ({"header": {"version": 2}}, ("version 2", "reads 1")),
        ({"saver": np.savez_compressed}, ("compressed",)),
        ({"pos": None}, ("pos.npy",)),
        ({"pos": lambda a: a.astype(object)}, ("objects",)),
        ({"pos": lambda a: a.astype(float)}, ("pos is float64",)),
        ({"pos": lambda a: a[:, :2].copy()}, ("pos is float32", ", 2), expected", ", 3)")),
        ({"pos": lambda a: np.asfortranarray(a)}, ("by column",)),
        ({"pos": lambda a: np.float32(1)}, ("pos is a single number",)),
        ({"split": lambda a: np.uint8(1)}, ("split is a single number",)),
        ({"edges": lambda a: np.int32(1)}, ("edges is a single number",)),
        ({"edges": lambda a: a[:, 0]}, ("edges is int32",)),
        ({"pos": changed((3, 1), np.nan)}, ("pos is not finite",)),
        ({"targets": changed((3, 1), np.inf)}, ("targets is not finite",)),
        ({"targets": changed((3, 1), -1)}, ("not positive",)),
        ({"radius": changed(5, np.nan)}, ("radius is not finite",)),
        ({"radius": changed(5, 0)}, ("not positive",)),
        ({"edges": changed((4, 0), -1)}, ("edges are not pairs i < j",)),
        ({"edges": changed((4, 1), 0)}, ("edges are not pairs i < j",)),
        ({"edges": changed((4, 1), MAX_NODES)}, ("nodes that do not exist",)),
        ({"node_ptr": changed(0, 1)}, ("node_ptr does not count",)),
        ({"node_ptr": changed(2, 0)}, ("node_ptr does not count",)),
        ({"edge_ptr": changed(-1, 0)}, ("edge_ptr does not count",)),
        ({"split": changed(0, 3)}, ("split is empty or out of range",)),
        ({"web": lambda a: a[:-1]}, ("web is int32 (79,)",)),
    ],
)
def test_altered_files_are_refused(refused, altered, changes, words):
    path = altered(**changes)
    with refused(f"{path}: not a structgen data set", *words):
        Dataset.open(path)


def test_empty_data_set_is_refused(refused, altered):
    empty = {name: (lambda a: a[:0]) for name in ARRAYS} | {name: np.array([0]) for name in ("node_ptr", "edge_ptr")}
    with refused("split is empty"):
        Dataset.open(altered(**empty))


@pytest.mark.parametrize("header", ["5", "[]", "{", '"x"', "[" * 5000, ""])
def test_headers_of_other_shape_are_refused(refused, dataset, tmp_path, header):
    np.savez(tmp_path / "a.npz", header=np.array(header), **dataset.arrays)
    with refused("not a structgen data set"):
        Dataset.open(tmp_path / "a.npz")


def test_files_of_other_kinds_are_refused(refused, tmp_path):
    path = tmp_path / "a.npz"
    pickle = io.BytesIO()
    np.save(pickle, np.array([{"a": 1}], object), allow_pickle=True)
    for content in (b"", b"PK\x03\x04", b"hello" * 100, pickle.getvalue()):
        path.write_bytes(content)
        with refused(f"{path}: not a structgen data set"):
            Dataset.open(path)
    for missing in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(FileNotFoundError, match="no such file"):
            Dataset.open(missing)


def test_truncated_files_are_refused(refused, dataset, tmp_path):
    content = dataset.path.read_bytes()
    path = tmp_path / "cut.npz"
    for length in np.linspace(0, len(content) - 1, 25).astype(int):
        path.write_bytes(content[:length])
        with refused("not a structgen data set"):
            Dataset.open(path)


def test_a_damaged_byte_gives_a_data_set_or_one_line(dataset, tmp_path):
    content = bytearray(dataset.path.read_bytes())
    path = tmp_path / "damaged.npz"
    rng = np.random.default_rng(0)
    # Headers and the directory are where damage leads a reader astray; they are few bytes of many.
    marks = [at.start() for at in re.finditer(b"PK|NUMPY", content)]
    places = sorted({k for at in marks for k in range(at, min(at + 200, len(content)))})
    messages = []
    for at in rng.choice(places, 400).tolist():
        damaged = content.copy()
        damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            assert len(list(Dataset.open(path))) > 0
        except ValueError as error:
            messages.append(str(error))
    assert 100 < len(messages) < 400
    assert not any("\n" in message for message in messages)
