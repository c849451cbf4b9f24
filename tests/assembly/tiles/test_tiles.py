import numpy as np
import pytest
import trimesh

from assembly.export import write_stl
from assembly.hybrid.struts import struts_of
from assembly.meshes import read_mesh
from assembly.solid import solidify
from assembly.tiles import solidify_to_stl
from assembly.tiles.checking import Stored, checked_tile, joined
from assembly.tiles.cutting import Made, tiles_of
from assembly.tiles.meshing import TileMesh
from assembly.verify import UnsoundSolid, verified
from structgen.web import WebGraph


def triangles(path):
    """``(f, 12)`` the numbers of all facets, normals too, each turned to begin with its least corner, in order."""
    facets = np.frombuffer(path.read_bytes()[84:], [("numbers", "<f4", 12), ("attribute", "<u2")])["numbers"]
    corners = facets[:, 3:].reshape(-1, 3, 3)
    _, number = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    lead = number.reshape(-1, 3).argmin(axis=1)
    turned = np.take_along_axis(corners, ((lead[:, None] + np.arange(3)) % 3)[:, :, None], axis=1)
    rows = np.column_stack([turned.reshape(-1, 9), facets[:, :3]])
    return rows[np.lexsort(rows.T)]


def check_same(web, tmp_path, tiles, **options):
    """The tiled file has the triangles of the other one, and the report its numbers."""
    solid = solidify(web, **options)
    write_stl(solid, tmp_path / "whole.stl")
    report = solidify_to_stl(web, tmp_path / "tiled.stl", tiles=tiles, **options)
    np.testing.assert_array_equal(triangles(tmp_path / "tiled.stl"), triangles(tmp_path / "whole.stl"))
    for name in ("triangles", "genus", "contacts", "bounding_box_mm", "struts", "nodes", "faces_tested"):
        assert report[name] == solid.report[name]
    assert report.volume_mm3 == pytest.approx(solid.report.volume_mm3, rel=1e-9)
    assert report.mass_g == pytest.approx(solid.report.mass_g, rel=1e-9)
    return report


@pytest.mark.parametrize("turn", [None, 3])
@pytest.mark.parametrize("tiles", [1, 2, 5])
def test_a_lattice_in_tiles_has_the_triangles_of_the_whole(lattice, tmp_path, turn, tiles):
    report = check_same(lattice(3, turn), tmp_path, tiles, sides=6)
    assert report.genus == 28
    assert report.method == f"hybrid in {tiles} tiles"


@pytest.mark.parametrize("tiles", [4, 9])
@pytest.mark.parametrize("x", [0, 3000])
def test_a_tangle_with_collisions_has_the_triangles_of_the_whole(small_tangle, tmp_path, tiles, x):
    assert check_same(small_tangle.translated([x, x, 0]), tmp_path, tiles).contacts > 0


@pytest.mark.parametrize("seed", range(22))
def test_hard_webs_have_the_triangles_of_the_whole(hard_web, tmp_path, seed):
    check_same(hard_web(seed), tmp_path, 2 + seed % 4)


def test_a_tile_for_each_node(random_web, tmp_path):
    web = random_web(1)
    check_same(web, tmp_path, 10 * web.n)


def test_the_file_is_the_sound_solid_of_the_web(small_tangle, tmp_path):
    report = solidify_to_stl(small_tangle, tmp_path / "part.stl", tiles=6)
    mesh = read_mesh(tmp_path / "part.stl")
    again = verified(mesh.vertices, mesh.faces, small_tangle)
    assert (again.genus, again.triangles, again.bodies) == (report.genus, report.triangles, 1)
    assert again.volume_mm3 == pytest.approx(report.volume_mm3)


