"""What a compression test found: the curve, and the numbers drawn from it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.frame.material import Material
from structgen.files import whole_file, write_json
from structgen.web import FloatArray, IntArray, WebGraph

#: A fall of the force by this share of the greatest so far is a collapse.
COLLAPSE = 0.05
#: Struts shorter than so many radii bend and shear in ways that beams without shear do not show.
STUBBY = 10.0
#: Columns of the curve, as they are called in files.
COLUMNS = ("strain", "force", "nominal_stress", "energy", "work", "stress", "dissipated", "residual", "unstable")


@dataclass(frozen=True, eq=False)
class CompressionResult:
    """The curve of a test between platens, one row a point; every point is an equilibrium, compression is > 0.

    ``strain (k,)`` of the length between platens; ``force (k,)`` on a platen, N; ``energy (k,)`` stored, mJ;
    ``residual (k,)``: largest force out of balance over the largest in a strut; ``unstable (k,)``: directions in which
    the equilibrium is not stable, so that a test would jump there; ``stress (k,)``: largest equivalent stress in any
    strut, MPa; ``strut_stress (m,)`` that of each strut at the last point.

    ``frames``: ``(strain, pos (nodes of beams, 3), stress (m,))`` of the states kept; ``end``: ``"strain"`` reached,
    ``"lost"`` where no further equilibrium was found, ``"points"`` where too many were needed.

    ``length`` between platens, mm; ``section``, mm^2; ``mass`` of struts, g; ``stiffness`` at rest, MPa;
    ``buckling_strain``: where the web would buckle by the linear eigenvalue problem, None where it would not.
    """

    web: WebGraph
    strain: FloatArray
    force: FloatArray
    energy: FloatArray
    residual: FloatArray
    unstable: IntArray
    stress: FloatArray
    strut_stress: FloatArray
    frames: tuple[tuple[float, npt.NDArray[np.float32], npt.NDArray[np.float32]], ...]
    end: str
    axis: FloatArray
    length: float
    section: float
    mass: float
    material: Material
    stiffness: float
    buckling_strain: float | None
    settings: dict[str, Any]

    # -- numbers -------------------------------------------------------------------------------

    @property
    def nominal_stress(self) -> FloatArray:
        """``(k,)`` force over section, MPa."""
        stress: FloatArray = self.force / self.section
        return stress

    @property
    def work(self) -> FloatArray:
        """``(k,)`` work of the platens, mJ: trapezoids under the force."""
        parts = np.diff(self.strain) * self.length * (self.force[1:] + self.force[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(parts)])

    @property
    def dissipated(self) -> FloatArray:
        """``(k,)`` work less energy stored, mJ: what was lost in jumps; less than 0 only where the curve is coarse."""
        lost: FloatArray = self.work - self.energy
        return lost

    @property
    def gain(self) -> float:
        """The largest rise of stored energy over the work done meanwhile, over all work: 0 but for coarse curves."""
        return float(
            max(-np.diff(self.dissipated, prepend=0.0).min(), 0.0) / max(float(np.abs(self.work).max()), 1e-300)
        )

    @property
    def buckling_force(self) -> float | None:
        """Force at `buckling_strain` by the stiffness at rest, N."""
        if self.buckling_strain is None:
            return None
        return self.stiffness * self.buckling_strain * self.section

    @property
    def collapse(self) -> int | None:
        """The point of the greatest force before it first falls by `COLLAPSE`; None if it does not."""
        size = np.abs(self.force)
        fallen = size < (1 - COLLAPSE) * np.maximum.accumulate(size)
        return int(size[: int(fallen.argmax())].argmax()) if fallen.any() else None

    @property
    def first_yield(self) -> tuple[float, float] | None:
        """Strain and force at which a strut first reaches the limit of the material; None if none does."""
        over = self.stress >= self.material.limit
        if not over.any():
            return None
        k = int(over.argmax())
        part = (self.material.limit - self.stress[k - 1]) / (self.stress[k] - self.stress[k - 1])
        between = [float(c[k - 1] + part * (c[k] - c[k - 1])) for c in (self.strain, self.force)]
        return between[0], between[1]

    @property
    def absorbed(self) -> float:
        """Work over volume until the end, MJ/m^3."""
        return float(self.work[-1] / (self.section * self.length))

    @property
    def absorbed_to_yield(self) -> float | None:
        """Work over volume until the first strut reaches its limit, MJ/m^3."""
        if self.first_yield is None:
            return None
        k = int((self.stress >= self.material.limit).argmax())
        strain, force = self.first_yield
        work = self.work[k - 1] + (strain - self.strain[k - 1]) * self.length * (force + self.force[k - 1]) / 2
        return float(work / (self.section * self.length))

    @property
    def notes(self) -> list[str]:
        """What a reader should know."""
        notes = ["contact of struts is ignored: a real web stiffens where they meet"]
        if self.first_yield is not None:
            notes.append(
                f"beyond a strain of {self.first_yield[0]:.3g} a strut is over its limit of {self.material.limit:g} "
                "MPa; the curve goes on as if it stayed elastic, the real force is less"
            )
        stubby = float((self.web.lengths / self.web.radius < STUBBY).mean())
        if stubby > 0.1:
            notes.append(f"{100 * stubby:.0f} % of the struts are shorter than {STUBBY:g} radii: rough as beams")
        if self.end == "lost":
            notes.append(f"no equilibrium was found beyond a strain of {self.strain[-1]:.3g}")
        if self.end == "points":
            notes.append(f"the path is long: it ends at a strain of {self.strain[-1]:.3g}")
        if self.unstable.any():
            where = self.strain[int((self.unstable > 0).argmax())]
            notes.append(f"from a strain of {where:.3g} on there are points that are not stable: a test would jump")
        if self.gain > 0.01:
            notes.append(f"energy rises by {100 * self.gain:.2g} % without work: the curve is coarse, use more steps")
        if self.dissipated[-1] > 0.01 * np.abs(self.work).max():
            share = self.dissipated[-1] / np.abs(self.work).max()
            notes.append(f"{100 * share:.2g} % of the work was lost in jumps from one stable state to another")
        return notes

    def as_dict(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        collapse, yields = self.collapse, self.first_yield
        return {
            "nodes": self.web.n, "struts": self.web.m, "material": self.material.name,
            "modulus_MPa": self.material.modulus, "limit_MPa": self.material.limit, "axis": self.axis.tolist(),
            "length_mm": self.length, "section_mm2": self.section, "mass_g": self.mass, **self.settings,
            "stiffness_MPa": self.stiffness, "buckling_strain": self.buckling_strain,
            "buckling_force_N": self.buckling_force,
            "yield_strain": None if yields is None else yields[0],
            "yield_force_N": None if yields is None else yields[1],
            "collapse_strain": None if collapse is None else float(self.strain[collapse]),
            "collapse_force_N": None if collapse is None else float(self.force[collapse]),
            "greatest_force_N": float(np.abs(self.force).max()), "absorbed_MJ_m3": self.absorbed,
            "absorbed_to_yield_MJ_m3": self.absorbed_to_yield, "energy_mJ": float(self.energy[-1]),
            "work_mJ": float(self.work[-1]), "dissipated_mJ": float(self.dissipated[-1]), "energy_gain": self.gain,
            "largest_residual": float(self.residual.max()),
            "points": len(self.strain), "unstable_points": int((self.unstable > 0).sum()), "end": self.end,
            "strain_at_end": float(self.strain[-1]), "notes": self.notes,
        }  # fmt: skip

    # -- files ---------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> list[Path]:
        """Write into ``folder`` result.json, curve.csv and compression.npz, all arrays."""
        folder = Path(folder)
        columns = {name: getattr(self, name) for name in COLUMNS}
        write_json(folder / "result.json", self.as_dict())
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[f"{value:.10g}" for value in row] for row in zip(*columns.values(), strict=True)])
        with whole_file(folder / "curve.csv") as temporary:
            temporary.write_text(text.getvalue())
        arrays = {
            **columns, "strut_stress": self.strut_stress, "pos": self.web.pos, "edge_index": self.web.edge_index,
            "radius": self.web.radius, "frame_strain": np.array([frame[0] for frame in self.frames]),
            "frame_pos": np.array([frame[1] for frame in self.frames]),
        }  # fmt: skip
        with whole_file(folder / "compression.npz") as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
        return [folder / name for name in ("result.json", "curve.csv", "compression.npz")]
