"""`structgen evaluate`: how good a generator is."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import Console
from structgen.cli.options import common, seeded

if TYPE_CHECKING:
    from structgen.sources.neighbourhoods import Dataset
    from structgen.web import WebGraph

JSON, PICTURE = "evaluation.json", "evaluation.png"
#: Source webs, their seed and neighbourhoods of the data set that is built where none is named. The shipped models were
#: trained on webs of another seed.
SOURCES, SOURCE_SEED, NEIGHBOURHOODS = 256, 0, 6000


@click.command("evaluate")
@click.argument("model", metavar="MODEL_OR_FILE")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Data set of `structgen data build` whose test webs to compare with.  [default: 6000 webs of the default set, "
    "which no shipped model was trained on, built anew]",
)
@click.option(
    "--trained-on",
    type=click.Path(path_type=Path),
    help="Data set that the model learned from: what is novel and what is remembered is told against it.  [default: "
    "that of --data]",
)
@click.option(
    "--webs", type=click.IntRange(2, 100_000), default=256, show_default=True, help="Test webs of each trial."
)
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Trials, each with webs of its own."
)
@click.option("--guidance", type=click.FloatRange(0, 20), help="Classifier-free guidance.  [default: the model's]")
@click.option("--steps", type=click.IntRange(1, 1000), help="Steps of the sampler.  [default: the model's]")
@click.option("--sweep", is_flag=True, help="Also compare guidance 0, 1, 1.5, 2 and 3.")
@click.option("--cost", is_flag=True, help="Also measure processor seconds a web at 2 to 50 steps.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("evaluation"),
    show_default=True,
    help="Folder for evaluation.json and evaluation.png.",
)
@seeded
@common
def command(
    console: Console, model: str, data: Path | None, trained_on: Path | None, webs: int, seeds: int,
    guidance: float | None, steps: int | None, sweep: bool, cost: bool, output: Path, seed: int,
) -> None:  # fmt: skip
    """Compare a generator with webs it was not trained on.

    MODEL_OR_FILE: a shipped model, a .safetensors file of `structgen train`, or webs, a file or a folder of them. A
    model is asked for the targets of test webs; what it makes is compared with these, and beside it training webs, the
    nearest training web and random webs are. Writes evaluation.json and evaluation.png and prints a table.

    \b
    Examples:
      structgen evaluate analog -o evaluation
      structgen evaluate run/weights.safetensors --data data.npz --webs 64 --seeds 1
      structgen evaluate run/weights.safetensors --data set.npz --trained-on data.npz
      structgen evaluate webs --data data.npz
    """
    from structgen.evaluation import picture, protocol, report
    from structgen.evaluation.cost import STEPS
    from structgen.files import check_writable, write_json
    from structgen.sources.neighbourhoods import Dataset

    given = read_webs(Path(model))
    if given is not None and (sweep or cost or guidance is not None or steps is not None):
        raise click.UsageError(f"{model}: webs that are given cannot be made with --guidance, --steps, --sweep, --cost")
    loaded: Any = console.loaded(model) if given is None else None
    learned = Dataset.open(trained_on) if trained_on else None
    for name in (JSON, PICTURE):
        check_writable(output / name)
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset.open(data) if data else default_set(Path(folder), console)
        with console.stage("evaluate"):
            shared: dict[str, Any] = {
                "seeds": seeds, "seed": seed, "trained_on": learned,
                "progress": lambda what, done, total: console.progress(done, total, what),
            }  # fmt: skip
            if given is not None:
                found = protocol.evaluated_files(given, dataset, most=webs, **shared)
            else:
                options: dict[str, Any] = {"guidance": guidance, "steps": steps}
                found = protocol.evaluated(
                    loaded, dataset, webs=webs, **shared,
                    guidance_sweep=protocol.SWEEP if sweep else (), cost_steps=STEPS if cost else (),
                    **{name: value for name, value in options.items() if value is not None},
                )  # fmt: skip
        result = described(model, given is None) | found.result
        with console.stage("picture"):
            picture.draw(found.trials, output / PICTURE, f"{model} against test webs of {dataset.header['origin']}")
    write_json(output / JSON, result)
    console.result(result, f"{report.table(result)}\n{output / JSON}, {output / PICTURE}")


def read_webs(path: Path) -> list[WebGraph] | None:
    """The web in the file ``path``, or those in the folder; None where it is neither."""
    from structgen.io import FORMATS, read_web

    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in FORMATS)
        # Two files of a CSV pair are one web.
        files = [file for file in files if not file.name.endswith("_edges.csv")]
        if not files:
            raise click.UsageError(f"{path}: the folder holds no webs ({', '.join(FORMATS)})")
        return [read_web(file) for file in files]
    return [read_web(path)] if path.suffix.lower() in FORMATS else None


def default_set(folder: Path, console: Console) -> Dataset:
    """Neighbourhoods of the default set, built in ``folder``."""
    from structgen.sources import neighbourhoods
    from structgen.sources.training_set import source_webs

    console.say(f"building {SOURCES} webs of the default set; --data names one that is there")
    with console.stage("data"):
        webs = source_webs(
            SOURCES, SOURCE_SEED, workers=0, progress=lambda done, total: console.progress(done, total, "web")
        )
        origin = f"{SOURCES} webs of the default set (orb, sheet, tangle, tent), seed {SOURCE_SEED}"
        return neighbourhoods.build(
            webs, folder / "set.npz", NEIGHBOURHOODS, SOURCE_SEED, origin,
            lambda done, total: console.progress(done, total, "neighbourhood"),
        )  # fmt: skip


def described(name: str, is_model: bool) -> dict[str, Any]:
    """What was evaluated: version, name, and hash of the weights of a model."""
    from structgen import __version__
    from structgen.files import sha256
    from structgen.generators.store import model_path

    return {"structgen": __version__, "evaluated": name} | (
        {"model_sha256": sha256(model_path(name))} if is_model else {}
    )
