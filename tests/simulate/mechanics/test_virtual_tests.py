from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import simulate
from simulate.mechanics import cable, pulling
from simulate.mechanics.grips import grips_of
from simulate.mechanics.law import Law
from simulate.mechanics.pulling import EquilibriumError
from simulate.mechanics.silk import LAWS
from simulate.mechanics.tension_picture import animate, plot, write_vtp
from simulate.mechanics.virtual_tests import tension, tensions
from structgen.web import WebGraph


def lattice(side, seed=0, jitter=0.1, spacing=1.0):
    """A jittered square lattice in the plane z = 2."""
    random = np.random.default_rng(seed)
    number = np.arange(side * side).reshape(side, side)
    edges = np.concatenate([
        np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
        np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
    ])  # fmt: skip
    pos = np.full((side * side, 3), 2.0)
    pos[:, :2] = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1).reshape(-1, 2) * spacing
    pos[:, :2] += random.normal(scale=jitter * spacing, size=(side * side, 2))
    return WebGraph.from_edges(pos, edges, 0.05)


def sound(result, tolerance=cable.TOLERANCE):
    """What must hold of every tension test."""
    for name in ("strain", "load", "energy", "work", "dissipated", "residual", "slack"):
        assert np.isfinite(getattr(result, name)).all(), name
    assert result.residual.max() <= tolerance
    assert (np.diff(result.strain) >= 0).all()
    assert np.diff(result.dissipated).min(initial=0) >= -1e-9 * result.work.max()
    assert result.balance < 0.01
    # None breaks early, none far too late but in the cascade of another.
    limits = np.array([law.break_strain for law in result.laws])[result.law]
    threads = result.breaks[:, 0].astype(int)
    assert (result.breaks[:, 2] > limits[threads]).all()
    assert len(np.unique(threads)) == len(threads)
    assert (result.breaks[:, 3] <= tolerance).all()


# -- closed forms --------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["dragline", "viscid", "frame", "pla"])
def test_a_single_thread_follows_its_law(law):
    web = WebGraph([[1, 2, 3], [1, 2, 13]], [[0], [1]], 0.1)
    result = tension(web, law, "z", 12)
    sound(result)
    law = LAWS[law]
    before = result.strain < law.break_strain
    np.testing.assert_allclose(result.stress[before], law.stress_at(result.strain[before]), atol=3e-3 * law.strength)
    assert result.strength == pytest.approx(law.strength, rel=0.01)
    assert result.toughness == pytest.approx(law.toughness, rel=0.02)
    assert result.end == "apart"
    assert result.load[-1] == 0
    assert result.breaks[0, 0] == 0
    assert result.mass == pytest.approx(np.pi * 0.01 * 10 * law.density * 1e-3)


def test_parallel_threads_break_one_by_one_and_the_load_is_their_sum():
    """Five threads side by side with different slack: loads and breaks are known."""
    slack = np.array([0.0, 0.1, 0.2, 0.3, 0.4])
    pos = np.concatenate([[(0, y, 0), (10, y, 0)] for y in range(5)])
    # Joined at one grip, which moves as one.
    across = [(2 * k, 2 * k + 2) for k in range(4)]
    web = WebGraph.from_edges(pos, [*np.arange(10).reshape(5, 2), *across], 1.0)
    prestrain = np.zeros(web.m)
    prestrain[:5] = 1 / (1 + slack) - 1
    law = Law.elastic(1000, 0.2)
    result = tension(web, law, "x", 1.0, (np.arange(0, 10, 2), np.arange(1, 10, 2)), prestrain=prestrain)
    sound(result)
    assert result.breaks[:, 0].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(result.breaks[:, 1], 1.2 * (1 + slack) - 1, atol=0.01)
    at = result.strain
    thread = [(at - s) / (1 + s) * (at < 1.2 * (1 + s) - 1) * (at > s) for s in slack]
    whole = np.abs(at[:, None] - (1.2 * (1 + slack) - 1)).min(axis=1) > 0.01
    np.testing.assert_allclose(result.load[whole], 1000 * np.pi * np.sum(thread, axis=0)[whole], atol=0.01 * 1000)


