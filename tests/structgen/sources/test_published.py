import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from structgen.sources.neighbourhoods import Dataset
from structgen.sources.published import import_dataset
from structgen.targets import DesignTargets
from structgen.web import WebGraph

LABELS = ["mean edge length", "dx", "dy", "dz", "nodes", "edges", "mean degree"]


def grid_web(seed, nodes=12):
    """A ladder with uneven rungs."""
    rng = np.random.default_rng(seed)
    k = np.arange(nodes // 2)
    pos = np.concatenate([np.column_stack([5 * k, 0 * k, 0 * k]), np.column_stack([5 * k, 0 * k + 5, 0 * k])])
    pos = pos + rng.uniform(-1, 1, pos.shape)
    half = nodes // 2
    edges = [(i, i + 1) for i in range(half - 1)] + [(i + half, i + half + 1) for i in range(half - 1)]
    return WebGraph.from_edges(pos.astype(np.float32), edges + [(i, i + half) for i in range(half)])


def row_of(web, sided="both", order=None):
    """``(64, 16)``: a web in the published layout."""
    order = np.arange(web.n) if order is None else order
    place = np.argsort(order)
    row = np.zeros((64, 16), np.float32)
    row[: web.n, 0] = np.arange(1, web.n + 1)
    row[: web.n, 1:4] = web.pos[order]
    used = np.zeros(web.n, int)
    for (i, j), length in zip(web.edge_index.T, web.lengths, strict=True):
        for a, b in ((i, j), (j, i))[: 1 if sided == "one" else 2]:
            row[place[a], 4 + used[a]], row[place[a], 10 + used[a]] = place[b] + 1, length
            used[a] += 1
    return row


def content(rows, counts=None, **changes):
    inputs = torch.tensor(np.array(rows))
    counts = [int((row[:, 0] > 0).sum()) for row in rows] if counts is None else counts
    values = {
        "inputs": inputs, "targets": torch.zeros(len(rows), 7), "node_counts": torch.tensor(counts), "labels": LABELS,
        "max_length": 64, "posdim_emb": 8, "max_neighbors": 6,
    }  # fmt: skip
    return tuple((values | changes).values())


@pytest.fixture
def imported(tmp_path):
    """``imported(rows, ...)``: the data set and the report of a published file with these rows."""

    def run(rows, seed=0, **changes):
        torch.save(content(rows, **changes), tmp_path / "webs.pt")
        return import_dataset(tmp_path / "webs.pt", tmp_path / "data.npz", seed)

    return run


def edges_of(web):
    """Edges as pairs of positions, which tell nodes apart in any order."""
    ends = np.round(web.pos - web.pos.mean(0), 3)[web.edge_index.T]
    return {frozenset(map(tuple, pair)) for pair in ends.tolist()}


@pytest.mark.parametrize("sided", ["both", "one"])
def test_webs_come_out_as_they_were_with_targets_measured_anew(imported, sided):
    webs = [grid_web(seed, nodes) for seed, nodes in enumerate((8, 12, 20, 30, 64, 10))]
    dataset, report = imported([row_of(web, sided) for web in webs])
    assert len(dataset) == report["kept"] == report["rows"] == 6
    assert report["dropped"] == {} and report["duplicates"] == 0 and report["distances_disagree"] == []
    assert report["one_sided_edges"] == (sum(web.m for web in webs) if sided == "one" else 0)
    for k, web in enumerate(webs):
        assert edges_of(dataset[k]) == edges_of(web)
        np.testing.assert_allclose(dataset[k].pos.min(0), -dataset[k].pos.max(0), atol=1e-5)
        np.testing.assert_allclose(dataset.arrays["targets"][k], DesignTargets.measure(web).as_array(), rtol=1e-5)
        assert dataset.arrays["web"][k] == k
    info = dataset.info()
    assert (info["split_by"], info["origin"], info["seed"]) == ("row", "published data set webs.pt", 0)
    json.dumps(report, allow_nan=False)


def test_self_loops_and_repeated_edges_are_mended_and_counted(imported):
    rows = [row_of(grid_web(seed)) for seed in range(4)]
    free = int((rows[0][0, 4:10] > 0).sum())
    rows[0][0, 4 + free] = 1  # itself
    rows[0][0, 5 + free], rows[0][0, 11 + free] = rows[0][0, 4], rows[0][0, 10]  # its first neighbour again
    dataset, report = imported(rows)
    assert (report["self_loops"], report["repeated_edges"], report["kept"]) == (1, 1, 4)
    assert dataset[0].m == grid_web(0).m


def changed(web, at, value):
    row = row_of(web)
    row[at] = value
    return row


def test_rows_that_are_no_sound_web_are_dropped_with_their_reason(imported):
    good = [row_of(grid_web(seed)) for seed in range(3)]
    web = grid_web(9)
    apart = row_of(WebGraph.from_edges(web.pos, [(0, 1), (2, 3)]))
    bad = {
        "has numbers that are not finite": changed(web, (2, 2), np.nan),
        "names neighbours that do not exist": changed(web, (2, 4), 13),
        "numbers its nodes neither from 1 nor from 0 in order": changed(web, (3, 0), 7),
        "has an edge of no length": changed(web, (slice(0, 2), slice(1, 4)), 1.0),
        "is not connected": apart,
        "has coordinates beyond 1e+06": changed(web, (2, 2), 1e9),
        "has no edges": changed(web, (slice(None), slice(4, 16)), 0),
        "has nodes past its node count": changed(web, (40, 1), 1),
        "node count is not 2 to 64": row_of(web),
    }
    counts = [12] * 11 + [99]
    rows = good + list(bad.values())
    dataset, report = imported(rows, node_counts=torch.tensor(counts))
    assert report["dropped"] == {reason: [3 + k] for k, reason in enumerate(bad)}
    assert len(dataset) == report["kept"] == 3


@pytest.mark.parametrize("value", [-1, 1.5])
def test_neighbours_that_are_no_numbers_of_nodes(imported, value):
    rows = [row_of(grid_web(seed)) for seed in range(3)] + [changed(grid_web(3), (1, 4), value)]
    assert imported(rows)[1]["dropped"] == {"names neighbours that do not exist": [3]}


def test_stated_distances_that_disagree_are_reported(imported):
    rows = [row_of(grid_web(seed)) for seed in range(3)] + [changed(grid_web(3), (0, 10), 99)]
    dataset, report = imported(rows)
    assert report["distances_disagree"] == [3] and len(dataset) == 4


def test_the_same_graph_in_another_order_stays_in_one_split(imported):
    rng = np.random.default_rng(0)
    webs = [grid_web(seed) for seed in range(20)]
    rows = [row_of(web, order=rng.permutation(web.n)) for _ in range(4) for web in webs]
    splits = set()
    for seed in range(3):
        dataset, report = imported(rows, seed)
        assert report["duplicates"] == 60
        split = dataset.arrays["split"].reshape(4, 20)
        assert (split == split[0]).all()
        assert np.bincount(split[0], minlength=3).tolist() == [16, 2, 2]
        splits.add(tuple(split[0].tolist()))
    assert len(splits) > 1


def test_same_seed_same_bytes(tmp_path, imported):
    rows = [row_of(grid_web(seed)) for seed in range(6)]
    first = imported(rows)[0].path.read_bytes()
    assert imported(rows)[0].path.read_bytes() == first


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": [1, 2]}, ("inputs must be a tensor of floating-point",)),
        ({"inputs": torch.zeros(4, 64, 16, dtype=torch.int64)}, ("floating-point",)),
        ({"inputs": torch.zeros(4, 64, 15)}, ("inputs have shape (4, 64, 15)", "(rows, 64, 16)")),
        ({"inputs": torch.zeros(1).expand(10**9, 64, 16)}, ("more than the file holds",)),
        ({"node_counts": [12]}, ("node_counts have 1 numbers for 4 rows",)),
        ({"node_counts": "abcd"}, ("node_counts must be a list of numbers",)),
        ({"node_counts": [np.nan] * 4}, ("0 different webs", "4 node count is not 2 to 64")),
        ({"extra": 1}, ("must hold the 7 values", "max_neighbors")),
    ],
)
def test_other_contents_are_refused(refused, imported, changes, words):
    with refused("webs.pt: ", *words):
        imported([row_of(grid_web(seed)) for seed in range(4)], **changes)


