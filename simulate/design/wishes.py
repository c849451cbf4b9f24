"""What a design is to be: properties to be as great or as small as can be, and limits of others."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: For each property the units it may be given in, with their size in the first, in which it is counted.
UNITS: Mapping[str, Mapping[str, float]] = {
    "stiffness": {"MPa": 1.0, "GPa": 1e3, "kPa": 1e-3}, "strength": {"MPa": 1.0, "GPa": 1e3, "kPa": 1e-3},
    "toughness": {"MJ/m^3": 1.0, "MPa": 1.0, "kJ/m^3": 1e-3}, "load": {"N": 1.0, "mN": 1e-3},
    "mass": {"g": 1.0, "mg": 1e-3}, "thread_length": {"mm": 1.0, "m": 1e3}, "mean_edge_length": {"mm": 1.0},
    "dx": {"mm": 1.0}, "dy": {"mm": 1.0}, "dz": {"mm": 1.0}, "nodes": {"": 1.0}, "edges": {"": 1.0},
    "mean_degree": {"": 1.0},
}  # fmt: skip

_LIMIT = re.compile(r"\s*([a-zA-Z_-]+)\s*(<=|>=)\s*([-+0-9.eE]+?)\s*([a-zA-Z][a-zA-Z/^0-9]*)?\s*")
_BEST = re.compile(r"\s*([a-zA-Z_-]+)\s*=\s*(max|min)\s*")


@dataclass(frozen=True)
class Objective:
    """The property ``name`` is to be as great as can be, or as small."""

    name: str
    greatest: bool

    def __str__(self) -> str:
        return f"{self.name}={'max' if self.greatest else 'min'}"


@dataclass(frozen=True)
class Limit:
    """The property ``name`` is to be at most ``value``, or at least; in the first of its `UNITS`."""

    name: str
    most: bool
    value: float

    def violation(self, value: float) -> float:
        """How far ``value`` is beyond, as a share of the limit; 0 or less where it is within."""
        beyond = value - self.value if self.most else self.value - value
        return beyond / max(abs(self.value), 1e-12)

    def __str__(self) -> str:
        return f"{self.name}{'<=' if self.most else '>='}{self.value:g} {unit(self.name)}".strip()


@dataclass(frozen=True)
class Wishes:
    """``objectives``, at least one, and ``limits``."""

    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> Wishes:
        """From texts: ``strength=max``, ``mass=min``, ``mass<=2g``, ``stiffness>=50MPa``.

        Raises `ValueError` for a text that is none, a property or unit that is not known, no objective, and wishes
        that contradict each other.
        """
        objectives: list[Objective] = []
        limits: list[Limit] = []
        for text in texts:
            if match := _BEST.fullmatch(text):
                objectives.append(Objective(_known(match[1], text), match[2] == "max"))
            elif match := _LIMIT.fullmatch(text):
                name = _known(match[1], text)
                limits.append(Limit(name, match[2] == "<=", _value(match[3], match[4] or "", name, text)))
            else:
                raise ValueError(f"target {text!r} must be NAME=max, NAME=min, NAME<=VALUE or NAME>=VALUE, with unit")
        if not objectives:
            raise ValueError("targets: none is to be max or min, give one such as strength=max")
        names = [objective.name for objective in objectives]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"targets: {twice} is to be max or min more than once")
        for most in limits:
            for least in limits:
                if most.name == least.name and most.most and not least.most and least.value > most.value:
                    raise ValueError(f"targets contradict each other: {least} and {most}")
        return cls(tuple(objectives), tuple(limits))

    @property
    def texts(self) -> list[str]:
        """What `of` makes the same wishes of."""
        return [str(wish) for wish in (*self.objectives, *self.limits)]

    def violations(self, values: Mapping[str, float]) -> list[float]:
        """Of each limit, see `Limit.violation`."""
        return [limit.violation(values[limit.name]) for limit in self.limits]

    def met(self, values: Mapping[str, float]) -> bool:
        """Whether all limits hold."""
        return all(violation <= 0 for violation in self.violations(values))

    def scores(self, values: Mapping[str, float]) -> list[float]:
        """Of each objective a number that is to be small."""
        return [-values[one.name] if one.greatest else values[one.name] for one in self.objectives]


def unit(name: str) -> str:
    """The unit in which a property is counted."""
    return next(iter(UNITS[name]))


def _known(name: str, text: str) -> str:
    plain = name.replace("-", "_")
    if plain not in UNITS:
        raise ValueError(f"target {text!r}: {name!r} is no property, must be one of {', '.join(UNITS)}")
    return plain


def _value(number: str, given: str, name: str, text: str) -> float:
    units = UNITS[name]
    if given not in units:
        allowed = ", ".join(one for one in units if one) or "no unit"
        raise ValueError(f"target {text!r}: {name} is in {allowed}, not {repr(given) if given else 'without unit'}")
    try:
        value = float(number) * units[given]
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"target {text!r}: {number!r} is not a finite number >= 0")
    return value
