"""Shipped generators on held-out targets: validity, exact counts, adherence raw and decoded, processor seconds a web.

The targets are those of neighbourhoods of procedural webs that no model was trained on.
"""

from __future__ import annotations

import torch
from common import parser, save, table

from structgen.evaluation import evaluate
from structgen.evaluation.cost import cost
from structgen.generators import load_model
from structgen.sources.neighbourhoods import sample_neighbourhoods
from structgen.sources.procedural import varied_tangles
from structgen.targets import NAMES, DesignTargets

#: Seed of the source webs; training used seed 0.
UNSEEN = 1
#: Steps of the sampler that are timed, those of `structgen generate`.
STEPS = 8


def unseen_targets(count: int) -> list[DesignTargets]:
    """Targets of ``count`` neighbourhoods of six procedural webs made with a seed of their own."""
    sampled = sample_neighbourhoods(varied_tangles(6, UNSEEN), count, UNSEEN)
    return [DesignTargets.measure(web) for web, *_ in sampled]


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--targets", type=int, default=64)
    arguments.add_argument("--webs", type=int, default=4, help="webs for each target")
    options = arguments.parse_args()
    model = load_model("analog")
    measured = evaluate(model, unseen_targets(options.targets), options.webs, seed=0)
    seconds = cost(model, steps=(STEPS,))
    head = ["target", "R2 raw", "R2 decoded", "MAPE raw", "MAPE decoded"]
    rows = [
        [name, *(measured[stage][name][key] for key in ("r2", "mape") for stage in ("raw", "decoded"))]
        for name in NAMES
    ]
    print(table([head, *rows]))
    facts = ("webs", "valid", "counts_exact", "raw_connected", "edges_changed")
    print(table([["analog", "value"], *([name, measured[name]] for name in facts)]))
    print(table([["webs a call", "CPU seconds a web"], *([r["webs_a_call"], r["cpu_seconds_a_web"]] for r in seconds)]))
    save("generators", {"analog": measured, "cost": seconds, "threads": torch.get_num_threads()}, options.output)


if __name__ == "__main__":
    main()
