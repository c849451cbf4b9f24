from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.mechanics.law import Law
from simulate.mechanics.silk import LAWS


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
def test_energy_is_the_integral_of_stress_and_stress_that_of_the_slope(law):
    strain = np.linspace(0, 1.2 * law.break_strain, 200_001)
    step = strain[1]
    stress = law.stress_at(strain)
    work = np.concatenate([[0], np.cumsum((stress[1:] + stress[:-1]) / 2 * step)])
    np.testing.assert_allclose(law.energy_at(strain), work, rtol=1e-6, atol=1e-6 * law.toughness)
    rise = np.concatenate([[0], np.cumsum(law.tangent_at(strain[:-1]) * step)])
    np.testing.assert_allclose(rise, stress, rtol=1e-3, atol=1e-3 * law.strength)
    assert law.energy_at(law.break_strain) == pytest.approx(law.toughness)


@given(st.floats(0, 1), st.sampled_from(list(LAWS.values())))
def test_strain_at_is_the_inverse_of_stress_at(share, law):
    stress = share * law.strength
    assert law.stress_at(law.strain_at(stress)) == pytest.approx(stress, abs=1e-9 * law.strength)


def test_threads_do_not_push():
    law = LAWS["dragline"]
    strain = np.array([-0.9, -0.1, 0.0])
    for found in (law.stress_at(strain), law.energy_at(strain), law.tangent_at(strain[:2])):
        assert not found.any()


def test_elastic_and_yielding_laws_are_as_said():
    assert Law.elastic(100, 0.5).toughness == pytest.approx(100 * 0.5**2 / 2)
    law = Law.yielding(1000, 10, 0.5, 30)
    assert (law.modulus, law.strength, law.break_strain) == (1000, 30, 0.5)
    np.testing.assert_allclose(law.stress_at([0.005, 0.01, 0.255, 0.5]), [5, 10, 20, 30])


def test_units_of_tables():
    strain, stress = [0, 10, 20], [0, 0.5, 0.6]
    law = Law.from_table(strain, stress, unit="GPa", strain_unit="%")
    np.testing.assert_allclose(law.strain, [0, 0.1, 0.2])
    np.testing.assert_allclose(law.stress, [0, 500, 600])


def test_a_table_in_a_file(tmp_path):
    path = tmp_path / "silk.csv"
    path.write_text("# measured\nstress_GPa, strain_%\n0,0\n0.5,10\n0.6,20\n")
    law = Law.from_csv(path, density=1.35)
    assert (law.name, law.density, law.break_strain) == ("silk", 1.35, pytest.approx(0.2))
    assert law.strength == pytest.approx(600)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strain,stress\n0,0\n1,1\n", ("must name strain and stress_MPa",)),
        ("strain,stress_psi\n0,0\n1,1\n", ("unit is 'psi'", "MPa")),
        ("strain,stress_MPa\n0,0\n1,x\n", ("stress row 1 is 'x'",)),
        ("strain,stress_MPa\n0,0\n1\n", ("stress row 1 is ''",)),
        ("strain,stress_MPa\n0,0\n50,1\n200,2\n", ("strain row 2 is 200", "per cent")),
        ("strain,stress_MPa\n0,0\n.1,5\n.2,4\n", ("stress row 2 is 4", "not be less")),
        ("strain,stress_MPa\n0,0\n.1,nan\n", ("stress row 1 is nan", "finite")),
        ("\n", ("must name strain",)),
    ],
)
def test_files_that_are_refused(tmp_path, refused, text, words):
    path = tmp_path / "silk.csv"
    path.write_text(text)
    with refused(f"{path}: ", *words):
        Law.from_csv(path)


@pytest.mark.parametrize(
    ("strain", "stress", "words"),
    [
        ([0, 0.1], [0, 1, 2], ("strain has 2 and stress 3 rows",)),
        ([0.1, 0.2], [0, 1], ("strain row 0 is 0.1", "must be 0")),
        ([0, 0.1], [1, 2], ("stress row 0 is 1",)),
        ([0, 0.1, 0.1], [0, 1, 2], ("strain row 2 is 0.1", "greater")),
        ([0, 0.1, 0.2], [0, 2, 1], ("stress row 2 is 1",)),
        ([0, 0.1, 0.2], [0, 0, 1], ("stress row 1 is 0",)),
        ([0, 0.1], [0, 1e9], ("stress row 1 is 1e+09", "MPa")),
        ([[0, 0.1]], [0, 1], ("strain has shape (1, 2)",)),
    ],
)
def test_refusals(refused, strain, stress, words):
    with refused(*words):
        Law("mine", strain, stress)


def test_refused_densities_and_stresses(refused):
    with refused("density is -1", "g/cm^3"):
        Law("mine", [0, 1], [0, 1], density=-1)
    with refused("stress is 2 MPa", "mine carries 0 to 1 MPa"):
        Law("mine", [0, 1], [0, 1]).strain_at(2.0)
