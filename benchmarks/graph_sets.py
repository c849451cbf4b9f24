"""The discrete model on plain graphs: the planar and tree sets of SPECTRE, against the published measures.

K. Martinkus et al. (SPECTRE, ICML 2022): 128 / 32 / 40 graphs of 64 nodes. V.U.N. is the share of 40 sampled graphs
that are valid (planar and connected; a tree), unlike the others, and not in the training set, both up to isomorphism;
the ratio is the mean over four MMDs of value / that of the training set. One model a set is trained for ``--minutes``
on what threads there are, or on a GPU; an interrupted run is gone on with when it is started again with the same
``--work``, and one that is done is not done again.
"""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import torch
from common import parser, save, table

from structgen.generators.discrete import Discrete, DiscreteConfig
from structgen.generators.model import Ask
from structgen.generators.store import load_model
from structgen.measures import graph_mmd
from structgen.seeds import generator
from structgen.sources.neighbourhoods import SPLITS, Dataset, write
from structgen.targets import DesignTargets
from structgen.training import CARD, CHECKPOINT, WEIGHTS, Progress, TrainingPlan, train
from structgen.web import WebGraph

#: A graph as its edges ``(2, m)`` and its number of nodes.
Graph = tuple[npt.NDArray[np.int64], int]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "graph_benchmarks"
#: Graphs sampled, as published, and the steps of the sampler that are reported.
SAMPLES, STEPS = 40, (Discrete.steps, 100)
#: Noise of the requested mean degree tells the nodes apart, which have no places; long walks see cycles.
CONFIG = DiscreteConfig(positions=False, noise=1.0, walk=12, drop_condition=0.0)
PLAN = "plan.json"


def _planar(graph: nx.Graph) -> bool:
    return bool(nx.is_connected(graph) and nx.check_planarity(graph)[0])


VALID: dict[str, Callable[[nx.Graph], bool]] = {"planar": _planar, "tree": nx.is_tree}


def graphs(name: str, part: str) -> list[Graph]:
    """Graphs of a part (train, val, test) of a set."""
    with np.load(DATA / f"{name}_{part}.npz") as arrays:
        edges, ptr, nodes = (arrays[key].astype(np.int64) for key in ("edges", "edge_ptr", "num_nodes"))
    return [(edges[a:b].T, int(n)) for a, b, n in zip(ptr[:-1], ptr[1:], nodes, strict=True)]


def as_webs(name: str) -> Iterator[tuple[WebGraph, int, int, npt.NDArray[np.int64]]]:
    """All graphs as rows of a data set; their places are random and not looked at."""
    rng = generator(0)
    for split, part in enumerate(("train", "val", "test")):
        for k, (edges, n) in enumerate(graphs(name, part)):
            web = WebGraph.from_edges(rng.uniform(-1, 1, (n, 3)), edges.T)
            yield web, 1000 * split + k, split, np.arange(n)


