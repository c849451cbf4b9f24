import itertools
import math
from collections import defaultdict

import networkx as nx
import numpy as np
import pytest
import trimesh
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assembly.export import write_stl
from assembly.solid import MAX_STRUTS, solidify
from assembly.verify import verified
from structgen.geometry import segment_distance
from structgen.web import WebGraph

few = settings(max_examples=25, deadline=None)


def strut(length=30.0, radius=0.5):
    return WebGraph.from_edges([[0, 0, 0], [length, 0, 0]], [(0, 1)], radius)


def chain(count, direction, radius=0.4):
    """Struts of 5 mm one after the other in one straight line."""
    pos = 5.0 * np.outer(np.arange(count + 1), np.asarray(direction) / np.linalg.norm(direction))
    return WebGraph.from_edges(pos, [(k, k + 1) for k in range(count)], radius)


def has_contacts(web, share=1.3):
    """Whether struts without a common node come near each other, or struts with one are too short or too close."""
    i, j = (web.pos[ends] for ends in web.edge_index)
    a, b = np.triu_indices(web.m, 1)
    shared = (web.edge_index.T[a][:, :, None] == web.edge_index.T[b][:, None, :]).any(axis=(1, 2))
    gap = segment_distance(i[a], j[a], i[b], j[b])
    reach = share * (web.radius[a] + web.radius[b])
    near = gap[~shared] < reach[~shared]
    # Of two struts with a common node, the far end of the one from the other.
    for one, other in ((a, b), (b, a)):
        for nodes, end in zip(web.edge_index, (i, j), strict=True):
            far = shared & (web.edge_index.T[other] != nodes[one][:, None]).all(axis=1)
            tip = end[one[far]]
            near = np.append(near, segment_distance(tip, tip, i[other[far]], j[other[far]]) < reach[far])
    return near.any() or web.lengths.min() < 4 * web.radius.max()


def check_mesh(vertices, faces):
    """One closed, consistently wound, positive body by trimesh; every vertex has one fan of faces by networkx."""
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.is_volume
    assert mesh.body_count == 1
    assert mesh.volume > 0
    links = defaultdict(nx.Graph)
    for face in faces.tolist():
        for k, vertex in enumerate(face):
            links[vertex].add_edge(face[k - 1], face[k - 2])
    assert len(links) == len(vertices)
    assert all(nx.is_connected(link) and {d for _, d in link.degree} == {2} for link in links.values())
    return mesh


def written_and_read(solid, path):
    """The vertices and faces of the STL file of ``solid``, equal corners made one."""
    write_stl(solid, path)
    facets = np.frombuffer(path.read_bytes()[84:], "<f4, <f4, <f4, (3, 3)<f4, <u2")
    vertices, number = np.unique(facets["f3"].reshape(-1, 3), axis=0, return_inverse=True)
    return vertices.astype(float), number.reshape(-1, 3)


@few
@given(st.integers(0, 10_000), st.integers(4, 14), st.sampled_from([3, 4, 6, 8, 13]))
def test_random_webs_become_one_sound_body(random_web, seed, n, sides):
    web = random_web(seed, n=n, size=12, radius=0.5)
    solid = solidify(web, sides)
    mesh = check_mesh(solid.vertices, solid.faces)
    report = solid.report
    assert mesh.volume == pytest.approx(report["volume_mm3"])
    assert mesh.euler_number == 2 - 2 * report["genus"]
    assert (report["struts"], report["nodes"], report["triangles"]) == (web.m, web.n, len(solid.faces))
    assert report["watertight"] is True and report["bodies"] == 1
    assert report["mass_g"] == pytest.approx(mesh.volume * 1.24e-3)
    np.testing.assert_allclose(mesh.extents, report["bounding_box_mm"])


@few
@given(st.integers(0, 10_000))
def test_the_stl_file_read_back_and_welded_is_still_one_sound_body(random_web, tmp_path_factory, seed):
    solid = solidify(random_web(seed, n=10, size=12, radius=0.5).translated([300, -200, 0]))
    vertices, faces = written_and_read(solid, tmp_path_factory.mktemp("stl") / "web.stl")
    assert (len(vertices), len(faces)) == (len(solid.vertices), len(solid.faces))
    check_mesh(vertices, faces)


@pytest.mark.parametrize("x", [0, 3000])
def test_a_tangle_is_one_sound_body(small_tangle, tmp_path, x):
    """Far from the origin too, where float32 is coarse."""
    solid = solidify(small_tangle.translated([x, x, 0]))
    check_mesh(solid.vertices, solid.faces)
    check_mesh(*written_and_read(solid, tmp_path / "tangle.stl"))


@few
@given(st.integers(0, 10_000), st.integers(5, 10))
def test_genus_is_that_of_the_web_where_nothing_touches(random_web, seed, n):
    web = random_web(seed, n=n, size=60, radius=0.25)
    assume(not has_contacts(web))
    assert solidify(web).report["genus"] == web.m - web.n + 1


