import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.export import write_stl
from assembly.hybrid import mesh
from assembly.solid import Solid, solidify
from assembly.verify import verified
from structgen.generators import load_model
from structgen.sources.procedural import boxed_tangle, sheet, tent, varied_tangles
from structgen.targets import DesignTargets
from structgen.web import WebGraph

few = settings(max_examples=33, deadline=None)


def hybrid(web, sides=8, whole=False, workers=1):
    """The mesh as it is made, without what `solidify` does if it is not sound, verified in all faces."""
    step = float(np.spacing(np.float32(np.abs(web.pos).max() + web.radius.max())))
    vertices, faces, united = mesh(web, sides, step, 16 * step, whole, lambda _: None, workers)
    return Solid(vertices, faces, verified(vertices, faces, web)), united


def check_against_union(web):
    solid, _ = hybrid(web)
    exact, united = hybrid(web, whole=True)
    assert united == len(exact.faces)
    assert solid.report.genus == exact.report.genus
    assert solid.report.volume_mm3 == pytest.approx(exact.report.volume_mm3, rel=0.02)
    return solid, exact


@few
@given(st.integers(0, 10_000))
def test_hard_webs_have_the_sound_mesh_that_their_exact_union_has(hard_web, seed):
    check_against_union(hard_web(seed))


def check_with_file(web, path):
    """As `check_against_union`, and so is what STL keeps of the mesh, read back and welded."""
    solid, _ = check_against_union(web)
    write_stl(solid, path)
    facets = np.frombuffer(path.read_bytes()[84:], "<f4, <f4, <f4, (3, 3)<f4, <u2")
    vertices, faces = np.unique(facets["f3"].reshape(-1, 3), axis=0, return_inverse=True)
    assert verified(vertices.astype(float), faces.reshape(-1, 3), web) == solid.report
    return solid.report


def volume_errors(webs, reference_union, path):
    """Of `check_with_file`, against a union of round struts."""
    return np.array([check_with_file(web, path).volume_mm3 / reference_union(web).volume() - 1 for web in webs])


@pytest.mark.slow
def test_a_thousand_hard_webs_are_sound_and_so_are_their_files(hard_web, reference_union, tmp_path):
    errors = volume_errors(map(hard_web, range(1000)), reference_union, tmp_path / "web.stl")
    assert abs(errors.mean()) < 0.001 and np.quantile(np.abs(errors), 0.9) < 0.0025
    assert np.abs(errors).max() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("radius", [None, 0.5], ids=["thin", "thick"])
@pytest.mark.parametrize("name", ["analog", "discrete", "autoregressive"])
def test_webs_of_the_models_are_sound_and_so_are_their_files(name, radius, reference_union, tmp_path):
    targets = [DesignTargets(nodes=nodes) for nodes in range(12, 52)]
    webs = load_model(name).sample(targets, seed=1, radius=radius)
    errors = volume_errors(webs, reference_union, tmp_path / "web.stl")
    assert len(errors) == 40
    assert abs(errors.mean()) < 0.003 and np.abs(errors).max() < 0.01


@pytest.mark.parametrize("share", [0.5, 1, 2])
def test_volume_of_a_chain_of_short_struts(reference_union, share):
    """As of one bent round bar, however many radii its struts are long."""
    turn = share * 0.4 / 5 * np.arange(25)
    pos = np.column_stack([5 * np.cos(turn), 5 * np.sin(turn), 0.3 * turn])
    web = WebGraph.from_edges(pos, [(k, k + 1) for k in range(24)], 0.4)
    assert hybrid(web)[0].report.volume_mm3 == pytest.approx(reference_union(web).volume(), rel=0.003)


def test_an_acute_fork_keeps_its_volume(reference_union):
    """Struts at four degrees part far from their node: its skin is long, and few points shape it."""
    ends = [[24, 0.8, 0], [24, -0.8, 0]]
    web = WebGraph.from_edges([[0, 0, 0], *ends, [-9, 0, 0]], [(0, 1), (0, 2), (0, 3)], 0.4)
    solid, united = hybrid(web)
    assert united == 0
    assert solid.report.volume_mm3 == pytest.approx(reference_union(web).volume(), rel=0.006)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "make",
    [
        lambda seed: boxed_tangle(seed, (24, 20, 18), supports=12, threads=25, thread_length=8, radius=0.3),
        lambda seed: varied_tangles(1, seed=seed)[0],
        lambda seed: sheet(seed),
        lambda seed: tent(seed),
    ],
    ids=["boxed", "varied", "sheet", "tent"],
)
def test_procedural_webs(make, seed):
    web = make(seed).largest_component()
    if web.m < 400:
        check_against_union(web)


