"""Stiffness tensors: engineering constants, anisotropy, a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.frame.material import Material
from structgen.files import whole_file, write_json

FloatArray = npt.NDArray[np.float64]

#: Pairs of axes in Voigt's order.
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
#: ``(6, 3, 3)`` unit strains in Voigt's order; shears are engineering shears of 1.
STRAINS: FloatArray = np.array(
    [(np.outer(e[a], e[b]) + np.outer(e[b], e[a])) / 2 for e in [np.eye(3)] for a, b in VOIGT]
)


@dataclass(frozen=True, eq=False)
class Stiffness:
    """An effective stiffness.

    ``matrix (6, 6)``: stress by strain, MPa, in Voigt's order xx, yy, zz, yz, xz, xy with engineering shears;
    ``boundary``: the boundary conditions it was found with; ``relative_density``: volume of struts over that of the
    box, overlaps at nodes counted twice; ``volume`` of the box, mm^3; ``material`` of struts.
    """

    matrix: FloatArray
    boundary: str
    relative_density: float
    volume: float
    material: Material

    @property
    def compliance(self) -> FloatArray:
        """``(6, 6)`` strain by stress, 1/MPa."""
        compliance: FloatArray = np.linalg.inv(self.matrix).astype(float)
        return compliance

    def modulus(self, direction: npt.ArrayLike) -> FloatArray:
        """Young's modulus, MPa, along ``direction (..., 3)``: pulled along it, free across it."""
        along = np.asarray(direction, float)
        unit = along / np.linalg.norm(along, axis=-1, keepdims=True)
        stress = np.stack([unit[..., a] * unit[..., b] for a, b in VOIGT], axis=-1)
        modulus: FloatArray = 1 / np.einsum("...a,ab,...b->...", stress, self.compliance, stress)
        return modulus

    @property
    def young(self) -> FloatArray:
        """``(3,)`` Young's moduli along x, y, z, MPa."""
        return 1 / np.diag(self.compliance)[:3]

    @property
    def shear(self) -> FloatArray:
        """``(3,)`` shear moduli in the planes yz, xz, xy, MPa."""
        return 1 / np.diag(self.compliance)[3:]

    @property
    def poisson(self) -> FloatArray:
        """``(3, 3)`` Poisson's ratios [a, b]: how much it narrows along b where pulled along a."""
        compliance = self.compliance[:3, :3]
        return -compliance / np.diag(compliance)[:, None] * (1 - np.eye(3))

    @property
    def bulk(self) -> tuple[float, float]:
        """Bulk moduli of Voigt's (alike strains) and Reuss' (alike stresses) average, MPa."""
        return float(self.matrix[:3, :3].sum() / 9), float(1 / self.compliance[:3, :3].sum())

    @property
    def mean_shear(self) -> tuple[float, float]:
        """Shear moduli of Voigt's and Reuss' average, MPa."""
        c, s = self.matrix, self.compliance
        normal, across = np.trace(c[:3, :3]), c[0, 1] + c[0, 2] + c[1, 2]
        voigt = (normal - across + 3 * np.trace(c[3:, 3:])) / 15
        normal, across = np.trace(s[:3, :3]), s[0, 1] + s[0, 2] + s[1, 2]
        return float(voigt), float(15 / (4 * (normal - across) + 3 * np.trace(s[3:, 3:])))

    @property
    def zener(self) -> float:
        """Zener's ratio 2 C44 / (C11 - C12) of the cubic average; 1 if isotropic."""
        c = self.matrix
        normal, across = np.trace(c[:3, :3]) / 3, (c[0, 1] + c[0, 2] + c[1, 2]) / 3
        return float(2 * np.trace(c[3:, 3:]) / 3 / (normal - across))

    @property
    def universal_anisotropy(self) -> float:
        """S. I. Ranganathan, M. Ostoja-Starzewski, Phys. Rev. Lett. 101 (2008) 055504; 0 if isotropic."""
        (bulk_v, bulk_r), (shear_v, shear_r) = self.bulk, self.mean_shear
        return 5 * shear_v / shear_r + bulk_v / bulk_r - 6

    def as_dict(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        return {
            "boundary": self.boundary, "stiffness_MPa": self.matrix.tolist(), "young_MPa": self.young.tolist(),
            "shear_MPa": self.shear.tolist(), "poisson": self.poisson.tolist(),
            "bulk_MPa": dict(zip(("voigt", "reuss"), self.bulk, strict=True)),
            "mean_shear_MPa": dict(zip(("voigt", "reuss"), self.mean_shear, strict=True)), "zener": self.zener,
            "universal_anisotropy": self.universal_anisotropy, "relative_density": self.relative_density,
            "density_g_cm3": self.relative_density * self.material.density, "volume_mm3": self.volume,
            "material": self.material.name, "material_modulus_MPa": self.material.modulus,
        }  # fmt: skip

    def save(self, folder: str | Path) -> list[Path]:
        """Write stiffness.json and stiffness.png into ``folder``."""
        paths = [Path(folder) / "stiffness.json", Path(folder) / "stiffness.png"]
        write_json(paths[0], self.as_dict())
        self.picture(paths[1])
        return paths

    def picture(self, path: str | Path) -> None:
        """Young's modulus by direction: as a surface, and in the planes xy, xz, yz."""
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        figure = Figure(figsize=(9, 4.2), layout="constrained")
        solid = figure.add_subplot(1, 2, 1, projection="3d")
        polar, azimuth = np.meshgrid(np.linspace(0, np.pi, 61), np.linspace(0, 2 * np.pi, 121))
        unit = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1)
        modulus = self.modulus(unit)
        place = unit * modulus[..., None]
        middle = (modulus[1:, 1:] + modulus[:-1, :-1]) / 2
        span = float(np.ptp(modulus)) or 1.0
        solid.plot_surface(
            *np.moveaxis(place, -1, 0), rstride=1, cstride=1, linewidth=0, antialiased=False,
            facecolors=_colours((middle - modulus.min()) / span),
        )  # fmt: skip
        most = float(modulus.max())
        solid.set(xlim=(-most, most), ylim=(-most, most), zlim=(-most, most), xlabel="x", ylabel="y", zlabel="z")
        solid.set_box_aspect((1, 1, 1))
        solid.locator_params(nbins=5)
        solid.set_title("Young's modulus by direction, MPa", fontsize=10)
        flat: Any = figure.add_subplot(1, 2, 2, projection="polar")
        angle = np.linspace(0, 2 * np.pi, 361)
        largest = 0.0
        for (a, b), line in zip(((0, 1), (0, 2), (1, 2)), ("-", "--", ":"), strict=True):
            way = np.outer(np.cos(angle), np.eye(3)[a]) + np.outer(np.sin(angle), np.eye(3)[b])
            moduli = self.modulus(way)
            largest = max(largest, float(moduli.max()))
            flat.plot(angle, moduli, line, label=f"{'xyz'[a]}{'xyz'[b]}")
        flat.set_rticks(MaxNLocator(4).tick_values(0, largest)[1:])
        flat.set_title(f"in planes, MPa ({self.boundary})", fontsize=10)
        flat.legend(loc="lower left", bbox_to_anchor=(0.95, -0.1), frameon=False)
        with whole_file(path) as temporary:
            figure.savefig(temporary, dpi=130)


def _colours(share: FloatArray) -> FloatArray:
    from matplotlib import colormaps

    colours: FloatArray = np.asarray(colormaps["viridis"](share))
    return colours