@pytest.mark.parametrize("sides", [3, 8, 12, 32])
@pytest.mark.parametrize("turn", [None, 0, 1, 2])
def test_genus_of_a_lattice_however_it_is_turned(lattice, sides, turn):
    """Collinear struts meet in every node: their ends fall together but for rounding."""
    web = lattice(3, turn)
    assert solidify(web, sides).report["genus"] == web.m - web.n + 1 == 28


@pytest.mark.parametrize("direction", [(1, 0, 0), (1, 1, 0), (1, 2, 3), (0.3, -0.2, 0.9), (7, 1, 1)])
def test_collinear_struts_are_as_one(direction):
    solid = solidify(chain(12, direction))
    check_mesh(solid.vertices, solid.faces)
    assert solid.report["genus"] == 0
    assert solid.report["volume_mm3"] == pytest.approx(math.pi * 0.4**2 * 60, rel=0.03)


@pytest.mark.parametrize(
    ("sides", "method"), [(3, "hybrid"), (4, "hybrid"), (8, "hybrid"), (8, "union"), (20, "union"), (64, "hybrid")]
)
def test_volume_of_a_strut_is_that_of_a_cylinder_with_round_ends(sides, method):
    volume = solidify(strut(100, 0.7), sides, method=method).report["volume_mm3"]
    assert volume == pytest.approx(math.pi * 0.7**2 * 100 + 4 / 3 * math.pi * 0.7**3, rel=0.01)


@pytest.mark.parametrize("sides", [8, 16])
def test_volume_of_a_cross_is_that_of_two_cylinders_less_what_they_share(cross, sides):
    """Two cylinders of 40 mm and radius 1 mm share 16/3 mm3 (Steinmetz); their four ends are half balls."""
    expected = 2 * math.pi * 40 - 16 / 3 + 2 * 4 / 3 * math.pi
    assert solidify(cross, sides).report["volume_mm3"] == pytest.approx(expected, rel=0.015)


@few
@given(st.integers(0, 10_000), st.sampled_from([4, 8, 16]))
def test_the_solid_is_a_strut_wider_than_the_web_and_stands_on_the_floor(random_web, seed, sides):
    web = random_web(seed, n=8, size=30, radius=0.5).translated([-40, 25, 90])
    solid = solidify(web, sides)
    low, high = solid.vertices.min(axis=0), solid.vertices.max(axis=0)
    assert low[2] == 0
    # The corners of a polygon with the area of a circle lie beyond it.
    thickest = web.radius.max() * math.sqrt(2 * math.pi / (sides * math.sin(2 * math.pi / sides)))
    rounding = 1e-4
    beyond = np.concatenate([web.pos.min(axis=0)[:2] - low[:2], high[:2] - web.pos.max(axis=0)[:2]])
    assert (beyond > 0.3 * thickest).all() and (beyond < thickest + rounding).all()
    assert 0.6 * thickest < (high - low)[2] - web.extents[2] < 2 * thickest + rounding


@few
@given(st.integers(0, 10_000))
def test_every_vertex_lies_on_a_strut_or_on_a_node_as_thick_as_its_thickest_strut(random_web, seed):
    web = random_web(seed, n=9, size=20)
    web = web.with_radius(np.random.default_rng(seed).uniform(0.2, 1.5, web.m))
    thickest = [web.radius[(web.edge_index == node).any(axis=0)].max() for node in range(web.n)]
    # It stands on z = 0: the tip of a strut below it tells how far it was moved up.
    low = web.pos[:, 2].argmin()
    foot = len(web.pos), web.pos[low] - [0, 0, 6]
    web = WebGraph.from_edges([*web.pos, foot[1]], [*web.edge_index.T, (low, foot[0])], [*web.radius, 0.2])
    thickest.append(0.2)
    start, end = (np.concatenate([web.pos[ends], web.pos]) for ends in web.edge_index)
    vertices = solidify(web).vertices[:, None] + [0, 0, web.pos[-1, 2] - 0.2]
    away = segment_distance(vertices, vertices, start, end) / np.concatenate([web.radius, thickest])
    nearest = away.min(axis=1)
    assert nearest.min() > 0.85 and nearest.max() < 1.2


def test_struts_of_no_length_and_nodes_at_one_place():
    web = WebGraph.from_edges([[0, 0, 0], [0, 0, 0], [10, 0, 0], [10, 0, 0]], [(0, 1), (1, 2), (2, 3)])
    solid = solidify(web)
    check_mesh(solid.vertices, solid.faces)
    assert solid.report["volume_mm3"] == pytest.approx(solidify(strut(10, 0.4)).report["volume_mm3"])


@pytest.mark.parametrize("length", [3.9, 0.0])
def test_struts_thicker_than_long_are_refused(length):
    web = WebGraph.from_edges([[1, 1, 1], [1, 1, 1 + length]], [(0, 1)], 2.0)
    said = rf"strut radius is 2 mm, must be at most half the mean edge length, {length / 2:g} mm"
    with pytest.raises(ValueError, match=said):
        solidify(web)


