from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simulate.mechanics.compression import compression, compressions
from simulate.mechanics.frame.material import Material, material_of
from simulate.mechanics.lattices import lattice
from structgen.web import WebGraph

PLA = Material(3500.0, 57.0, 1.24, name="pla")


def bar(length=20.0, radius=0.5):
    """A single strut along z."""
    return WebGraph([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0 + length]], [[0], [1]], np.asarray(radius))


@pytest.fixture(scope="module")
def crushed():
    return compression(lattice("cubic", 10.0, 0.4, 2), PLA, to_strain=0.05, steps=20, frames=3)


def test_a_bar_buckles_at_eulers_load_and_goes_on_carrying_it():
    found = compression(bar(100.0, 0.2), PLA, to_strain=0.1, steps=20)
    euler = 4 * np.pi**2 * PLA.modulus * np.pi * 0.2**4 / 4 / 100**2
    assert found.buckling_force == pytest.approx(euler, rel=0.01)
    assert found.force[-1] == pytest.approx(euler, rel=0.07)
    assert found.force[-1] > euler
    assert found.residual.max() <= 1e-8
    assert found.end == "strain"


def test_rotation_free_is_a_pinned_column():
    found = compression(bar(100.0, 0.2), PLA, to_strain=0.01, rotation="free", steps=5)
    assert found.buckling_force == pytest.approx(np.pi**2 * PLA.modulus * np.pi * 0.2**4 / 4 / 100**2, rel=0.01)


def test_before_it_buckles_it_is_as_stiff_as_its_struts(crushed):
    # Nine columns of two struts; the section is that of the box around them.
    section = 20.8**2
    assert crushed.section == pytest.approx(section)
    assert crushed.stiffness == pytest.approx(9 * PLA.modulus * np.pi * 0.4**2 / section, rel=1e-3)
    rise = crushed.force[1] / crushed.section / crushed.strain[1]
    assert rise == pytest.approx(crushed.stiffness, rel=0.05)
    assert crushed.gain < 0.01
    np.testing.assert_allclose(crushed.dissipated, 0, atol=0.01 * crushed.work[-1])


def test_arc_and_stable_states_agree_where_nothing_jumps(crushed):
    arc = compression(lattice("cubic", 10.0, 0.4, 2), PLA, to_strain=0.05, steps=20, path="arc")
    assert not arc.unstable.any()
    assert arc.force[-1] == pytest.approx(crushed.force[-1], rel=1e-4)


def test_the_first_yield_of_a_bar_is_where_it_must_be():
    pulled = compression(bar(), PLA, to_strain=-0.05, steps=10)
    strain, force = pulled.first_yield
    assert strain == pytest.approx(-57 / 3500)
    assert force == pytest.approx(-57 * np.pi * 0.25, rel=1e-6)
    assert pulled.buckling_strain is None
    assert pulled.absorbed_to_yield * pulled.section * 20 == pytest.approx(57**2 / 3500 / 2 * np.pi * 0.25 * 20)


def test_axis_and_place_do_not_matter():
    web = lattice("kelvin", 10.0, 0.4)
    turn = Rotation.random(random_state=1).as_matrix()
    upright = compression(web, PLA, to_strain=0.05, steps=5, imperfection=0, section=100.0)
    turned = compression(
        web.rotated(turn), PLA, axis=turn[:, 2], to_strain=0.05, steps=5, imperfection=0, section=100.0
    )
    np.testing.assert_allclose(turned.force, upright.force, rtol=1e-6, atol=1e-9)


def test_free_sides_are_softer(crushed):
    web = lattice("octet", 10.0, 0.4)
    fixed, free = (compression(web, PLA, to_strain=0.01, steps=3, lateral=how).stiffness for how in ("fixed", "free"))
    assert free < 0.98 * fixed


def test_shear_and_parts():
    web = lattice("kelvin", 10.0, 0.5)
    plain, soft = (compression(web, PLA, to_strain=0.02, steps=3, shear=s, parts=1).stiffness for s in (False, True))
    assert 0.8 < soft / plain < 1
    # At rest beams are exact, however many there are in a strut.
    assert compression(web, PLA, to_strain=0.02, steps=3, parts=3).stiffness == pytest.approx(plain, rel=1e-6)


