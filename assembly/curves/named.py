"""A curve by its name, by expressions, by SVG path data, or from a file."""

from __future__ import annotations

import inspect
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assembly.curves.csv_points import csv_curve
from assembly.curves.curve import Curve
from assembly.curves.expressions import parametric
from assembly.curves.shapes import attractor, helix, line, lissajous, logarithmic_spiral, spiral, torus_knot
from assembly.curves.svg import svg_curve, svg_path

NAMED: Mapping[str, Callable[..., Curve]] = {
    "helix": helix, "line": line, "spiral": spiral, "logarithmic-spiral": logarithmic_spiral,
    "torus-knot": torus_knot, "lissajous": lissajous, "attractor": attractor,
}  # fmt: skip
FILES: Mapping[str, Callable[..., Curve]] = {".csv": csv_curve, ".svg": svg_curve}
PATH_DATA = re.compile(r"\s*[Mm][\s\d.+-]")


def as_curve(curve: Curve | str | Path, **options: Any) -> Curve:
    """A `Curve` from itself, or made as told:

    - by name, see `NAMED`: ``"helix"``, ``"torus-knot"``, ...;
    - by three expressions ``"x; y; z"`` in t, see `parametric`;
    - by SVG path data ``"M 0 0 C ..."``, see `svg_path`;
    - from a file, ``"points.csv"`` or ``"drawing.svg"``, see `csv_curve` and `svg_curve`.

    ``options`` are those of the function that makes it. They and the name are in `Curve.made_by`. Raises
    `ValueError` naming an unknown curve or option.
    """
    if isinstance(curve, Curve):
        if options:
            raise ValueError(f"{next(iter(options))} is no option of a curve that is made already")
        return curve
    name = str(curve).strip()
    make, given = _maker(curve, name)
    parameters = {key: value for key, value in inspect.signature(make).parameters.items() if key not in given}
    for option in options:
        if option not in parameters:
            raise ValueError(f"{option} is no option of this curve; its options are: {', '.join(parameters)}")
    for option, parameter in parameters.items():
        if parameter.default is parameter.empty and option not in options:
            raise ValueError(f"curve {name!r} needs the option {option}")
    made = make(**given, **options)
    used = {option: parameter.default for option, parameter in parameters.items()} | options
    return replace(made, made_by={"name": name} | {key: value for key, value in used.items() if value is not None})


def _maker(curve: object, name: str) -> tuple[Callable[..., Curve], dict[str, Any]]:
    """The function that makes the curve called ``name``, and the arguments that the name itself gives."""
    if not isinstance(curve, str | Path):
        raise ValueError(f"curve is {curve!r}, must be a Curve, {_choices()}")
    if name in NAMED:
        return NAMED[name], {}
    suffix = Path(name).suffix.lower()
    if suffix in FILES:
        return FILES[suffix], {"file": name}
    texts = name.split(";")
    if len(texts) == 3:
        return parametric, dict(zip("xyz", texts, strict=True))
    if PATH_DATA.match(name):
        return svg_path, {"d": name}
    raise ValueError(f"curve is {reprlib.repr(name)}, must be {_choices()}")


def _choices() -> str:
    files = " or ".join(FILES)
    return f"one of {', '.join(NAMED)}, three expressions in t as 'x; y; z', a {files} file, or SVG path data"
