"""What frames are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulate.checks import number
from simulate.mechanics.silk import LAWS, law_of

#: Poisson's ratio of a material that does not say: polymers have 0.33 to 0.45 and it enters torsion alone.
POISSON = 0.36


@dataclass(frozen=True)
class Material:
    """An elastic material with a limit.

    Arguments:
        modulus: Young's modulus, MPa.
        limit: stress up to which it is elastic, MPa: where it yields or, if it does not yield, breaks.
        density: g/cm^3.
        poisson: Poisson's ratio.
        name: what it is called.
    """

    modulus: float
    limit: float
    density: float = 1.2
    poisson: float = POISSON
    name: str = "user"

    def __post_init__(self) -> None:
        number("modulus", self.modulus, "in MPa, > 0", lambda x: x > 0)
        number("limit", self.limit, "in MPa, > 0", lambda x: x > 0)
        number("density", self.density, "in g/cm^3, > 0 and at most 25", lambda x: 0 < x <= 25)
        number("poisson", self.poisson, "> -1 and <= 0.5", lambda x: -1 < x <= 0.5)

    @property
    def shear_modulus(self) -> float:
        """G, MPa."""
        return self.modulus / (2 * (1 + self.poisson))


def material_of(material: Any) -> Material:
    """``material`` itself, or that of a law of `simulate.mechanics.silk`, given as it is, by name (``"pla"``)
    or by a .csv file of its curve.

    Of a law counts its first slope, and as limit the stress at which that slope ends.
    """
    if isinstance(material, Material):
        return material
    if isinstance(material, str):
        if material not in LAWS and not material.lower().endswith(".csv"):
            raise ValueError(f"material is {material!r}, must be one of {', '.join(LAWS)}, a .csv file, or a Material")
        material = law_of(material)
    try:
        return Material(material.modulus, float(material.stress[1]), material.density, name=material.name)
    except (AttributeError, TypeError, IndexError):
        raise ValueError(f"material is {material!r}, must be a Material, a Law or the name of a law") from None
