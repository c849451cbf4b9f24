from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simulate.mechanics.frame.material import Material
from simulate.mechanics.homogenize import BOUNDARIES, homogenize
from simulate.mechanics.lattices import LATTICES, lattice
from simulate.mechanics.stiffness import Stiffness
from structgen.web import WebGraph

SOLID = Material(1000.0, 20.0)


@pytest.mark.parametrize("name", LATTICES)
def test_a_cell_that_repeats_is_as_stiff_as_several_of_it(name):
    one, eight = (homogenize(lattice(name, 10.0, 0.5, cells), SOLID, "periodic") for cells in (1, 2))
    np.testing.assert_allclose(eight.matrix, one.matrix, atol=1e-8 * one.matrix.max())
    assert eight.relative_density == pytest.approx(one.relative_density)


@pytest.mark.parametrize("name", LATTICES)
def test_lattices_are_cubic(name):
    found = homogenize(lattice(name, 10.0, 0.5), SOLID, "periodic")
    c = found.matrix
    np.testing.assert_allclose(np.diag(c), [c[0, 0]] * 3 + [c[3, 3]] * 3)
    np.testing.assert_allclose(c[[0, 0, 1], [1, 2, 2]], c[0, 1], rtol=1e-9, atol=1e-12 * c.max())
    np.testing.assert_allclose(c[:3, 3:], 0, atol=1e-9 * c.max())
    zener = 2 * c[3, 3] / (c[0, 0] - c[0, 1])
    assert found.zener == pytest.approx(zener)
    # Of cubic materials: Ranganathan and Ostoja-Starzewski, after equation (9).
    assert found.universal_anisotropy == pytest.approx(1.2 * (np.sqrt(zener) - 1 / np.sqrt(zener)) ** 2)


@given(st.integers(0, 100))
@settings(max_examples=10)
def test_static_is_below_kinematic(seed):
    random = np.random.default_rng(seed)
    web = lattice("octet", 10.0, 0.4, 2)
    web = WebGraph(web.pos + random.normal(scale=0.3, size=web.pos.shape), web.edge_index, web.radius)
    low, high = (homogenize(web, SOLID, boundary, depth=0.1).matrix for boundary in ("static", "kinematic"))
    assert np.linalg.eigvalsh(high - low).min() > -1e-9 * high.max()
    assert np.linalg.eigvalsh(low).min() > 0


def test_bounds_close_in_on_the_cell_that_repeats():
    # The box counts struts in its faces whole, so that it is denser; of 1 / cells.
    web = lattice("octet", 10.0, 0.3, 3)
    periodic = homogenize(web, SOLID, "periodic")
    for boundary in ("static", "kinematic"):
        found = homogenize(web, SOLID, boundary, depth=0.01)
        relative = found.young[0] / found.relative_density / (periodic.young[0] / periodic.relative_density)
        assert 0.9 < relative < 1.1


def test_shear_makes_stubby_lattices_softer():
    web = lattice("kelvin", 10.0, 0.8)
    stiff, soft = (homogenize(web, SOLID, "periodic", shear=shear).young[0] for shear in (False, True))
    assert 0.7 < soft / stiff < 0.99


def test_radius_and_material_scale_it():
    web = lattice("octet", 10.0, 0.01)
    thick = homogenize(web, Material(3000.0, 20.0), "periodic", radius=0.02)
    np.testing.assert_allclose(
        thick.matrix, 12 * homogenize(web, SOLID, "periodic").matrix, atol=1e-4 * thick.matrix.max()
    )


def isotropic(young=1000.0, nu=0.3):
    lame, shear = young * nu / ((1 + nu) * (1 - 2 * nu)), young / (2 * (1 + nu))
    matrix = np.zeros((6, 6))
    matrix[:3, :3] = lame + 2 * shear * np.eye(3)
    matrix[3:, 3:] = shear * np.eye(3)
    return Stiffness(matrix, "static", 0.1, 1.0, SOLID)


def test_an_isotropic_solid_is_known_from_its_stiffness(tmp_path):
    solid = isotropic()
    np.testing.assert_allclose(solid.young, 1000)
    np.testing.assert_allclose(solid.shear, 1000 / 2.6)
    np.testing.assert_allclose(solid.poisson, 0.3 * (1 - np.eye(3)))
    np.testing.assert_allclose(solid.modulus(Rotation.random(20, random_state=0).as_matrix()[:, 0]), 1000)
    np.testing.assert_allclose(solid.bulk, 1000 / 1.2)
    np.testing.assert_allclose(solid.mean_shear, 1000 / 2.6)
    assert solid.zener == pytest.approx(1)
    assert solid.universal_anisotropy == pytest.approx(0, abs=1e-12)
    paths = solid.save(tmp_path)
    assert json.loads(paths[0].read_text())["zener"] == pytest.approx(1)
    assert paths[1].stat().st_size > 10_000


def test_what_cannot_be_measured_is_told(refused):
    web = lattice("octet", 10.0, 0.3)
    with refused("boundary is 'open'", "kinematic"):
        homogenize(web, SOLID, "open")
    with refused("depth is 0.4"):
        homogenize(web, SOLID, depth=0.4)
    flat = WebGraph(web.pos * [1, 1, 0] + np.arange(web.n)[:, None] * [1, 2, 0], web.edge_index)
    with refused("flat along z"):
        homogenize(flat, SOLID)
    with refused("node", "has no partner"):
        homogenize(
            WebGraph(web.pos + (np.arange(web.n) == 8)[:, None] * [0, 0.5, 0], web.edge_index), SOLID, "periodic"
        )
    apart = WebGraph(
        np.concatenate([web.pos, web.translated([30, 0, 0]).pos]),
        np.concatenate([web.edge_index, web.edge_index + web.n], axis=1),
    )
    for boundary in BOUNDARIES[:2]:
        with refused("in 2 parts"):
            homogenize(apart, SOLID, boundary)
    with refused("material is 3"):
        homogenize(web, 3)


def test_names_of_lattices_are_checked(refused):
    with refused("name is 'gyroid'", "octet"):
        lattice("gyroid", 1.0, 0.1)
    with refused("cell is 0"):
        lattice("cubic", 0, 0.1)
    with refused("cells is 0"):
        lattice("cubic", 1.0, 0.1, 0)
