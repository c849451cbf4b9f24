"""The shipped generators on held-out targets: the whole protocol of `structgen evaluate`, seconds a web, peak memory.

Requests are the targets of test webs, cut from source webs that no model was trained on. Times are of 48 nodes,
decoding included, at the models' own steps (the ones that all quality figures are measured at) and at others; quality
at those others stands beside, on fewer webs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import parser, save, table

from structgen.cli.console import Console
from structgen.cli.evaluate import default_set
from structgen.evaluation import evaluate, held_out_targets, picture, protocol, report
from structgen.evaluation.cost import cost
from structgen.evaluation.distributions import DISTANCES
from structgen.generators import load_model
from structgen.generators.store import SHIPPED, model_path
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import NAMES

#: Steps whose cost and quality are compared; the autoregressive model has one for each node, whatever is asked.
STEPS = {"analog": (2, 4, 6, 10, 20), "discrete": (5, 10, 20, 50), "autoregressive": (1,)}
#: Held-out targets at which quality is compared over steps.
FEW = 64
#: Webs whose likelihood is measured, and how many at a time.
LIKELY, AT_ONCE = 1024, 64
#: Seed of the targets of a quick look.
GLANCE = 7
#: What a fresh process needs at most to load a model and make 16 webs, MiB.
MEMORY = """
import resource, sys
from structgen import DesignTargets, load_model
load_model(sys.argv[1]).sample(DesignTargets(nodes=48, mean_degree=2.8), n=16, seed=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak_memory(name: str) -> float:
    """MiB of a process that makes 16 webs of 48 nodes."""
    done = subprocess.run([sys.executable, "-c", MEMORY, name], capture_output=True, text=True, check=True)
    return float(done.stdout)


def over_steps(model: Any, dataset: Dataset) -> list[dict[str, Any]]:
    """Cost and adherence at other numbers of steps."""
    targets = held_out_targets(dataset, FEW, 0)
    rows = []
    for steps in STEPS[model.name]:
        facts = evaluate(model, targets, 1, 0, steps=steps)
        times = {f"{row['webs_a_call']} a call": row for row in cost(model, [steps])}
        rows.append({"steps": steps, "quality": facts, "seconds": times})
    return rows


def likelihood(model: Any, learned: Dataset, tested: Dataset) -> dict[str, float]:
    """Mean log-likelihood in nats a node of webs that the model learned from and of test webs, where it has one."""
    if not hasattr(model, "log_likelihood"):
        return {}
    found = {}
    for split, dataset in (("train", learned), ("test", tested)):
        rows = np.random.default_rng(0).permutation(dataset.indices(split))[:LIKELY]
        webs = sorted((dataset[int(k)] for k in rows), key=lambda web: web.n)
        parts = [webs[first : first + AT_ONCE] for first in range(0, len(webs), AT_ONCE)]
        found[split] = float(sum(np.sum(model.log_likelihood(part)) for part in parts) / sum(web.n for web in webs))
    return found


def measured(
    name: str, dataset: Dataset, background: protocol.Background, options: Namespace, console: Console
) -> dict[str, Any]:
    """Everything about one model, and its picture."""
    model: Any = load_model(name)

    def told(what: str, done: int, total: int) -> None:
        console.progress(done, total, f"{name}: {what}")

    found = protocol.evaluated(
        model, dataset, webs=options.webs, seeds=options.seeds, progress=told, background=background,
        guidance_sweep=protocol.SWEEP,
    )  # fmt: skip
    if options.pictures:
        title = f"{name} against test webs of {dataset.header['origin']}"
        picture.draw(found.trials, options.pictures / f"evaluation_{name}.png", title)
    return {
        "card": json.loads(model_path(name).with_suffix(".json").read_text())["metrics"], "steps": model.steps,
        "protocol": found.result, "over_steps": over_steps(model, dataset), "peak_memory_mib": peak_memory(name),
        "log_likelihood_nats_a_node": likelihood(model, background.training.dataset, dataset),
    }  # fmt: skip


def glance(name: str, dataset: Dataset) -> dict[str, Any]:
    """Adherence, validity and seconds of one model at its own steps, on targets of a seed of their own."""
    model: Any = load_model(name)
    facts = evaluate(model, held_out_targets(dataset, 2 * FEW, GLANCE), 1, GLANCE)
    return facts | {"seconds": cost(model, [model.steps])}


def glances(results: dict[str, dict[str, Any]]) -> str:
    """The table of the quick look."""
    rows: list[list[object]] = [["", *results]]
    for stage in ("raw", "decoded"):
        rows += [[f"R2 {name}, {stage}", *(one[stage][name]["r2"] for one in results.values())] for name in NAMES]
    facts = ("raw_connected", "valid", "counts_exact", "edges_changed")
    rows += [[name, *(one[name] for one in results.values())] for name in facts]
    for k, batch in enumerate((1, 16)):
        row = [1000 * one["seconds"][k]["seconds_a_web"] for one in results.values()]
        rows.append([f"ms a web, {batch} a call", *row])
    return table(rows)


def summary(results: dict[str, dict[str, Any]]) -> str:
    """The table of the README."""
    rows: list[list[object]] = [["", *results]]

    def line(title: str, value: Any) -> None:
        rows.append([title, *(value(one) for one in results.values())])

    for stage in ("raw", "decoded"):
        for target in NAMES:
            line(f"R2 {target}, {stage}", lambda one, s=stage, t=target: one["protocol"]["adherence"][s][t]["r2"])
    line("connected, raw", lambda one: one["protocol"]["validity"]["raw"]["connected"])
    line("valid, decoded", lambda one: one["protocol"]["validity"]["generated"]["valid"])
    line("counts exact, decoded", lambda one: one["protocol"]["validity"]["counts_exact"])
    line("edges changed by decoding", lambda one: one["protocol"]["validity"]["edges_changed"])
    for key in ("unique_shapes", "novel"):
        line(key.replace("_", " "), lambda one, k=key: one["protocol"]["novelty"]["generated"][k])
    line("p of nearer to training than test", lambda one: one["protocol"]["memorisation"]["p"])
    for key, title in DISTANCES.items():
        line(f"{title}, / train", lambda one, k=key: one["protocol"]["distributions"]["ratio"]["generated"][k])
    for key in ("auc", "auc_silk"):
        line(key, lambda one, k=key: _value(one["protocol"]["distributions"]["rows"]["generated"].get(k)))
    for batch in (1, 16):
        line(
            f"ms a web, {batch} a call",
            lambda one, b=batch: 1000 * _own(one)["seconds"][f"{b} a call"]["seconds_a_web"],
        )
    line("peak memory, MiB", lambda one: one["peak_memory_mib"])
    return table([[_none(cell) for cell in row] for row in rows])


def _own(one: dict[str, Any]) -> dict[str, Any]:
    """The row of a model's own number of steps."""
    row: dict[str, Any] = next(row for row in one["over_steps"] if row["steps"] == one["steps"])
    return row


def _value(cell: dict[str, float] | None) -> float | None:
    return None if cell is None else cell["value"]


def _none(cell: object) -> object:
    return "-" if cell is None else cell


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--data", type=Path, help="data set; default: rebuilt as `structgen evaluate` does")
    arguments.add_argument(
        "--trained-on", type=Path, help="data set that the models learned from; default: that of --data"
    )
    arguments.add_argument("--models", nargs="+", default=list(SHIPPED), choices=SHIPPED)
    arguments.add_argument("--webs", type=int, default=256, help="webs in a trial")
    arguments.add_argument("--seeds", type=int, default=3, help="trials")
    arguments.add_argument("--pictures", type=Path, help="folder for a picture of each model")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--quick", action="store_true", help="adherence, validity and seconds alone")
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset.open(options.data) if options.data else default_set(Path(folder), console)
        if options.quick:
            looks = {name: glance(name, dataset) for name in options.models}
            print(glances(looks))
            save("generators", {"models": looks, "threads": torch.get_num_threads()}, options.output)
            return
        background = protocol.Background.of(
            dataset, lambda what, done, total: console.progress(done, total, what),
            Dataset.open(options.trained_on) if options.trained_on else None,
        )  # fmt: skip
        results = {name: measured(name, dataset, background, options, console) for name in options.models}
    for name, one in results.items():
        print(f"\n{name}\n\n{report.table(one['protocol'])}")
        head = ["steps", "R2 length raw", "R2 length decoded", "connected raw", "ms a web, 1", "16 a call"]
        cells = [
            [row["steps"], *(row["quality"][stage]["mean_edge_length"]["r2"] for stage in ("raw", "decoded")),
             row["quality"]["raw_connected"],
             *(1000 * row["seconds"][f"{batch} a call"]["seconds_a_web"] for batch in (1, 16))]
            for row in one["over_steps"]
        ]  # fmt: skip
        print("\n" + table([head, *cells]))
    print("\n" + summary(results))
    save("generators", {"models": results, "threads": torch.get_num_threads()}, options.output)


if __name__ == "__main__":
    main()