def test_anchors_and_plates_give_the_stiffness_of_a_square_lattice():
    """Threads along the axis, spacing h, area A: E A / h of width; those across carry nothing."""
    web = lattice(8, jitter=0.0)
    law = Law.elastic(1000, 0.5)
    result = tension(web, law, "x", 0.05, "faces", section=1.0)
    force = 8 * 1000 * np.pi * 0.05**2 * 0.05
    assert result.load[-1] == pytest.approx(force, rel=0.01)
    assert result.stiffness == pytest.approx(force / 0.05, rel=0.02)
    sound(result)


def test_a_web_pulled_across_its_plane_moves_in_space():
    web = WebGraph([[-1, 0, 0], [1, 0, 0], [0, 0, 0.5]], [[0, 1], [2, 2]], 0.1)
    result = tension(web, Law.elastic(1000, 5), "z", 1.0, ([0, 1], [2]))
    rest, length = np.hypot(1, 0.5), np.hypot(1, 1.0)
    assert result.load[-1] == pytest.approx(2 * 1000 * np.pi * 0.01 * (length / rest - 1) / length, rel=1e-2)


# -- webs ----------------------------------------------------------------------------------------


def test_an_orb_web_is_torn(orb_web):
    result = tension(orb_web, "orb", "x", 1.0, radius="silk", frames=4)
    sound(result)
    assert result.grips == "anchors"
    assert len(result.breaks) > 5
    assert 0.9 * result.ultimate > result.stress[-1]
    assert result.strength <= result.ultimate
    assert [law.name for law in result.laws] == ["frame", "radial", "spiral"]
    assert len(result.frames) >= 5


@given(seed=st.integers(0, 10**6), law=st.sampled_from(sorted(LAWS)), axis=st.sampled_from(["x", "y"]))
@settings(max_examples=12)
def test_random_webs_are_sound(seed, law, axis):
    random = np.random.default_rng(seed)
    web = lattice(int(random.integers(3, 8)), seed, jitter=0.3)
    keep = random.random(web.m) > 0.15
    web = WebGraph(web.pos, web.edge_index[:, keep], random.uniform(0.02, 0.08, int(keep.sum()))).largest_component()
    if np.ptp(web.pos[:, "xy".index(axis)]) < 1:
        return
    sound(tension(web, law, axis, float(random.uniform(0.2, 1.5)), "faces"))


def test_turned_moved_and_scaled_webs_give_the_same_curve():
    web = lattice(6, 1, jitter=0.2)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    first = tension(web, "frame", "x", 0.5, "faces")
    turned = tension(web.rotated(turn).translated([5, -3, 2]), "frame", turn[:, 0], 0.5, "faces")
    scaled = tension(web.scaled(10).with_radius(0.5), "frame", "x", 0.5, "faces")
    for other in (turned, scaled):
        assert other.breaks[:, 0].tolist() == first.breaks[:, 0].tolist()
        assert other.strength == pytest.approx(first.strength, rel=1e-3)
        assert other.toughness == pytest.approx(first.toughness, rel=5e-3)


def test_large_webs_break_in_several_places_at_once(monkeypatch):
    web = lattice(14, 2, jitter=0.2)
    one = tension(web, "dragline", "x", 1.0, "faces")
    monkeypatch.setattr(pulling, "ONE_AT_A_TIME", 0)
    monkeypatch.setattr(pulling, "APART", 3)
    monkeypatch.setattr(cable, "LARGE", 50)
    several = tension(web, "dragline", "x", 1.0, "faces")
    sound(several)
    assert several.strength == pytest.approx(one.strength, rel=1e-3)
    assert len(np.unique(several.breaks[:, 1])) < len(several.breaks)


def test_same_web_same_numbers():
    web = lattice(6, 3, jitter=0.2)
    first, second = (tension(web, "dragline", "x", 0.9, "faces") for _ in range(2))
    np.testing.assert_array_equal(first.load, second.load)
    np.testing.assert_array_equal(first.breaks, second.breaks)


