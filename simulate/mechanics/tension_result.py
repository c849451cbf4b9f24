"""What a test of a web found: the curve and the numbers drawn from it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.grips import Grips
from simulate.mechanics.law import Law
from simulate.mechanics.pulling import LITTLE, History
from structgen.files import whole_file, write_json
from structgen.web import FloatArray, IntArray, WebGraph

#: A drop of the load by this share of the greatest load so far is a major one.
MAJOR = 0.1
#: The load up to which a web that is to carry more counts as a mechanism, over the greatest.
NOTHING = 1e-3
#: Loads between which the stiffness is taken, over that at the first major drop: beyond the toe, before the drop.
SECANT = (0.1, 0.3)
#: Columns of the curve, as they are called in files.
COLUMNS = ("strain", "displacement", "load", "stress", "energy", "work", "dissipated", "residual", "broken", "slack")


@dataclass(frozen=True, eq=False)
class TensionResult:
    """The curve of a ``test``, ``"tension"`` or ``"indentation"``, one row a point; every point is an equilibrium.

    ``strain (k,)`` of the length between grips, or depth over the width of the rim; ``load (k,)``, N: the work of the
    grips by their way, so that with anchors that move by their place it is that on a plate that pulls alike; ``energy``
    stored, ``work`` done by the grips (under the cubic through loads and their rates), ``dissipated`` by threads that
    broke, mJ; ``residual (k,)``, see `simulate.mechanics.cable.CableNet.residual`; ``broken (k,)``: threads broken so
    far; ``slack (k,)``: share of whole threads that carry nothing.

    ``breaks (b, 4)``: thread, strain, strain of the thread and residual at each break, in order; ``lost``: threads that
    carried nothing any more after others broke; ``frames``: ``(strain, pos (n, 3), whole (m,))`` of the states kept;
    ``end``: ``"strain"`` reached, ``"failed"``, ``"apart"`` or ``"interrupted"``.

    ``length`` between grips, mm; ``section``, mm^2, for stress; ``mass`` of threads, g; ``rest`` lengths and ``area``
    ``(m,)`` of threads; their ``laws`` and which one, ``law (m,)``, each follows.
    """

    web: WebGraph
    test: str
    strain: FloatArray
    load: FloatArray
    energy: FloatArray
    work: FloatArray
    dissipated: FloatArray
    residual: FloatArray
    broken: IntArray
    slack: FloatArray
    breaks: FloatArray
    lost: IntArray
    frames: tuple[tuple[float, npt.NDArray[np.float32], npt.NDArray[np.bool_]], ...]
    end: str
    axis: FloatArray
    grips: str
    length: float
    section: float
    mass: float
    rest: FloatArray
    area: FloatArray
    laws: tuple[Law, ...]
    law: IntArray
    settings: dict[str, float]

    @classmethod
    def of(
        cls, web: WebGraph, test: str, grips: Grips, history: History, basis: FloatArray, middle: FloatArray,
        rest: FloatArray, area: FloatArray, laws: Sequence[Law], law: IntArray, *,
        section: float, mass: float, settings: dict[str, float],
    ) -> TensionResult:  # fmt: skip
        """From a ``history`` in the axes ``basis`` around ``middle``."""
        frames = tuple(
            (strain, (pos @ basis + middle).astype(np.float32), whole) for strain, pos, whole in history.frames
        )
        names = ("strain", "load", "energy", "work", "dissipated", "residual", "slack")
        return cls(
            web, test, **{name: np.array(getattr(history, name)) for name in names},
            broken=np.array(history.broken), breaks=np.array(history.breaks, float).reshape(-1, 4),
            lost=np.array(history.lost, np.int64), frames=frames, end=history.end, axis=grips.axis, grips=grips.name,
            length=grips.length, section=section, mass=mass, rest=rest, area=area, laws=tuple(laws), law=law,
            settings=settings,
        )  # fmt: skip

    # -- numbers -------------------------------------------------------------------------------

    @property
    def displacement(self) -> FloatArray:
        """``(k,)`` way of the grips apart, or depth of the punch, mm."""
        displacement: FloatArray = self.strain * self.length
        return displacement

    @property
    def stress(self) -> FloatArray:
        """``(k,)`` load over section, MPa."""
        stress: FloatArray = self.load / self.section
        return stress

    @property
    def first_drop(self) -> int:
        """The point of the greatest load before it first falls by `MAJOR`; of the greatest of all if it never does.

        Loads of a slack web, next to nothing of the greatest, do not count.
        """
        greatest = np.maximum.accumulate(self.load)
        fallen = (self.load < (1 - MAJOR) * greatest) & (greatest > NOTHING * self.load.max())
        end = int(fallen.argmax()) if fallen.any() else len(self.load)
        return int(self.load[:end].argmax()) if end else 0

    @property
    def strength(self) -> float:
        """Stress at the first major drop, MPa."""
        return float(self.stress[self.first_drop])

    @property
    def ultimate(self) -> float:
        """The greatest stress, MPa."""
        return float(self.stress.max())

    @property
    def stiffness(self) -> float:
        """Slope of the stress where it first goes from 10 to 30 % of `strength`, MPa: beyond the toe of a slack web."""
        low, high = (self._strain_at(share * float(self.load[self.first_drop])) for share in SECANT)
        rise = (SECANT[1] - SECANT[0]) * self.strength
        return rise / (high - low) if high > low else 0.0

    @property
    def toughness(self) -> float:
        """Work of the grips over volume, MJ/m^3, until the end."""
        return float(self.work[-1] / (self.section * self.length))

    @property
    def capacity(self) -> float:
        """Energy that all threads can take together, mJ."""
        tough = np.array([law.toughness for law in self.laws])[self.law]
        return float((tough * self.area * self.rest).sum())

    @property
    def balance(self) -> float:
        """Largest gap between work and the sum of what is stored and dissipated, over the work.

        Over no less than the share `LITTLE` of the energy that all threads can take: a mechanism does no work.
        """
        gap = np.abs(self.work - (self.energy - self.energy[0]) - self.dissipated)
        return float(gap.max() / max(float(self.work.max()), LITTLE * self.capacity))

    @property
    def notes(self) -> list[str]:
        """What a reader should know."""
        notes = []
        carries = self.load > NOTHING * self.load.max()
        if self.work.max() < LITTLE * self.capacity:
            notes.append(f"the web carries nothing up to a strain of {self.strain[-1]:.3g}: it moves as a mechanism")
        elif self.test == "tension" and self.strain[carries.argmax()] > 2 * self.settings["step"]:
            until = self.strain[carries.argmax() - 1]
            notes.append(f"up to a strain of {until:.3g} the web moves as a mechanism and carries almost nothing")
        if self.end == "interrupted":
            notes.append(f"interrupted at a strain of {self.strain[-1]:.3g}: strength and toughness are those so far")
        if self.end == "strain":
            notes.append("the web had not failed at the strain asked for: strength and toughness are those so far")
        if self.balance > 0.01:
            notes.append(
                f"work and energy differ by {100 * self.balance:.2g} %: the curve is coarse, use smaller steps"
            )
        return notes

    def as_dict(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        at = self.first_drop
        return {
            "test": self.test, "nodes": self.web.n, "threads": self.web.m, "laws": [law.name for law in self.laws],
            "axis": self.axis.tolist(), "grips": self.grips, "length_mm": self.length, "section_mm2": self.section,
            "mass_g": self.mass, **self.settings,
            "stiffness_MPa": self.stiffness, "strength_MPa": self.strength, "ultimate_MPa": self.ultimate,
            "stiffness_N_mm": self.stiffness * self.section / self.length,
            "strain_at_strength": float(self.strain[at]), "displacement_at_strength_mm": float(self.displacement[at]),
            "load_at_strength_N": float(self.load[at]),
            "greatest_load_N": float(self.load.max()), "toughness_MJ_m3": self.toughness,
            "work_mJ": float(self.work[-1]), "stored_mJ": float(self.energy[-1] - self.energy[0]),
            "dissipated_mJ": float(self.dissipated[-1]), "balance": self.balance,
            "largest_residual": float(self.residual.max()), "points": len(self.strain), "breaks": len(self.breaks),
            "lost": len(self.lost), "end": self.end, "strain_at_end": float(self.strain[-1]), "notes": self.notes,
        }  # fmt: skip

    def thread_stress(self, pos: npt.ArrayLike, whole: npt.NDArray[np.bool_]) -> FloatArray:
        """``(m,)`` stress of threads, MPa, with the nodes at ``pos (n, 3)``; 0 of those that are gone."""
        i, j = self.web.edge_index
        at = np.asarray(pos, float)
        strain = np.linalg.norm(at[j] - at[i], axis=1) / self.rest - 1
        stress = np.zeros(self.web.m)
        for k, law in enumerate(self.laws):
            mine = whole & (self.law == k)
            stress[mine] = law.stress_at(strain[mine])
        return stress

    # -- files ---------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> list[Path]:
        """Write into ``folder`` result.json, curve.csv, breaks.csv and an .npz named as the test; no frames."""
        folder = Path(folder)
        columns = {name: getattr(self, name) for name in COLUMNS}
        write_json(folder / "result.json", self.as_dict())
        _write_csv(folder / "curve.csv", list(columns), np.column_stack(list(columns.values())))
        _write_csv(folder / "breaks.csv", ["thread", "strain", "thread_strain", "residual"], self.breaks)
        arrays = {
            **columns, "breaks": self.breaks, "lost": self.lost, "rest": self.rest, "area": self.area, "law": self.law,
            "pos": self.web.pos, "edge_index": self.web.edge_index, "radius": self.web.radius, "kind": self.web.kind,
        }  # fmt: skip
        with whole_file(folder / f"{self.test}.npz") as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
        return [folder / name for name in ("result.json", "curve.csv", "breaks.csv", f"{self.test}.npz")]

    def _strain_at(self, load: float) -> float:
        """The strain at which the load first is ``load``."""
        k = int((self.load >= load).argmax())
        if k == 0:
            return float(self.strain[0])
        below, above = self.load[k - 1], self.load[k]
        return float(self.strain[k - 1] + (load - below) / (above - below) * (self.strain[k] - self.strain[k - 1]))


class InterruptedTest(KeyboardInterrupt):
    """A test was interrupted from the keyboard; ``result`` is that up to there."""

    def __init__(self, result: TensionResult) -> None:
        super().__init__("interrupted")
        self.result = result


def _write_csv(path: Path, head: list[str], rows: FloatArray) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([[f"{value:.10g}" for value in row] for row in rows])
    with whole_file(path) as temporary:
        temporary.write_text(text.getvalue())
