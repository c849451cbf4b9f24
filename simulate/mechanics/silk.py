"""Silks and printed polymers: their laws, and which thread of a web follows which."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.law import Law
from structgen.web import KINDS, FloatArray, IntArray, WebGraph

#: Key of the law of kinds that a table of laws does not name.
DEFAULT = "default"

# The figures of _IJB were compared with its Table 2; the others could not be compared with the text of their sources.
_CRANFORD = "S. W. Cranford, A. Tarakanova, N. M. Pugno, M. J. Buehler, Nature 482 (2012) 72"
_GOSLINE = "J. M. Gosline, P. A. Guerette, C. S. Ortlepp, K. N. Savage, J. Exp. Biol. 202 (1999) 3295"
_ZAERA = "R. Zaera, A. Soler, J. Teus, J. R. Soc. Interface 11 (2014) 20140484"
_IJB = "manufacturers' data sheets in Table 2 of Int. J. Bioprint. 9 (2023) 756 (PMC10406103)"
_ADDITIVE = "printed flat, middle of the ranges at additive.tools/materials"


def _dragline() -> Law:
    """Stiff, yielding at 13.6 %, stiffening exponentially, softer again shortly before it breaks."""
    stiffening = np.linspace(0, 0.6322 - 0.1356, 120)
    strain = np.concatenate([[0.0], 0.1356 + stiffening, [0.6725]])
    stress = 875.9 * 0.1356 + np.expm1(14.2 * stiffening) + 180 * stiffening
    return Law(
        "dragline", strain, np.concatenate([[0.0], stress, [stress[-1] + 491.2 * (0.6725 - 0.6322)]]), 1.3, _CRANFORD
    )


def _viscid() -> Law:
    """Rubber-like: 3 MPa at rest, stiffening to 0.5 GPa at a strain of 2.7, as a power of the strain."""
    strain = np.linspace(0, 2.7, 120)
    return Law("viscid", strain, 3 * strain + (500 - 3 * 2.7) * (strain / 2.7) ** 3, 1.3, _GOSLINE)


_LAWS = (
    _dragline(),
    _viscid(),
    Law.yielding(12_000, 220, 0.27, 1100, "frame", 1.3, f"{_ZAERA}; strength {_GOSLINE}"),
    Law.yielding(12_000, 190, 0.27, 1100, "radial", 1.3, f"{_ZAERA}; strength {_GOSLINE}"),
    Law.yielding(1_200, 30, 2.5, 500, "spiral", 1.3, f"{_ZAERA}; strength {_GOSLINE}"),
    Law.elastic(10_000, 0.11, "elastic", 1.3, f"modulus and strength of dragline, {_GOSLINE}, without its yield"),
    Law.yielding(3_500, 57, 0.065, 58, "pla", 1.24, f"{_ADDITIVE}/pla"),
    Law.yielding(2_500, 50, 0.35, 51, "petg", 1.27, f"{_ADDITIVE}/petg"),
    Law.elastic(2.5, 9.5, "tpu", 1.1, f"Filaflex 60A, modulus and break strain from {_IJB}; density typical"),
    Law.yielding(2_900, 70, 0.123, 73, "resin", 1.2, f"Formlabs Surgical Guide, {_IJB}; yield, density typical"),
    Law.yielding(1_387, 40, 0.14, 43, "nylon", 1.01, f"PA12, {_IJB}; yield, density typical"),
)
#: Laws by name.
LAWS: Mapping[str, Law] = {law.name: law for law in _LAWS}
#: Laws of an orb web by silk kind: one silk for what carries, another for what catches.
ORB: Mapping[str | int, Law] = {
    "frame": LAWS["frame"], "anchor": LAWS["frame"], "bridge": LAWS["frame"], "radial": LAWS["radial"],
    "spiral": LAWS["spiral"], DEFAULT: LAWS["radial"],
}  # fmt: skip
#: Radii of threads as spun by kind, mm: half the diameters of frame, radii and spiral in `_ZAERA`'s models.
SILK_RADIUS: Mapping[str | int, float] = {
    "frame": 2.5e-3, "anchor": 2.5e-3, "bridge": 2.5e-3, "spiral": 1.15e-3, DEFAULT: 1.75e-3
}  # fmt: skip

LawLike = Law | str | Mapping[Any, Law]


def law_of(law: Any) -> LawLike:
    """``law`` itself, or what its name says: one of `LAWS`, ``"orb"`` for `ORB`, or a CSV file (see `Law.from_csv`)."""
    if isinstance(law, Law | Mapping):
        return law
    if isinstance(law, str | Path):
        name = str(law)
        if name in LAWS:
            return LAWS[name]
        if name == "orb":
            return ORB
        if name.lower().endswith(".csv"):
            return Law.from_csv(name)
    raise ValueError(f"law is {law!r}, must be a Law, one of {', '.join(LAWS)}, orb, or a .csv file")


def laws_by_edge(web: WebGraph, law: Any) -> tuple[list[Law], IntArray]:
    """The different laws, and ``(m,)`` which of them each edge of ``web`` follows.

    ``law``: see `law_of`; a table gives a law for each silk kind, by name or code of `structgen.web.KINDS`, and, if
    there, ``"default"`` for all others.
    """
    chosen = law_of(law)
    if isinstance(chosen, Law):
        return [chosen], np.zeros(web.m, np.int64)
    assert isinstance(chosen, Mapping)
    for key, value in chosen.items():
        if not isinstance(value, Law):
            raise ValueError(f"law has {key!r}: {value!r}, must be a Law")
    laws = list({id(value): value for value in chosen.values()}.values())
    number = {key: next(k for k, one in enumerate(laws) if one is value) for key, value in chosen.items()}
    return laws, by_kind(web.kind, number, "law").astype(np.int64)


def by_kind(kind: IntArray, table: Mapping[Any, float], name: str) -> FloatArray:
    """``(m,)`` values by silk kind from ``table``; `ValueError` for a kind without a value and without a default."""
    codes = {text: code for code, text in KINDS.items()} | {code: code for code in KINDS}
    unknown = [key for key in table if key != DEFAULT and (isinstance(key, bool) or key not in codes)]
    if unknown:
        raise ValueError(f"{name} names {unknown[0]!r}, must be one of {', '.join(KINDS.values())}, {DEFAULT}")
    values = np.full(int(kind.max()) + 1, table.get(DEFAULT, np.nan), float)
    for key, value in table.items():
        if key != DEFAULT and codes[key] < len(values):
            values[codes[key]] = value
    found: FloatArray = values[kind]
    if np.isnan(found).any():
        missing = int(kind[np.isnan(found).argmax()])
        raise ValueError(f"{name} has nothing for silk kind {KINDS.get(missing, missing)} and no {DEFAULT!r}")
    return found


def radii(web: WebGraph, radius: Any) -> FloatArray:
    """``(m,)`` thread radii, mm: the web's own for None, ``"silk"`` for `SILK_RADIUS`, or one, one an edge, by kind."""
    if radius is None:
        return web.radius
    if isinstance(radius, str):
        if radius != "silk":
            raise ValueError(f"radius is {radius!r}, must be a length in mm, one an edge, by silk kind, or 'silk'")
        radius = SILK_RADIUS
    values = per_edge(web, radius, "radius")
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(f"radius is {values[~(np.isfinite(values) & (values > 0))][0]:g} mm, must be finite and > 0")
    return values


def per_edge(web: WebGraph, value: npt.ArrayLike | Mapping[Any, float], name: str) -> FloatArray:
    """``(m,)`` values from one number, one an edge, or a table by silk kind."""
    if isinstance(value, Mapping):
        return by_kind(web.kind, value, name)
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or array.shape not in ((), (web.m,)):
        raise ValueError(f"{name} has shape {array.shape}, must be one number or ({web.m},), one an edge")
    return np.broadcast_to(array.astype(float), web.m)