def test_a_finer_curve_is_the_same_curve():
    web = lattice(6, 4, jitter=0.2)
    coarse = tension(web, "dragline", "x", 0.5, "faces")
    fine = tension(web, "dragline", "x", 0.5, "faces", step=0.002, tolerance=1e-7)
    sound(fine, 1e-7)
    np.testing.assert_allclose(
        np.interp(coarse.strain, fine.strain, fine.load), coarse.load, atol=0.005 * fine.load.max()
    )


def test_a_slack_web_is_said_to_be_a_mechanism():
    web = WebGraph([[0, 0, 0], [1, 1, 0], [2, 0, 0]], [[0, 1], [1, 2]], 0.1)
    result = tension(web, "dragline", "x", 1.0)
    assert any("mechanism" in note for note in result.notes)
    assert np.interp(0.35, result.strain, result.load) < 1e-2 * result.load.max()
    sound(result)
    hanging = tension(web, "dragline", "x", 0.2)
    sound(hanging)
    assert any("mechanism" in note for note in hanging.notes)


@pytest.mark.parametrize("seed", range(4))
def test_work_is_the_energy_of_webs_that_hang_slack_to_the_end(seed):
    web = lattice(6, seed, jitter=0.3)
    result = tension(web, "elastic", "x", 0.01, "faces", prestrain=-0.05)
    sound(result)
    assert not len(result.breaks)
    assert result.slack.min() > 0.5
    assert result.balance < 2 * pulling.CURVE


def test_work_of_coarse_steps_is_exact():
    """The cubic through loads and rates: a web of rubber in steps of a tenth."""
    web = lattice(6, 4, jitter=0.2)
    coarse = tension(web, "viscid", "x", 1.0, "faces", step=0.1)
    fine = tension(web, "viscid", "x", 1.0, "faces", step=0.01)
    assert len(coarse.strain) < 30 < len(fine.strain)
    assert coarse.work[-1] == pytest.approx(fine.work[-1], rel=2e-3)


def test_batches_are_the_same_in_processes():
    webs = [lattice(4, seed, jitter=0.2) for seed in range(3)]
    options = {"law": "frame", "to_strain": 0.4, "grips": "faces"}
    here = list(tensions(webs, **options))
    there = list(tensions(webs, workers=2, **options))
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.load, other.load)


# -- files ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torn():
    """A small web, torn apart, with states."""
    return tension(lattice(5, 5, jitter=0.2), "frame", "x", 1.0, "faces", frames=5)


def test_saved(torn, tmp_path):
    torn.save(tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "result.json").read_text())
    assert facts["strength_MPa"] == torn.strength
    assert facts["breaks"] == len(torn.breaks) > 0
    rows = np.genfromtxt(tmp_path / "run" / "curve.csv", delimiter=",", names=True)
    np.testing.assert_allclose(rows["load"], torn.load, rtol=1e-8)
    with np.load(tmp_path / "run" / "tension.npz") as data:
        np.testing.assert_array_equal(data["breaks"], torn.breaks)
        np.testing.assert_array_equal(data["pos"], torn.web.pos)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "breaks.csv", "curve.csv", "result.json", "tension.npz"
    ]  # fmt: skip


def test_pictures(torn, tmp_path, refused):
    plot(torn, tmp_path / "curve.png")
    assert np.asarray(Image.open(tmp_path / "curve.png").convert("L")).std() > 10
    animate(torn, tmp_path / "pull.gif")
    with Image.open(tmp_path / "pull.gif") as image:
        assert image.n_frames == len(torn.frames)
    with refused("suffix '.mp4'"):
        animate(torn, tmp_path / "pull.mp4")
    with refused("frames: only the last state"):
        animate(tension(torn.web, "frame", "x", 0.1, "faces"), tmp_path / "pull.gif")