def test_struts_that_run_along_each_other_are_united():
    web = WebGraph.from_edges([[0, 0, 0], [10, 0, 0], [20, 0, 0], [5, 9, 0]], [(0, 1), (0, 2), (1, 2), (1, 3)])
    solid = solidify(web)
    check_mesh(solid.vertices, solid.faces)
    assert solid.report["genus"] == 0


def test_closed_holes_inside_are_filled(reference_union):
    """Thick struts along the edges of a cube leave a hole in the middle that thick plates of struts close off."""
    corners = np.array(list(itertools.product((0, 10), repeat=3)))
    edges = [(a, b) for a in range(8) for b in range(a) if np.count_nonzero(corners[a] - corners[b]) < 3]
    web = WebGraph.from_edges(corners, edges, 4.2)
    solid = solidify(web)
    check_mesh(solid.vertices, solid.faces)
    assert solid.report["genus"] == 0
    hollow = reference_union(web).to_mesh64()
    assert trimesh.Trimesh(hollow.vert_properties[:, :3], hollow.tri_verts).body_count == 2
    assert (solid.report["shells"], solid.report["voids"]) == (1, 0)
    assert solid.report == verified(solid.vertices, solid.faces, web, method=solid.report.method)


def test_same_web_same_bytes(small_tangle):
    first, second = solidify(small_tangle), solidify(small_tangle)
    assert first.vertices.tobytes() == second.vertices.tobytes()
    assert first.faces.tobytes() == second.faces.tobytes()
    assert first.report == second.report


def test_vertices_are_different_and_exact_in_float32(small_tangle):
    vertices = solidify(small_tangle).vertices
    np.testing.assert_array_equal(vertices.astype(np.float32), vertices)
    assert len(np.unique(vertices, axis=0)) == len(vertices)


def test_density_scales_the_mass_and_progress_is_told():
    told = []
    light, heavy = solidify(strut(), density=1, progress=told.append), solidify(strut(), density=8)
    assert heavy.report["mass_g"] == pytest.approx(8 * light.report["mass_g"])
    told = [line for line in told if not line.startswith("compiling")]
    assert told == ["meshing 1 struts and 2 nodes", "checking the solid"]


def test_a_web_in_parts_is_refused():
    web = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [5, 0, 0], [6, 0, 0], [9, 0, 0]], [(0, 1), (2, 3)])
    with pytest.raises(ValueError, match="web has 3 separate parts, must be connected: use"):
        solidify(web)


def test_a_web_too_large_is_refused():
    web = chain(MAX_STRUTS["union"] + 1, (1, 0, 0))
    with pytest.raises(ValueError, match="web has 20001 struts, at most 20000 can be made solid by union"):
        solidify(web, method="union")


@pytest.mark.parametrize("x", [2e4, 9e5])
def test_struts_too_thin_for_float32_are_refused(x):
    with pytest.raises(ValueError, match=r"web has struts of radius 0.05 mm up to .* mm from the origin") as error:
        solidify(chain(3, (1, 2, 3), 0.05).translated([x, 0, 0]))
    assert "\n" not in str(error.value)
    assert solidify(chain(3, (1, 2, 3), 0.05)).report["genus"] == 0


@pytest.mark.parametrize("sides", [2, 65, -1, 8.0, "8", None, True])
def test_wrong_sides_are_told(sides):
    with pytest.raises(ValueError, match=r"^sides is .*, must be a whole number in 3..64$"):
        solidify(strut(), sides)


@pytest.mark.parametrize("density", [0, -1, math.nan, math.inf, "light", None])
def test_wrong_densities_are_told(density):
    with pytest.raises(ValueError, match=r"^density is .*, must be > 0 g/cm3$"):
        solidify(strut(), density=density)


def test_what_the_hybrid_mesher_cannot_do_is_united_as_a_whole(monkeypatch):
    import assembly.hybrid

    real = assembly.hybrid.mesh

    def fails(web, sides, step, shortest, whole, tell, workers):
        if not whole:
            raise RuntimeError("a cut ring is lost")
        return real(web, sides, step, shortest, whole, tell, workers)

    monkeypatch.setattr("assembly.hybrid.mesh", fails)
    told = []
    assert solidify(strut(), progress=told.append).report.method == "union"
    assert "a cut ring is lost: uniting everything instead" in told
    monkeypatch.setitem(MAX_STRUTS, "union", 0)
    with pytest.raises(RuntimeError, match="a cut ring is lost"):
        solidify(strut())


def test_compilation_is_told(monkeypatch):
    monkeypatch.setattr("assembly.hybrid.is_compiled", lambda: False)
    told = []
    solidify(strut(), progress=told.append)
    assert "compiling the mesher" in told[0]
