"""Laws of threads in tension: stress against strain, as tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulate.checks import number
from structgen.files import check_readable

FloatArray = npt.NDArray[np.float64]

#: MPa in each unit of stress that tables may have; with mm that makes forces N and energies mJ.
STRESS_UNITS: Mapping[str, float] = {"Pa": 1e-6, "kPa": 1e-3, "MPa": 1.0, "GPa": 1e3}
#: Strain in each unit of strain that tables may have.
STRAIN_UNITS: Mapping[str, float] = {"1": 1.0, "%": 1e-2}
#: Most rows of a table, and largest file read, bytes.
MAX_ROWS = 10_000
MAX_BYTES = 4 * 2**20
#: Largest stress in MPa (ten times that of carbon nanotubes), largest strain: beyond, the unit must be wrong.
MAX_STRESS, MAX_STRAIN = 1e6, 100.0


@dataclass(frozen=True, eq=False)
class Law:
    """Engineering stress of a thread against its engineering strain, linear between the rows of a table.

    Arguments:
        name: what it is called.
        strain: ``(k,)`` strains, rising from 0; the last is where the thread breaks.
        stress: ``(k,)`` force over the area at rest, MPa, from 0, never falling: the energy of a net is then convex.
        density: g/cm^3.
        source: where the numbers are from.

    ``work`` is ``(k,)`` the energy over volume at the rows, MJ/m^3.

    In compression a thread is slack. Unloading goes back along the same curve: what yields is not kept. Raises
    `ValueError` naming the first offending row.
    """

    name: str
    strain: FloatArray
    stress: FloatArray
    density: float = 1.3
    source: str = ""
    work: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        strain, stress = _column(self.strain, "strain"), _column(self.stress, "stress")
        if strain.shape != stress.shape or not 2 <= len(strain) <= MAX_ROWS:
            raise ValueError(
                f"strain has {len(strain)} and stress {len(stress)} rows, must have as many, 2 to {MAX_ROWS}"
            )
        for name, column in (("strain", strain), ("stress", stress)):
            if column[0] != 0:
                raise ValueError(f"{name} row 0 is {column[0]:g}, must be 0: the thread at rest")
        _refuse(np.diff(strain) <= 0, "strain", strain, "must be greater than the row before")
        _refuse(np.diff(stress) < 0, "stress", stress, "must not be less than the row before")
        if stress[1] == 0:
            raise ValueError("stress row 1 is 0, must be > 0: a thread resists from the start")
        _refuse(strain[1:] > MAX_STRAIN, "strain", strain, f"must be at most {MAX_STRAIN:g}: a share, not per cent")
        _refuse(stress[1:] > MAX_STRESS, "stress", stress, f"must be at most {MAX_STRESS:g} MPa")
        number("density", self.density, "in g/cm^3, > 0 and at most 25", lambda x: 0 < x <= 25)
        work = np.concatenate([[0.0], np.cumsum(np.diff(strain) * (stress[1:] + stress[:-1]) / 2)])
        for name, array in (("strain", strain), ("stress", stress), ("work", work)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    # -- construction --------------------------------------------------------------------------

    @classmethod
    def from_table(
        cls, strain: npt.ArrayLike, stress: npt.ArrayLike, unit: str = "MPa", strain_unit: str = "1",
        name: str = "user", density: float = 1.3, source: str = "",
    ) -> Law:  # fmt: skip
        """A law from measured rows in ``unit`` (Pa, kPa, MPa, GPa) and ``strain_unit`` (1 or %)."""
        scales = _scale("unit", unit, STRESS_UNITS), _scale("strain_unit", strain_unit, STRAIN_UNITS)
        return cls(name, _column(strain, "strain") * scales[1], _column(stress, "stress") * scales[0], density, source)

    @classmethod
    def from_csv(cls, path: str | Path, density: float = 1.3) -> Law:
        """A law from a CSV file whose head names the units: ``strain`` or ``strain_%``, ``stress_MPa`` (_Pa, _GPa).

        Raises `FileNotFoundError`, or `ValueError` in one line that begins with the path.
        """
        path = Path(path)
        check_readable(path, MAX_BYTES)
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
            head = [cell.strip() for cell in rows[0]] if rows else []
            units = {}
            for column in head:
                quantity, _, unit = column.partition("_")
                units[quantity] = (head.index(column), unit)
            if not {"strain", "stress"} <= units.keys() or not units["stress"][1]:
                raise ValueError(
                    f"the head is {','.join(head)[:80]!r}, must name strain and stress_MPa (or another unit)"
                )
            strain, stress = (_cells(rows[1:], units[quantity][0], quantity) for quantity in ("strain", "stress"))
            return cls.from_table(
                strain, stress, unit=units["stress"][1], strain_unit=units["strain"][1] or "1",
                name=path.stem, density=density, source=path.name,
            )  # fmt: skip
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def elastic(
        cls, modulus: float, break_strain: float, name: str = "elastic", density: float = 1.3, source: str = ""
    ) -> Law:
        """Linear elastic until it breaks: ``modulus`` in MPa."""
        number("modulus", modulus, "in MPa, > 0", lambda x: x > 0)
        number("break_strain", break_strain, "> 0", lambda x: x > 0)
        return cls(name, np.array([0.0, break_strain]), np.array([0.0, modulus * break_strain]), density, source)

    @classmethod
    def yielding(
        cls, modulus: float, yield_stress: float, break_strain: float, strength: float,
        name: str = "yielding", density: float = 1.3, source: str = "",
    ) -> Law:  # fmt: skip
        """Elastic, MPa, up to ``yield_stress``, then straight to ``strength`` at ``break_strain``."""
        at = number("yield_stress", yield_stress, "in MPa, > 0", lambda x: x > 0) / number(
            "modulus", modulus, "in MPa, > 0", lambda x: x > 0
        )
        return cls(name, np.array([0, at, break_strain]), np.array([0, yield_stress, strength]), density, source)

    # -- measures ------------------------------------------------------------------------------

    @property
    def modulus(self) -> float:
        """Slope at rest, MPa."""
        return float(self.stress[1] / self.strain[1])

    @property
    def break_strain(self) -> float:
        """Strain beyond which the thread breaks."""
        return float(self.strain[-1])

    @property
    def strength(self) -> float:
        """Stress at which the thread breaks, MPa."""
        return float(self.stress[-1])

    @property
    def toughness(self) -> float:
        """Energy over volume until it breaks, MJ/m^3."""
        return float(self.work[-1])

    def stress_at(self, strain: npt.ArrayLike) -> FloatArray:
        """Stress, MPa; 0 in compression, beyond the break as if the last slope went on."""
        at, row = self._rows(strain)
        stress: FloatArray = np.where(at > 0, self.stress[row] + self._slopes[row] * (at - self.strain[row]), 0.0)
        return stress

    def tangent_at(self, strain: npt.ArrayLike) -> FloatArray:
        """Slope of the stress, MPa; at a corner that of the next piece."""
        at, row = self._rows(strain)
        return np.where(at >= 0, self._slopes[row], 0.0)

    def energy_at(self, strain: npt.ArrayLike) -> FloatArray:
        """Energy over volume, MJ/m^3: the exact integral of `stress_at`."""
        at, row = self._rows(strain)
        beyond = at - self.strain[row]
        energy: FloatArray = self.work[row] + self.stress[row] * beyond + self._slopes[row] * beyond**2 / 2
        return np.where(at > 0, energy, 0.0)

    def strain_at(self, stress: npt.ArrayLike) -> FloatArray:
        """The least strain at which the thread carries ``stress``, MPa; `ValueError` beyond its strength."""
        wanted = np.asarray(stress, float)
        if not ((wanted >= 0) & (wanted <= self.strength)).all():
            worst = wanted.ravel()[np.abs(wanted.ravel() - self.strength / 2).argmax()]
            raise ValueError(f"stress is {worst:g} MPa, {self.name} carries 0 to {self.strength:g} MPa")
        row = np.clip(np.searchsorted(self.stress, wanted, side="left") - 1, 0, len(self.strain) - 2)
        slope = np.maximum(self._slopes[row], np.finfo(float).tiny)
        return np.where(wanted > 0, self.strain[row] + (wanted - self.stress[row]) / slope, 0.0)

    @property
    def _slopes(self) -> FloatArray:
        """``(k - 1,)`` slopes of the pieces."""
        slopes: FloatArray = np.diff(self.stress) / np.diff(self.strain)
        return slopes

    def _rows(self, strain: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        at = np.asarray(strain, float)
        return at, np.clip(np.searchsorted(self.strain, at, side="right") - 1, 0, len(self.strain) - 2)


def _column(value: npt.ArrayLike, name: str) -> FloatArray:
    array = np.array(value)
    if array.dtype.kind not in "iuf" or array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}, must be a column of numbers")
    _refuse(~np.isfinite(array), name, array, "must be finite")
    return array.astype(float)


def _cells(rows: list[list[str]], at: int, name: str) -> list[float]:
    column = []
    for number_, row in enumerate(rows):
        try:
            column.append(float(row[at]))
        except (ValueError, IndexError):
            raise ValueError(
                f"{name} row {number_} is {(row[at] if at < len(row) else '')!r:.40}, not a number"
            ) from None
    return column


def _scale(name: str, unit: str, units: Mapping[str, float]) -> float:
    if unit not in units:
        raise ValueError(f"{name} is {unit!r}, must be one of {', '.join(units)}")
    return units[unit]


def _refuse(bad: npt.NDArray[np.bool_], name: str, array: npt.NDArray[np.float64], rule: str) -> None:
    """Raise for the first row where ``bad``, of all rows or of all but the first, holds."""
    if bad.any():
        row = int(bad.argmax()) + len(array) - len(bad)
        raise ValueError(f"{name} row {row} is {array[row]:g}: {rule}")