def test_a_closed_hole_that_no_tile_sees_whole_is_filled(tmp_path):
    """The faces of a cube, of struts and diagonals so thick that only its middle is hollow."""
    k = np.arange(9)
    flat = np.stack(np.meshgrid(k, k, indexing="ij"), -1).reshape(-1, 2)
    shell = np.unique(
        np.concatenate([np.insert(flat, axis, end, axis=1) for axis in range(3) for end in (0, 8)]), axis=0
    )
    step = shell[:, None] - shell[None]
    along, across = np.abs(step).sum(axis=2) == 1, (np.sort(step, axis=2) == [0, 1, 1]).all(axis=2)
    i, j = np.nonzero(np.triu(along | across | across.T))
    web = WebGraph.from_edges(shell.astype(float), np.column_stack([i, j]), 0.55)
    report = check_same(web, tmp_path, 4)
    assert (report.genus, report.voids) == (0, 0)
    assert trimesh.load(tmp_path / "tiled.stl").volume > 8.5**3


def test_the_bytes_depend_on_the_web_alone(small_tangle, tmp_path):
    for name, workers in (("one", 1), ("again", 1), ("pool", 2)):
        solidify_to_stl(small_tangle, tmp_path / name, tiles=3, workers=workers)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "again").read_bytes() == (tmp_path / "pool").read_bytes()