def test_too_few_webs(refused, imported):
    with refused("2 different webs cannot be split three ways"):
        imported([row_of(grid_web(seed)) for seed in (0, 1, 1)])


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Bomb:
    def __reduce__(self):
        return bytearray, (10**12,)


def test_a_pickle_that_would_execute_or_take_memory_does_neither(refused, tmp_path):
    mark = tmp_path / "executed"
    pickle.loads(pickle.dumps(Evil(mark)))
    mark.rmdir()  # so the trap works where nothing guards against it
    path = tmp_path / "webs.pt"
    rows = [row_of(grid_web(seed)) for seed in range(4)]
    for guest, word in ((Evil(mark), "mkdir"), (Bomb(), "bytearray"), (np.ones(3), "numpy")):
        torch.save(content(rows, max_length=guest), path)
        with refused(f"{path}: not the published data set", "refers to", word):
            import_dataset(path, tmp_path / "data.npz", 0)
    path.write_bytes(pickle.dumps(Evil(mark)))
    with refused("not an archive of torch.save"):
        import_dataset(path, tmp_path / "data.npz", 0)
    torch.save(content(rows, max_length=Evil(mark)), path, _use_new_zipfile_serialization=False)
    with refused("not an archive of torch.save"):
        import_dataset(path, tmp_path / "data.npz", 0)
    assert not mark.exists()
    assert not (tmp_path / "data.npz").exists()


def test_damaged_and_compressed_archives(refused, tmp_path):
    whole = io.BytesIO()
    torch.save(content([row_of(grid_web(seed)) for seed in range(4)]), whole)
    path, good = tmp_path / "webs.pt", whole.getvalue()
    rng = np.random.default_rng(0)
    damaged = [b"", b"x", good[:-1], good[: len(good) // 2], good[:100]]
    for _ in range(30):
        data = bytearray(good)
        data[int(rng.integers(600))] ^= int(rng.integers(1, 256))
        damaged.append(bytes(data))
    for data in damaged:
        path.write_bytes(data)
        message = f"{path}: "
        try:
            assert isinstance(import_dataset(path, tmp_path / "data.npz", 0)[0], Dataset)
        except ValueError as error:
            message = str(error)
        assert message.startswith(f"{path}: ") and "\n" not in message
    with zipfile.ZipFile(io.BytesIO(good)) as plain, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    with refused("compressed"):
        import_dataset(path, tmp_path / "data.npz", 0)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        import_dataset(tmp_path / "webs.pt", tmp_path / "data.npz", 0)
    with pytest.raises(FileNotFoundError, match="is a folder"):
        import_dataset(tmp_path, tmp_path / "data.npz", 0)
