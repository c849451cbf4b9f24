"""How a generator follows what it is asked for: guidance, any subset of targets, requests past the training range.

The targets are those of test neighbourhoods, new to the shipped models. Writes JSON and `docs/conditioning.png`.
"""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from common import parser, save, table
from conditioning_picture import draw

from structgen.cli.console import Console
from structgen.cli.evaluate import default_set
from structgen.evaluation import adherence, held_out_targets
from structgen.evaluation.trials import ask
from structgen.generators import load_model
from structgen.generators.model import Generated, OutOfRangeWarning
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import NAMES, DesignTargets
from structgen.web import FloatArray

GUIDANCE = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
GUIDED = ("mean_edge_length", "mean_degree")
#: What can be asked for, and which of the seven numbers it sets.
PARTS = {
    "mean_edge_length": ("mean_edge_length",),
    "extents": ("dx", "dy", "dz"),
    "nodes": ("nodes",),
    "edges": ("edges",),
    "mean_degree": ("mean_degree",),
}
#: How far past the largest trained on requests go, as a multiple of it, and the values on the way.
BEYOND, LEVELS = 1.5, 12
#: Least and most nodes of the webs whose requests go past the range: smaller ones have few edges to vary.
SIZES = (24, 64)
#: Least mean degree asked for: a web of one mesh, a little more than trees have.
LEAST_DEGREE = 2.0
#: Draws of the bootstrap behind the bands: 5 to 95 % of them.
DRAWS, BAND = 400, (0.05, 0.95)