@pytest.mark.slow
def test_a_scheduler_gives_the_same_bytes(small_tangle, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster: dask.distributed")
    solidify_to_stl(small_tangle, tmp_path / "here.stl", tiles=3)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        solidify_to_stl(small_tangle, tmp_path / "there.stl", tiles=3, scheduler=cluster.scheduler_address)
    assert (tmp_path / "here.stl").read_bytes() == (tmp_path / "there.stl").read_bytes()


def test_wrong_arguments_are_refused_and_leave_no_file(small_tangle, tmp_path):
    apart = WebGraph.from_edges([[0, 0, 0], [9, 0, 0], [0, 20, 0], [9, 20, 0]], [(0, 1), (2, 3)])
    for web, options, says in (
        (small_tangle, {"tiles": 0}, "tiles is 0"),
        (small_tangle, {"sides": 2}, "sides is 2"),
        (small_tangle, {"density": 0}, "density is 0"),
        (small_tangle, {"unit": "foot"}, "unit is 'foot'"),
        (small_tangle, {"workers": -1}, "workers is -1"),
        (apart, {}, "web has 2 separate parts"),
    ):
        with pytest.raises(ValueError, match=says):
            solidify_to_stl(web, tmp_path / "part.stl", **options)
        assert not list(tmp_path.iterdir())


def test_an_unsound_part_is_no_file(small_tangle, tmp_path, monkeypatch):
    def broken(stored, *_):
        raise UnsoundSolid("closed", f"{len(stored.boxes)} tiles")

    monkeypatch.setattr("assembly.tiles.writing.checked_tile", broken)
    with pytest.raises(UnsoundSolid, match="closed: 4 tiles"):
        solidify_to_stl(small_tangle, tmp_path / "part.stl", tiles=4)
    assert not list(tmp_path.iterdir())


def test_tiles_of_nodes_are_as_large_as_each_other():
    pos = np.random.default_rng(0).uniform(0, [9, 5, 3], (1000, 3))
    label = tiles_of(pos, 7)
    count = np.bincount(label)
    assert len(count) == 7
    assert count.max() - count.min() <= 3
    assert tiles_of(pos[:3], 7).tolist() != [0, 0, 0]
    assert set(tiles_of(pos[:3], 7)) == {0, 1, 2}


def test_items_are_made_when_asked_for():
    made = []
    items = Made(lambda k: made.append(k) or 2 * k, 4)
    assert len(items) == 4
    assert not made
    assert (list(items), items[-1], items[1:3]) == ([0, 2, 4, 6], 6, [2, 4])
    with pytest.raises(IndexError):
        items[4]


def test_some_struts_keep_their_frames_and_the_order_at_each_node(small_tangle):
    s = struts_of(small_tangle, 8, 1e-4)
    struts = np.arange(0, s.m, 3)
    part, nodes = s.only(struts)
    np.testing.assert_array_equal(nodes[part.ends], s.ends[struts])
    np.testing.assert_array_equal(part.pos, s.pos[nodes])
    for row, node in enumerate(nodes):
        halves = part.halves[part.offsets[row] : part.offsets[row + 1]]
        whole = s.halves[s.offsets[node] : s.offsets[node + 1]]
        kept = whole[np.isin(whole // 2, struts)]
        np.testing.assert_array_equal(2 * struts[halves // 2] + halves % 2, kept)


def box(low=(0.0, 0, 0), size=4.0):
    mesh = trimesh.creation.box(extents=[size] * 3)
    return np.asarray(mesh.vertices + np.array(low) + size / 2), np.asarray(mesh.faces)


def in_two(tmp_path, vertices, faces, first):
    """The tiles of a mesh: its ``first`` faces, and the rest."""
    stored = Stored(tmp_path)
    for some in (faces[:first], faces[first:]):
        used, place = np.unique(some, return_inverse=True)
        stored.put(TileMesh(vertices[used].astype(np.float32), place.reshape(-1, 3).astype(np.int32), 0.0))
    return stored


def check_tiles(stored):
    return joined([checked_tile(stored, k) for k in range(len(stored.boxes))])


def test_a_box_cut_in_two_is_sound(tmp_path):
    whole = check_tiles(in_two(tmp_path, *box(), 5))
    assert (whole.volume, whole.genus, whole.faces) == (pytest.approx(64), 0, 12)


def test_faults_across_tiles_are_found(tmp_path):
    vertices, faces = box()
    cases = {
        "closed: an edge has 1 face": (vertices, faces[1:]),
        "run the same way": (vertices, np.concatenate([faces[:3], faces[3:4, ::-1], faces[4:]])),
        "closed: ": (vertices, np.concatenate([faces, faces[-1:]])),
    }
    for says, (points, some) in cases.items():
        with pytest.raises(UnsoundSolid, match=says):
            check_tiles(in_two(tmp_path, points, some, 3))


def two_boxes(tmp_path, low, size=4.0):
    (a, f), (b, g) = box(), box(low, size)
    return in_two(tmp_path, np.concatenate([a, b]), np.concatenate([f, g + 8]), 12)


@pytest.mark.parametrize(
    ("low", "says"),
    [((9.0, 0, 0), "bodies: it has 2"), ((2.0, 1, 1), "self-intersection"), ((4.0, 4, 4), "single vertex")],
)
def test_tiles_that_do_not_belong_together_are_found(tmp_path, low, says):
    with pytest.raises(UnsoundSolid, match=says):
        check_tiles(two_boxes(tmp_path, low))


def test_equal_vertices_within_a_tile_are_found(tmp_path):
    (a, f), (b, g) = box(), box((4.0, 4, 4))
    with pytest.raises(UnsoundSolid, match="float32: two vertices are the same"):
        check_tiles(in_two(tmp_path, np.concatenate([a, b]), np.concatenate([f, g + 8]), 24))


def test_faces_without_area_are_found(tmp_path):
    vertices, faces = box()
    flat = vertices * [1, 1, 0] + np.arange(8)[:, None] * [0.0, 0, 0]
    flat[:, 0] += 10 * np.arange(8)
    flat[:, 1] = 0
    with pytest.raises(UnsoundSolid, match="degenerate: a face has no area"):
        check_tiles(in_two(tmp_path, flat, faces, 6))


def test_a_hole_inside_is_left_out(tmp_path):
    (a, f), (b, g) = box(), box((1.0, 1, 1), 2.0)
    stored = in_two(tmp_path, np.concatenate([a, b]), np.concatenate([f, g[:, ::-1] + 8]), 15)
    whole = check_tiles(stored)
    assert (whole.volume, whole.faces, whole.genus) == (pytest.approx(64), 12, 0)
    assert [len(stored.kept(k, pieces)[1]) for k, pieces in enumerate(whole.kept)] == [12, 0]


def test_the_halo_is_all_that_touches_the_box(tmp_path):
    stored = two_boxes(tmp_path, (4.0, 0, 0))
    vertices, faces = stored.halo(0)
    assert (vertices[:, 0] == 4).sum() == 4
    assert len(faces) == 10  # all but the two on the far side
