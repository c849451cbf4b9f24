"""The modules of a part: webs generated for places along a curve, with targets that may vary from start to end."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from structgen.cli.console import Console
from structgen.cli.options import CURVE_OPTIONS, TARGETS

if TYPE_CHECKING:
    from assembly import Curve
    from structgen.generators.model import Generated, WebGenerator
    from structgen.targets import DesignTargets

#: A target option may be a number, or an expression in this variable, 0 at the start of the curve and 1 at its end.
PLACE = "s"
MAX_MODULES = 5000


def targets_at(asked: Mapping[str, Any], place: float) -> DesignTargets:
    """The targets at ``place`` in 0..1 from the target options, texts with numbers or expressions in s."""
    from structgen.expression import evaluate
    from structgen.targets import DesignTargets

    def value(name: str, text: str) -> float:
        try:
            return float(evaluate(text, {PLACE: place}))
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
    radius: float | None, seed: int, console: Console, workers: int = 1, scheduler: str | None = None,
) -> list[Generated]:  # fmt: skip
    """Webs for evenly spaced places along ``curve``; as many as cover it with ``overlap`` where ``count`` is None."""
    from assembly import station_parameters, webs_needed

    if count is None:
        lengths = [model.range.complete(targets_at(asked, place)).target.as_dict()["dx"] for place in (0.0, 0.5, 1.0)]
        count = webs_needed(curve, sum(length or 0.0 for length in lengths) / len(lengths), overlap)
    if count > MAX_MODULES:
        raise ValueError(
            f"{count} webs are needed along the curve, at most {MAX_MODULES} are made; ask for larger ones"
        )
    targets = [targets_at(asked, float(place)) for place in station_parameters(count, curve.closed)]
    for target in targets:
        model.range.complete(target)  # refuses what is inconsistent before the work begins
    console.say(f"generating {count} webs along the curve")
    return model.generate(
        targets, 1, seed, radius=radius, progress=lambda done, total: console.progress(done, total, "web"),
        workers=workers, scheduler=scheduler,
    )  # fmt: skip


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