def test_the_same_seed_gives_the_same_curve(crushed):
    again = compression(lattice("cubic", 10.0, 0.4, 2), PLA, to_strain=0.05, steps=20, frames=3)
    np.testing.assert_allclose(again.force, crushed.force, rtol=1e-6)


@pytest.mark.slow
def test_batches_do_not_depend_on_workers():
    webs = [bar(20.0), bar(30.0)]
    here, there = (
        [found.force for found in compressions(webs, workers, material=PLA, to_strain=0.01, steps=2)]
        for workers in (1, 2)
    )
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(other, one)


def test_states_are_kept_and_told(crushed):
    assert [round(frame[0], 3) for frame in crushed.frames][::2] == [0, 0.05]
    assert crushed.frames[0][1].shape == (27 + 54 * 3, 3)
    told = []
    compression(bar(), PLA, to_strain=0.01, steps=4, tell=lambda strain, force: told.append((strain, force)))
    assert len(told) >= 5
    assert told[-1][0] == pytest.approx(0.01)


def test_files_hold_the_curve(crushed, tmp_path):
    paths = crushed.save(tmp_path / "run")
    result = json.loads(paths[0].read_text())
    assert result["stiffness_MPa"] == pytest.approx(crushed.stiffness)
    assert any("contact" in note for note in result["notes"])
    rows = list(csv.DictReader(paths[1].open()))
    np.testing.assert_allclose([float(row["force"]) for row in rows], crushed.force, rtol=1e-9, atol=1e-9)
    with np.load(paths[2]) as arrays:
        assert arrays["frame_pos"].shape[0] == 3


def test_notes_tell_of_yield_and_of_stubby_struts(crushed):
    assert any("over its limit of 57 MPa" in note for note in crushed.notes)
    thick = compression(lattice("kelvin", 10.0, 0.5), PLA, to_strain=0.01, steps=2)
    assert any("shorter than 10 radii" in note for note in thick.notes)


def test_wrong_arguments_are_told(refused):
    web = lattice("cubic", 10.0, 0.4)
    for option, value in {
        "axis": "w", "to_strain": 0.0, "depth": 0.3, "lateral": "loose", "rotation": 1, "path": "straight",
        "parts": 0, "steps": 0, "frames": -1, "imperfection": -0.1, "tolerance": 0.1, "section": -1.0, "seed": -1,
    }.items():  # fmt: skip
        with refused(f"{option} is"):
            compression(web, PLA, **{option: value})


def test_webs_that_cannot_be_crushed_are_told(refused):
    web = lattice("cubic", 10.0, 0.4)
    ends = web.edge_index + web.n
    floating = WebGraph(np.concatenate([web.pos, web.pos * 0.2 + 4]), np.concatenate([web.edge_index, ends], axis=1))
    with refused("floats", "8 nodes"):
        compression(floating, PLA)
    stacked = WebGraph(
        np.concatenate([web.pos, web.translated([0, 0, 20]).pos]), np.concatenate([web.edge_index, ends], axis=1)
    )
    with refused("no strut leads"):
        compression(stacked, PLA)
    with refused("flat along it"):
        compression(WebGraph([[0, 0, 0], [1, 0, 0]], [[0], [1]]), PLA)
    with refused("20000 times as long"):
        compression(bar(1000.0, 0.05), PLA)
    with refused("can move without resistance", "lateral is free"):
        compression(bar(), PLA, lateral="free", rotation="free")


def test_materials_are_taken_from_laws_and_checked(refused):
    class Law:
        name, modulus, stress, density = "mine", 2000.0, np.array([0.0, 30.0, 40.0]), 1.1

    found = material_of(Law())
    assert (found.modulus, found.limit, found.density, found.name) == (2000.0, 30.0, 1.1, "mine")
    assert found.shear_modulus == pytest.approx(2000 / 2.72)
    with refused("material is"):
        material_of(7)
    with refused("modulus is -1"):
        Material(-1.0, 2.0)
    with refused("poisson is 0.6"):
        Material(1.0, 2.0, poisson=0.6)


def test_materials_have_names_or_files(refused, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("strain,stress_MPa\n0,0\n0.01,20\n0.1,25\n")
    assert (material_of(str(path)).modulus, material_of(str(path)).limit) == (2000.0, 20.0)
    assert material_of("pla").modulus > 1000
    with refused("material is 'butter'", "pla"):
        material_of("butter")
