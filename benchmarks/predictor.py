"""The predictor on webs that are new to it: neighbourhoods of other procedural webs, and generated webs; and its time.

It learned from neighbourhoods of procedural webs, never from generated ones.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from common import parser, save, table

from simulate.mechanics.predictor.features import seen
from simulate.mechanics.predictor.labels import AXES, PROPERTIES, Labels, properties_of
from simulate.mechanics.predictor.network import Predictor
from simulate.mechanics.predictor.predict import predictions
from simulate.mechanics.predictor.quality import quality
from simulate.mechanics.predictor.store import load_predictor
from structgen.generators import load_model
from structgen.sources.neighbourhoods import sample_neighbourhoods
from structgen.sources.training_set import source_webs
from structgen.targets import DesignTargets
from structgen.web import WebGraph

#: Seed of the source webs, which no training used.
SEED = 4321
MODELS = ("analog", "discrete", "autoregressive")
#: What generated webs are asked for: nodes between these, all else filled by the model.
NODES = (12, 96)


def generated(name: str, count: int) -> list[WebGraph]:
    """Webs of a shipped model."""
    rng = np.random.default_rng(SEED)
    asked = [DesignTargets(nodes=int(n)) for n in rng.integers(*NODES, count)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_model(name).sample(asked, seed=SEED)


def measured(network: Predictor, webs: list[WebGraph]) -> dict[str, Any]:
    """Quality on ``webs``, and processor seconds of a test and of a prediction."""
    began = time.process_time()
    labels = Labels(np.array([properties_of(web)[0] for web in webs]), 0.0)
    tests = time.process_time() - began
    known = labels.known
    seens = [
        seen(web, axis) for web, row in zip(webs, known, strict=True) for axis, k in zip(AXES, row, strict=True) if k
    ]
    found = quality(network, seens, np.log(labels.values[known]))
    began = time.process_time()
    for axis in AXES:
        predictions([web for web, row in zip(webs, known, strict=True) if row[AXES.index(axis)]], axis, network)
    return {
        "webs": len(webs), "tests that carry nothing": int((~known).sum()), **found,
        "processor_seconds_a_test": tests / known.size,
        "processor_seconds_a_prediction": (time.process_time() - began) / int(known.sum()),
    }  # fmt: skip


def main() -> None:
    """Make webs, pull them, predict, print, write."""
    options = parser(__doc__)
    options.add_argument("--webs", type=int, default=150, help="webs of each kind")
    options.add_argument("--sources", type=int, default=12, help="new procedural webs that neighbourhoods are of")
    given = options.parse_args()
    network = load_predictor()
    sources = source_webs(given.sources, SEED)
    kinds = {"neighbourhoods": [row[0] for row in sample_neighbourhoods(sources, given.webs, SEED)]}
    kinds |= {f"generated, {name}": generated(name, given.webs) for name in MODELS}
    measured(network, kinds["neighbourhoods"][:2])  # compiles
    result = {kind: measured(network, webs) for kind, webs in kinds.items()}
    keys = (
        "R2",
        "R2, not of the logarithm",
        "R2, quick test alone",
        "within 68 %",
        "within 95 %",
        "calibration error",
    )
    rows = [[kind, name, *(row[name][key] for key in keys)] for kind, row in result.items() for name in PROPERTIES]
    print(table([["webs", "property", *keys], *rows]))
    times = ("processor_seconds_a_test", "processor_seconds_a_prediction")
    print("\n" + table([["webs", *times], *([kind, *(row[key] for key in times)] for kind, row in result.items())]))
    save("predictor", {"source_seed": SEED, "kinds": result}, given.output)


if __name__ == "__main__":
    main()
