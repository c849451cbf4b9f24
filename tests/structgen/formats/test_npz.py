from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from structgen import formats
from structgen.formats import npz
from structgen.io import read_web, read_web_and_metadata
from structgen.web import DEFAULT_RADIUS, WebGraph

POS = np.array([[0, 0, 0], [3, 0, 0], [3, 4, 1]], float)
EDGES = np.array([[0, 1], [1, 2]])


@pytest.fixture
def archive(tmp_path):
    """``archive(pos=..., edges=...)``: the path of an npz with these arrays; compressed on request."""

    def write(compressed=False, **arrays):
        path = tmp_path / "web.npz"
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        return path

    return write


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int64, float])
def test_edges_of_any_whole_type_by_row_or_by_column(archive, dtype, compressed):
    web = WebGraph.from_edges(POS, EDGES)
    assert read_web(archive(compressed, pos=POS, edges=EDGES.astype(dtype))) == web
    assert read_web(archive(compressed, pos=POS.astype(np.float32), edge_index=EDGES.T.astype(dtype))) == web


def test_a_planar_web_lies_at_z_0_and_gets_the_default_radius(archive):
    web = read_web(archive(pos=POS[:, :2], edges=EDGES))
    assert np.array_equal(web.pos, [[0, 0, 0], [3, 0, 0], [3, 4, 0]])
    assert (web.radius == DEFAULT_RADIUS).all()
    assert (web.kind == 0).all()


def test_edges_in_both_directions_are_one(archive):
    both = np.concatenate([EDGES[:, ::-1], EDGES])
    radius = np.array([0.1, 0.2, 0.3, 0.4])
    assert read_web(archive(pos=POS, edges=both, radius=radius)) == WebGraph(POS, EDGES.T, radius[:2])


def test_one_radius_and_one_kind_hold_for_all(archive):
    web = read_web(archive(pos=POS, edges=EDGES, radius=0.7, kind=3, unknown=np.zeros(5)))
    assert web == WebGraph(POS, EDGES.T, [0.7, 0.7], [3, 3])


@pytest.mark.parametrize(
    ("arrays", "word"),
    [
        ({"pos": POS}, "must hold pos and edge_index (or edges), holds pos"),
        ({"edges": EDGES}, "must hold pos"),
        ({}, "holds nothing"),
        ({"pos": POS[:1], "edges": EDGES}, "web has 1 node(s); at least 2 are needed"),
        ({"pos": POS, "edges": EDGES[:0]}, "web has no edges"),
        ({"pos": POS, "edge_index": np.zeros((2, 0), int)}, "web has no edges"),
        ({"pos": POS, "edge_index": np.zeros((3, 2), int)}, "edge_index has shape (3, 2), expected (2, m)"),
        ({"pos": POS, "edge_index": np.array(3)}, "edge_index has shape (), expected (2, m)"),
        ({"pos": POS, "edges": EDGES.T[:, :1]}, "edges has shape (2, 1), expected (m, 2)"),
        ({"pos": POS, "edges": EDGES + 1.5}, "edges row 0 is [1.5 2.5]: must be a whole number"),
        ({"pos": POS, "edges": EDGES + 1}, "edges row 1 is [2 3]: node numbers must lie in 0..2"),
        ({"pos": POS, "edges": EDGES, "radius": [0.1]}, "radius has shape (1,), expected (2,)"),
        ({"pos": POS, "edges": EDGES, "radius": [0.1, -2]}, "radius row 1 is -2.0"),
        ({"pos": POS, "edges": EDGES, "kind": [1, np.nan]}, "kind row 1 is nan"),
        ({"pos": POS.astype(str), "edges": EDGES}, "pos is not an array of numbers"),
        ({"pos": POS.astype(complex), "edges": EDGES}, "pos is not an array of numbers"),
        ({"pos": POS.ravel(), "edges": EDGES}, "pos has shape (9,)"),
        ({"pos": np.where(POS == 4, np.nan, POS), "edges": EDGES}, "pos row 2 is [ 3. nan 1.]"),
    ],
)
def test_arrays_that_make_no_web_are_named(unreadable, archive, arrays, word):
    unreadable(archive(**arrays), word)


def test_a_data_set_is_no_web(unreadable, dataset):
    unreadable(dataset.path, "holds a data set of many small webs, not a web; see `structgen data info`")


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "sprung")


@pytest.mark.parametrize("name", ["pos", "edges", "radius", "kind", "metadata", "unknown"])
def test_an_array_of_objects_is_not_unpickled(unreadable, archive, tmp_path, name):
    sprung = tmp_path / "sprung"
    trap = np.array([Trap(sprung)], dtype=object)
    path = archive(**{"pos": POS, "edges": EDGES, name: trap})
    if name == "unknown":
        assert read_web(path) == WebGraph.from_edges(POS, EDGES)
    else:
        unreadable(path, f"{name} cannot be read (Object arrays cannot be loaded when allow_pickle=False")
    assert not sprung.exists()
    # The trap works: what refuses it is the reader.
    np.load(path, allow_pickle=True)[name]
    assert sprung.exists()


def test_a_pickle_named_npz_is_not_unpickled(unreadable, tmp_path):
    path = tmp_path / "web.npz"
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    unreadable(path, "not a NumPy archive (.npz)")
    assert not (tmp_path / "sprung").exists()


def test_a_single_array_named_npz_is_refused(unreadable, tmp_path):
    np.save(tmp_path / "web.npy", POS)
    (tmp_path / "web.npy").rename(tmp_path / "web.npz")
    unreadable(tmp_path / "web.npz", "not a NumPy archive")


def test_an_archive_of_other_things_is_refused(unreadable, tmp_path):
    with zipfile.ZipFile(tmp_path / "web.npz", "w") as archive:
        archive.writestr("pos.npy", b"no array")
        archive.writestr("edges.npy", b"")
    unreadable(tmp_path / "web.npz", "pos cannot be read")


def test_an_array_that_unpacks_to_too_much_is_refused_unread(unreadable, archive, monkeypatch):
    path = archive(compressed=True, pos=np.zeros((100_000, 3)), edges=EDGES)
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(npz, "MAX_ARRAY_BYTES", 2**20)
    unreadable(path, "pos unpacks to 2 MiB, at most 1 MiB are read")
    assert formats.MAX_ARRAY_BYTES > 2**20


def test_an_array_shorter_than_it_states_is_refused(unreadable, tmp_path):
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    header += b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999, 3)}".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "web.npz", "w") as archive:
        archive.writestr("pos.npy", header + b"\0" * 24)
    unreadable(tmp_path / "web.npz", "pos cannot be read")


@pytest.mark.parametrize("metadata", [np.array(3), np.array(["a", "b"]), np.array(b"{}"), np.array("[]")])
def test_metadata_that_is_no_object_is_nothing(archive, metadata):
    assert read_web_and_metadata(archive(pos=POS, edges=EDGES, metadata=metadata))[1] == {}
