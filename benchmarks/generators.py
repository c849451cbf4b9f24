"""Shipped generators on held-out targets: validity, exact counts, adherence raw and decoded, seconds a web.

The targets are those of neighbourhoods of procedural webs that no model was trained on.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from common import parser, save, table

from structgen.evaluation import evaluate
from structgen.generators import load_model
from structgen.sources.neighbourhoods import sample_neighbourhoods
from structgen.sources.procedural import varied_tangles
from structgen.targets import NAMES, DesignTargets

#: Seed of the source webs; training used seed 0.
UNSEEN = 1


def unseen_targets(count: int) -> list[DesignTargets]:
    """Targets of ``count`` neighbourhoods of six procedural webs made with a seed of their own."""
    sampled = sample_neighbourhoods(varied_tangles(6, UNSEEN), count, UNSEEN)
    return [DesignTargets.measure(web) for web, *_ in sampled]


def seconds_a_web(model: Any, batch: int, repeats: int = 5) -> float:
    """Median seconds a web of 48 nodes at ``batch`` webs a call."""
    target = DesignTargets(nodes=48, mean_degree=2.8)
    times = []
    for seed in range(repeats):
        began = time.perf_counter()
        model.sample(target, n=batch, seed=seed)
        times.append((time.perf_counter() - began) / batch)
    return float(np.median(times))


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--targets", type=int, default=64)
    arguments.add_argument("--webs", type=int, default=4, help="webs for each target")
    options = arguments.parse_args()
    model = load_model("analog")
    measured = evaluate(model, unseen_targets(options.targets), options.webs, seed=0)
    seconds = {str(batch): seconds_a_web(model, batch) for batch in (1, 16)}
    head = ["target", "R2 raw", "R2 decoded", "MAPE raw", "MAPE decoded"]
    rows = [
        [name, *(measured[stage][name][key] for key in ("r2", "mape") for stage in ("raw", "decoded"))]
        for name in NAMES
    ]
    print(table([head, *rows]))
    facts = ("webs", "valid", "counts_exact", "raw_connected", "edges_changed")
    print(table([["analog", "value"], *([name, measured[name]] for name in facts)]))
    print(table([["webs a call", "seconds a web"], *seconds.items()]))
    save(
        "generators", {"analog": measured, "seconds_a_web": seconds, "threads": torch.get_num_threads()}, options.output
    )


if __name__ == "__main__":
    main()