@pytest.mark.parametrize("sides", [3, 4, 5, 8, 13])
def test_a_lattice_needs_no_union(lattice, sides):
    web = lattice(3, turn=1)
    solid, united = hybrid(web, sides)
    assert united == 0
    assert solid.report.genus == web.m - web.n + 1
    assert solid.report.triangles_per_strut <= (60 if sides == 8 else 30 + 5 * sides)


def test_volume_is_that_of_round_struts(lattice, reference_union, random_web):
    for web in (lattice(2, turn=2), lattice(2, turn=3, radius=0.8), random_web(0, n=8, size=60)):
        assert hybrid(web)[0].report.volume_mm3 == pytest.approx(reference_union(web).volume(), rel=0.01)


def test_struts_that_cross_are_united_there_alone():
    pos = [[-10, 0, 0], [10, 0, 0], [0, -10, 0.3], [0, 10, 0.3], [0, 10, 10]]
    web = WebGraph.from_edges(pos, [(0, 1), (2, 3), (3, 4), (1, 4)])
    solid, united = hybrid(web)
    assert solid.report.contacts == 1
    assert 0 < united < 150
    lifted = np.array(pos)
    lifted[2:4, 2] = 1.2
    apart, none = hybrid(WebGraph.from_edges(lifted, web.edge_index.T))
    assert (apart.report.contacts, none) == (0, 0)


def test_skins_in_each_others_way_are_united():
    """Dead ends that face each other, farther apart than struts reach and nearer than their caps."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        low, high = (6 * v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
        low[2], high[2] = -abs(low[2]), abs(high[2])
        tip = np.array([0, 0, rng.uniform(1.05, 1.15)])
        web = WebGraph.from_edges([[0, 0, 0], low, tip, tip + high, [20, 0, 0]], [(0, 1), (2, 3), (1, 4), (3, 4)], 0.5)
        hybrid(web)


def test_an_edge_too_short_for_two_nodes_is_united():
    web = WebGraph.from_edges(
        [[0, 0, 0], [0.5, 0, 0], [9, 9, 0], [9, -9, 0], [-9, 0, 9]], [(0, 1), (1, 2), (1, 3), (0, 4)]
    )
    solid, united = hybrid(web)
    assert united > 0 and solid.report.genus == 0


def test_processes_give_the_same_bytes(monkeypatch, small_tangle):
    monkeypatch.setattr("assembly.hybrid.unions.BATCH", 1)
    one, two = hybrid(small_tangle)[0], hybrid(small_tangle, workers=2)[0]
    assert one.vertices.tobytes() == two.vertices.tobytes()
    assert one.faces.tobytes() == two.faces.tobytes()


def test_numbering_of_nodes_changes_nothing_but_the_order(random_web):
    web = random_web(3, n=20, size=40)
    order = np.random.default_rng(0).permutation(web.n)
    other = WebGraph.from_edges(web.pos[np.argsort(order)], order[web.edge_index].T, web.radius)
    one, two = hybrid(web)[0].report, hybrid(other)[0].report
    assert one.genus == two.genus
    assert one.volume_mm3 == pytest.approx(two.volume_mm3, rel=2e-3)


def test_a_budget_of_triangles_lowers_the_number_of_sides(lattice):
    web = lattice(3, turn=0)
    full = solidify(web, 12)
    half = solidify(web, 12, triangles=len(full.faces) // 2)
    assert 0.8 * len(full.faces) / 2 < len(half.faces) <= len(full.faces) / 2
    assert len(solidify(web, 12, triangles=len(full.faces)).faces) == len(full.faces)
    least = len(solidify(web, 3).faces)
    assert len(solidify(web, triangles=least).faces) == least
    with pytest.raises(ValueError, match=f"^triangles is {least - 1}, must be at least {least} for this web$"):
        solidify(web, triangles=least - 1)
