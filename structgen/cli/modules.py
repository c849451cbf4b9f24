"""The modules of a part: webs generated for places along a curve, with targets that may vary from start to end."""

from __future__ import annotations

import itertools
import reprlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structgen.cli.console import Console
from structgen.cli.options import CURVE_OPTIONS, TARGETS

if TYPE_CHECKING:
    from assembly import Curve
    from assembly.fields import Field
    from assembly.seams import Extend
    from structgen.generators.model import Generated, WebGenerator
    from structgen.targets import DesignTargets
    from structgen.web import FloatArray, WebGraph

MAX_MODULES = 5000
#: A target option may be a number, or an expression in the place of a module: 0 at the start of the curve to 1 at its
#: end, mm, and with a picture its grey there, from 0, black, to 1.
PLACE = ("s", "x", "y", "z", "p")


def place_on(curve: Curve, share: float, picture: Field | None = None) -> dict[str, float]:
    """The variables of `PLACE` at ``share`` of ``curve``; p if there is a picture."""
    point = curve.at(share * curve.length)
    values = [share, *point[0].tolist()] + ([] if picture is None else picture(point).tolist())
    return dict(zip(PLACE, values, strict=False))


def targets_at(asked: Mapping[str, Any], place: Mapping[str, float]) -> DesignTargets:
    """The targets at ``place``, of `place_on`, from the target options, texts with numbers or expressions."""
    from structgen.expression import evaluate
    from structgen.targets import DesignTargets

    def value(name: str, text: str) -> float:
        try:
            return float(evaluate(text, place))
        except ValueError as error:
            raise ValueError(f"--{name.replace('_', '-')} {text!r}: {error}") from None

    numbers: dict[str, Any] = {}
    for name in TARGETS:
        text = asked.get(name)
        if text is None:
            continue
        if name == "extents":
            numbers[name] = tuple(value(name, part) for part in text)
        else:
            number = value(name, text)
            numbers[name] = round(number) if name in ("nodes", "edges") else number
    return DesignTargets(**numbers)


def generate_along(
    model: WebGenerator, curve: Curve, asked: Mapping[str, Any], count: int | None, overlap: float,
    radius: float | None, seed: int, console: Console, picture: Field | None = None, workers: int = 1,
    scheduler: str | None = None,
) -> list[Generated]:  # fmt: skip
    """Webs for evenly spaced places along ``curve``; as many as cover it with ``overlap`` where ``count`` is None."""
    from assembly import station_parameters, webs_needed

    def targets(share: float) -> DesignTargets:
        return targets_at(asked, place_on(curve, share, picture))

    if count is None:
        lengths = [model.range.complete(targets(share)).target.as_dict()["dx"] for share in (0.0, 0.5, 1.0)]
        count = webs_needed(curve, sum(length or 0.0 for length in lengths) / len(lengths), overlap)
    if count > MAX_MODULES:
        raise ValueError(
            f"{count} webs are needed along the curve, at most {MAX_MODULES} are made; ask for larger ones"
        )
    wanted = [targets(share) for share in station_parameters(count, curve.closed).tolist()]
    for target in wanted:
        model.range.complete(target)  # refuses what is inconsistent before the work begins
    console.say(f"generating {count} webs along the curve")
    return model.generate(
        wanted, 1, seed, radius=radius, progress=lambda done, total: console.progress(done, total, "web"),
        workers=workers, scheduler=scheduler,
    )  # fmt: skip


def picture_on(curve: Curve, path: Path | None, axis: str) -> Field | None:
    """The grey of the picture ``path``, seen along ``axis``, which covers the box of ``curve``; None without one."""
    from assembly.fields import from_picture

    if path is None:
        return None
    return from_picture(path, [curve.points.min(axis=0), curve.points.max(axis=0)], axis)


def radius_on(curve: Curve, text: str, picture: Field | None) -> Field:
    """The strut radii that the expression ``text`` in the variables of `PLACE` tells."""
    from assembly.fields import expression

    try:
        return expression(text, curve, None if picture is None else {"p": picture})
    except ValueError as error:
        raise ValueError(f"--radius-field {text!r}: {error}") from None


def seam_maker(model: WebGenerator, seed: int) -> Extend:
    """What makes seams by ``model``: each call with a seed of its own, counted on from ``seed``."""
    from structgen.generators.model import OutOfRangeWarning

    seeds = itertools.count(seed)

    def extend(web: WebGraph, region: FloatArray, targets: DesignTargets) -> WebGraph:
        with warnings.catch_warnings():
            # One for each seam would tell nothing new of the modules, which have been warned of.
            warnings.simplefilter("ignore", OutOfRangeWarning)
            return model.extend(web, region, targets, next(seeds))

    return extend


def curve_of(options: Mapping[str, Any]) -> Curve:
    """The curve that the options of `options.curves` describe."""
    from assembly.curves import as_curve

    given = {name: options[name] for name in CURVE_OPTIONS if options[name] is not None}
    try:
        return as_curve(options["along"], **given)
    except ValueError as error:
        raise ValueError(f"--along {reprlib.repr(options['along'])}: {error}") from None


def curve_facts(curve: Curve) -> dict[str, Any]:
    """What the report says of the curve."""
    return {**curve.made_by, "length_mm": curve.length, "closed": curve.closed}