def trained(name: str, work: Path, options: Namespace) -> tuple[Discrete, int]:
    """The model of a set after about so many minutes, and the steps it took; goes on with what ``work`` holds."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "graphs.npz"
    about = {"seed": 0, "count": 0, "webs": 0, "origin": f"{name} graphs of SPECTRE", "split_by": "graph"}
    dataset = Dataset.open(path) if path.exists() else write(path, as_webs(name), about)
    where = {"accelerator": options.accelerator, "workers": options.workers}
    if not (work / PLAN).exists():
        # The learning rate falls to the end of the run, so its number of steps must be known before.
        trial, seconds = 12, []
        train(
            "discrete", dataset, work / "trial", TrainingPlan(trial, options.batch, precision=options.precision),
            config=CONFIG, report=lambda progress: seconds.append(progress.seconds), **where,
        )  # fmt: skip
        steps = max(trial, int(60 * options.minutes / np.median(seconds)))
        kept = {key: getattr(options, key) for key in ("minutes", "precision", "batch", "accelerator")}
        (work / PLAN).write_text(json.dumps({"steps": steps} | kept))
    kept = json.loads((work / PLAN).read_text())
    plan = TrainingPlan(steps=kept["steps"], batch=kept["batch"], ema=0.995, precision=kept["precision"])

    def report(progress: Progress) -> None:
        if progress.step % 100 == 0:
            print(f"{name}: step {progress.step} of {progress.steps}, loss {progress.losses['total']:.3f}", flush=True)

    if not (work / CARD).exists() or json.loads((work / CARD).read_text())["steps_done"] < plan.steps:
        train(
            "discrete", dataset, work, plan, config=CONFIG, resume=(work / CHECKPOINT).exists(), report=report,
            validate_every=500, **where,
        )  # fmt: skip
    model = load_model(work / WEIGHTS)
    assert isinstance(model, Discrete)
    return model, plan.steps


def sampled(model: Discrete, like: Sequence[Graph], steps: int, seed: int = 0) -> list[Graph]:
    """`SAMPLES` graphs with the counts of random ones of ``like``."""
    rng = generator(seed)
    picked = [like[int(k)] for k in rng.integers(len(like), size=SAMPLES)]
    asks = [Ask(DesignTargets(1.0, (2.0, 2.0, 2.0), n, edges.shape[1])) for edges, n in picked]
    rngs = [generator(seed, k) for k in range(SAMPLES)]
    proposals = model.propose(asks, rngs, steps, 1.0)
    return [(proposal.edges[proposal.score > 0].T, len(proposal.pos)) for proposal in proposals]


def as_networkx(graph: Graph) -> nx.Graph:
    """With all nodes, those without edges too."""
    made = nx.empty_graph(graph[1])
    made.add_edges_from(graph[0].T.tolist())
    return made


class Kinds:
    """Graphs up to isomorphism: looked up by hash, then compared."""

    def __init__(self, members: Sequence[nx.Graph] = ()) -> None:
        self._by_hash: dict[str, list[nx.Graph]] = {}
        for graph in members:
            self.add(graph)

    def _alike(self, graph: nx.Graph) -> list[nx.Graph]:
        return self._by_hash.setdefault(nx.weisfeiler_lehman_graph_hash(graph), [])

    def __contains__(self, graph: nx.Graph) -> bool:
        return any(nx.is_isomorphic(graph, other) for other in self._alike(graph))

    def add(self, graph: nx.Graph) -> bool:
        """Whether it is new."""
        if graph in self:
            return False
        self._alike(graph).append(graph)
        return True


def measured(name: str, found: Sequence[Graph], train_set: Sequence[Graph]) -> dict[str, Any]:
    """Valid, unique, novel, all three, and MMDs against the test set."""
    listed, known, seen = [as_networkx(g) for g in found], Kinds([as_networkx(g) for g in train_set]), Kinds()
    valid = np.array([VALID[name](graph) for graph in listed])
    unique = np.array([seen.add(graph) for graph in listed])
    novel = np.array([graph not in known for graph in listed])
    shares = {"valid": valid, "unique": unique, "novel": novel, "vun": valid & unique & novel}
    return {
        "graphs": len(found), **{key: float(value.mean()) for key, value in shares.items()},
        "edges": float(np.mean([edges.shape[1] for edges, _ in found])),
        "mmd": graph_mmd(found, graphs(name, "test")),
    }  # fmt: skip


def ratio(mmd: dict[str, float], of_train: dict[str, float]) -> float:
    """Mean of value / training value, without those whose training value rounds to 0 at four digits."""
    return float(np.mean([value / of_train[key] for key, value in mmd.items() if round(of_train[key], 4) > 0]))


def main() -> None:
    """Train, sample, measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--minutes", type=float, default=10.0, help="training of each set")
    arguments.add_argument("--work", type=Path, default=Path("graph_sets_work"), help="folder of checkpoints")
    arguments.add_argument("--sets", nargs="+", default=list(VALID), choices=list(VALID))
    arguments.add_argument("--precision", default="bf16-mixed", choices=["32-true", "bf16-mixed"])
    arguments.add_argument("--batch", type=int, default=32, help="graphs in a step")
    arguments.add_argument("--accelerator", default="cpu", choices=["cpu", "gpu", "auto"], help="where to train")
    arguments.add_argument("--workers", type=int, default=0, help="processes that prepare batches ahead")
    options = arguments.parse_args()
    result: dict[str, Any] = {}
    rows: list[list[object]] = []
    for name in options.sets:
        train_set = graphs(name, "train")
        model, steps_trained = trained(name, options.work / name, options)
        entries = {"train": measured(name, train_set, train_set)}
        for steps in STEPS:
            began = time.perf_counter()
            found = sampled(model, train_set, steps)
            seconds = (time.perf_counter() - began) / SAMPLES
            entries[f"discrete, {steps} steps"] = measured(name, found, train_set) | {"seconds_a_graph": seconds}
        for title, entry in entries.items():
            entry["ratio"] = ratio(entry["mmd"], entries["train"]["mmd"])
            shares = [entry[key] for key in ("valid", "unique", "novel", "vun", "edges")]
            rows.append([name, title, *shares, *entry["mmd"].values(), entry["ratio"]])
        plan = json.loads((options.work / name / PLAN).read_text())
        result[name] = {"trained_steps": steps_trained, "training": plan, "rows": entries}
    measures = list(next(iter(result.values()))["rows"]["train"]["mmd"])
    print(table([["set", "graphs", "valid", "unique", "novel", "vun", "edges", *measures, "ratio"], *rows]))
    save("graph_sets", {"sets": result, "threads": torch.get_num_threads(), "splits": list(SPLITS)}, options.output)


if __name__ == "__main__":
    main()