def answered(
    model: Any, targets: Sequence[DesignTargets], seed: int, **options: Any
) -> tuple[list[Generated], list[int]]:
    """A web for each of ``targets`` that the model does not refuse, and the numbers of those targets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRangeWarning)
        results, _ = ask(model, targets, seed, **options)
    kept = [k for k, result in enumerate(results) if result is not None]
    return [result for result in results if result is not None], kept


def reached(results: Sequence[Generated]) -> FloatArray:
    """``(k, 7)`` numbers of decoded webs."""
    return np.array([DesignTargets.measure(result.web).as_array() for result in results])


def guidance_sweep(model: Any, targets: Sequence[DesignTargets], seed: int) -> list[dict[str, Any]]:
    """Raw R2 of mean length and mean degree at each guidance, same targets and noise, with bootstrap bands."""
    rows = []
    for guidance in GUIDANCE:
        results, kept = answered(model, targets, seed, guidance=guidance)
        want = np.array([targets[k].as_array() for k in kept])
        raw = np.array([result.raw for result in results])
        rng = np.random.default_rng(seed)
        draws = [adherence(want[some], raw[some]) for some in rng.integers(len(want), size=(DRAWS, len(want)))]
        found: dict[str, Any] = {"guidance": guidance, "webs": len(results), "refused": len(targets) - len(kept)}
        for name in GUIDED:
            low, high = np.nanquantile([draw[name].r2 for draw in draws], BAND).tolist()
            found[name] = {"r2": adherence(want, raw)[name].r2, "low": low, "high": high}
        edges = sum(result.web.m for result in results)
        found["edges_changed"] = sum(result.edges_changed for result in results) / edges
        rows.append(found)
    return rows


def subsets() -> list[tuple[str, ...]]:
    """Each target alone, each pair, and all."""
    return [*((name,) for name in PARTS), *combinations(PARTS, 2), tuple(PARTS)]


def any_subset(model: Any, targets: Sequence[DesignTargets], seed: int) -> list[dict[str, Any]]:
    """MAPE of all seven numbers, raw and decoded, for each of `subsets`: against what was asked and filled in."""
    rows = []
    for names in subsets():
        requests = [DesignTargets(**{name: getattr(target, name) for name in names}) for target in targets]
        results, _ = answered(model, requests, seed)
        complete = np.array([result.asked.as_array() for result in results])
        raw = adherence(complete, np.array([result.raw for result in results]))
        decoded = adherence(complete, reached(results))
        rows.append({
            "asked": [number for name in names for number in PARTS[name]],
            "webs": len(results), "refused": len(requests) - len(results),
            "raw": {name: raw[name].mape for name in NAMES},
            "decoded": {name: decoded[name].mape for name in NAMES},
        })  # fmt: skip
    return rows


def spacing(target: DesignTargets) -> float:
    """Diagonal of the box over the cube root of the nodes: the unit in which lengths are compared, mm."""
    assert target.extents is not None and target.nodes is not None
    return math.hypot(*target.extents) / math.cbrt(target.nodes)


def past_the_range(model: Any, targets: Sequence[DesignTargets], webs: int, seed: int) -> dict[str, Any]:
    """Asked, raw and decoded mean degree, and mean length in units of `spacing`, from within to past the range.

    ``webs`` requests at each of `LEVELS`, each that of one of ``targets`` with one number changed.
    """
    rows = model.range.rows
    lengths = rows[:, 0] * np.cbrt(rows[:, 4]) / np.linalg.norm(rows[:, 1:4], axis=1)
    some = [target for target in targets if SIZES[0] <= (target.nodes or 0) <= SIZES[1]]
    if not some:
        raise ValueError(f"none of {len(targets)} targets has {SIZES[0]} to {SIZES[1]} nodes; ask for more targets")
    some = list(islice(cycle(some), LEVELS * webs))
    low, high = float(rows[:, 6].min()), float(rows[:, 6].max())
    degrees = np.repeat(np.linspace(LEAST_DEGREE, BEYOND * high, LEVELS), webs).tolist()
    requests = [replace(target, edges=None, mean_degree=degree) for target, degree in zip(some, degrees, strict=True)]
    found = {
        "mean_degree": _reached(model, "mean_degree", requests, np.ones(len(some)), seed) | {"trained": [low, high]}
    }
    low, high = float(lengths.min()), float(lengths.max())
    units = np.array([spacing(target) for target in some])
    wanted = (np.repeat(np.linspace(low, BEYOND * high, LEVELS), webs) * units).tolist()
    requests = [replace(target, mean_edge_length=length) for target, length in zip(some, wanted, strict=True)]
    facts = _reached(model, "mean_edge_length", requests, units, seed)
    return found | {"mean_edge_length": facts | {"trained": [low, high]}}


def _reached(model: Any, name: str, requests: Sequence[DesignTargets], units: FloatArray, seed: int) -> dict[str, Any]:
    """One number of ``requests`` and of the webs for them, over the ``units (k,)`` of each."""
    results, kept = answered(model, requests, seed)
    asked = np.array([request.as_array() for request in requests])[kept]
    raw = np.array([result.raw for result in results])
    column = NAMES.index(name)
    stages = {"asked": asked, "raw": raw, "decoded": reached(results)}
    values = {stage: (numbers[:, column] / units[kept]).tolist() for stage, numbers in stages.items()}
    return values | {"refused": len(requests) - len(kept)}


def tables(result: dict[str, Any]) -> str:
    """What was found, in three tables."""
    sweep = [["guidance", "R2 raw, mean length", "R2 raw, mean degree", "edges changed"]]
    for row in result["guidance"]:
        sweep.append([row["guidance"], *(row[name]["r2"] for name in GUIDED), row["edges_changed"]])
    heads = ["asked (MAPE decoded)", *NAMES]
    parts: list[list[object]] = [list(heads)]
    for row in result["subsets"]:
        label = "all" if len(row["asked"]) == len(NAMES) else " ".join(row["asked"])
        parts.append([label.replace("dx dy dz", "extents"), *(row["decoded"][name] for name in NAMES)])
    outside: list[list[object]] = [["past the range", "webs", "refused", "worst miss within", "worst miss past"]]
    for name, facts in result["beyond"].items():
        asked, got = np.array(facts["asked"]), np.array(facts["decoded"])
        miss, within = np.abs(got / asked - 1), asked <= facts["trained"][1]
        outside.append(
            [name, len(asked), facts["refused"], *(float(miss[on].max(initial=0)) for on in (within, ~within))]
        )
    return "\n\n".join(table(rows) for rows in (sweep, parts, outside))


def main() -> None:
    """Measure, print, write, draw."""
    arguments = parser(__doc__)
    arguments.add_argument("--model", default="autoregressive", help="a shipped model, or a .safetensors file")
    arguments.add_argument("--data", type=Path, help="data set; default: built as `structgen evaluate` does")
    arguments.add_argument("--targets", type=int, default=96, help="held-out targets at each guidance")
    arguments.add_argument("--subset-targets", type=int, default=16, help="held-out targets for each subset")
    arguments.add_argument("--webs", type=int, default=4, help="requests at each value past the range")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--picture", type=Path, default=Path(__file__).parents[1] / "docs" / "conditioning.png")
    options = arguments.parse_args()
    model = load_model(options.model)
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset.open(options.data) if options.data else default_set(Path(folder), Console())
        targets = held_out_targets(dataset, options.targets, options.seed)
        origin = dataset.header["origin"]
    result = {
        "model": options.model,
        "data": origin,
        "targets": len(targets),
        "seed": options.seed,
        "guidance": guidance_sweep(model, targets, options.seed),
        "subsets": any_subset(model, targets[: options.subset_targets], options.seed),
        "beyond": past_the_range(model, targets, options.webs, options.seed),
    }
    print(tables(result))
    save("conditioning", result, options.output)
    draw(result, options.picture)
    print(f"wrote {options.picture}")


if __name__ == "__main__":
    main()