def test_states_as_vtk_files(torn, tmp_path):
    import pyvista as pv

    paths = write_vtp(torn, tmp_path)
    strain, pos, whole = torn.frames[1]
    mesh = pv.read(paths[1])
    assert mesh.n_cells == whole.sum()
    np.testing.assert_allclose(mesh.points, pos)
    np.testing.assert_allclose(mesh.cell_data["stress"], torn.thread_stress(pos, whole)[whole])
    text = (tmp_path / "states.pvd").read_text()
    assert f'timestep="{strain:.9g}" file="{paths[1].name}"' in text


# -- grips and refusals --------------------------------------------------------------------------


def test_grips():
    web = lattice(5)
    faces = grips_of(web, "y", "auto")
    assert faces.name == "faces"
    assert faces.held.sum() >= 2
    nodes = grips_of(web, "x", np.arange(5))
    low, high = web.pos[:5, 0].min(), web.pos[:5, 0].max()
    assert nodes.length == pytest.approx(high - low)
    np.testing.assert_allclose(nodes.velocity[:5, 0], web.pos[:5, 0] - (low + high) / 2)
    assert not nodes.velocity[:, 1:].any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"to_strain": 0}, ("to_strain is 0",)),
        ({"to_strain": float("nan")}, ("to_strain is nan",)),
        ({"law": "steel"}, ("law is 'steel'",)),
        ({"axis": "w"}, ("axis is 'w'",)),
        ({"axis": [0, 0, 0]}, ("axis is [0, 0, 0]",)),
        ({"axis": "z"}, ("axis is 'z': the web has no extent",)),
        ({"grips": [0]}, ("grips: all held nodes lie at the same place",)),
        ({"grips": "anchors"}, ("grips: no node has a single thread",)),
        ({"grips": "hands"}, ("grips is 'hands'", "anchors")),
        ({"grips": []}, ("grips: no node is named",)),
        ({"grips": ([0, 1], [1, 2])}, ("grips: node 1 is held by both",)),
        ({"grips": ([0], [])}, ("grips: the second of the two names no node",)),
        ({"grips": [0, 99]}, ("grips holds 99",)),
        ({"radius": -1.0}, ("radius is -1",)),
        ({"prestrain": 0.7}, ("prestrain of edge 0 is 0.7", "0.6725")),
        ({"prestrain": "much"}, ("prestrain has shape ()",)),
        ({"section": 0}, ("section is 0",)),
        ({"step": -1}, ("step is -1",)),
        ({"tolerance": 1}, ("tolerance is 1", "0.01")),
        ({"frames": -1}, ("frames is -1",)),
    ],
)
def test_refusals(refused, arguments, words):
    with refused(*words):
        tension(lattice(4), **arguments)


def test_a_floating_part_and_a_web_without_a_way_between_the_grips_are_refused(refused):
    web = lattice(3)
    pos = np.concatenate([web.pos, web.translated([9, 0, 0]).pos])
    two = WebGraph(pos, np.concatenate([web.edge_index, web.edge_index + web.n], axis=1), 0.1)
    with refused("web: the part of 9 nodes around node 9 floats", "largest_component"):
        tension(two, grips=([0, 1, 2], [6, 7, 8]))
    with refused("grips: no thread leads from one grip to another"):
        tension(two, grips="faces")


def test_an_equilibrium_that_is_not_found_is_an_error(monkeypatch):
    monkeypatch.setattr(cable, "MOST_STEPS", 2)
    with pytest.raises(EquilibriumError, match="no equilibrium"):
        tension(lattice(6, 1, jitter=0.3), "frame", "x", 0.5, "faces")


def test_package_offers_it_by_name():
    assert simulate.tension is tension
    assert simulate.tensions is tensions
    assert {"tension", "tensions", "TensionResult", "Law"} <= set(simulate.__all__)


def test_a_drop_of_next_to_nothing_is_no_major_one(torn):
    load = np.array([0, 1e-6, 1e-7, 1.0, 2.0, 0.5])
    slack = dataclasses.replace(torn, load=load, strain=np.linspace(0, 1, 6))
    assert slack.first_drop == 4 and slack.strength == pytest.approx(2 / torn.section)
