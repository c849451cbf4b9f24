"""How well generated webs keep to what was asked: adherence to targets and validity, before and after decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.generators.model import Generated, WebGenerator
from structgen.sources.neighbourhoods import Dataset
from structgen.targets import NAMES, DesignTargets
from structgen.validity import validity

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Adherence:
    """How ``reached`` compares with ``asked`` in one target.

    r2: coefficient of determination, 1 - sum (reached - asked)^2 / sum (asked - mean)^2; NaN where all ask the same.
    mape: mean of |reached - asked| / |asked| where asked is not 0. worst: largest |reached - asked|. missing: webs
    without a value (a proposal without edges has no mean edge length); they are left out of the others.
    """

    r2: float
    mape: float
    worst: float
    missing: int


def adherence(asked: npt.ArrayLike, reached: npt.ArrayLike) -> dict[str, Adherence]:
    """Adherence by target name of ``(k, 7)`` numbers reached to ``(k, 7)`` numbers asked."""
    want, got = np.atleast_2d(np.asarray(asked, float)), np.atleast_2d(np.asarray(reached, float))
    if want.shape != got.shape or want.shape[1] != len(NAMES):
        raise ValueError(f"asked has shape {want.shape}, reached {got.shape}, expected (k, {len(NAMES)}) both")
    return {name: _adherence(want[:, c], got[:, c]) for c, name in enumerate(NAMES)}


def _adherence(asked: FloatArray, reached: FloatArray) -> Adherence:
    known = np.isfinite(reached)
    if not known.any():
        return Adherence(np.nan, np.nan, np.nan, len(asked))
    error, asked_known = np.abs(reached - asked)[known], asked[known]
    scatter = float(np.square(asked_known - asked_known.mean()).sum())
    relative = error[asked_known != 0] / np.abs(asked_known[asked_known != 0])
    return Adherence(
        r2=1 - float(np.square(error).sum()) / scatter if scatter > 0 else np.nan,
        mape=float(relative.mean()) if len(relative) else np.nan,
        worst=float(error.max()),
        missing=int((~known).sum()),
    )


def held_out_rows(dataset: Dataset, count: int, seed: int, split: str = "test") -> npt.NDArray[np.int64]:
    """Numbers of ``count`` different webs of a split, drawn with ``seed``; fewer where the split is smaller."""
    return np.random.default_rng(seed).permutation(dataset.indices(split))[:count]


def held_out_targets(dataset: Dataset, count: int, seed: int, split: str = "test") -> list[DesignTargets]:
    """Targets of the webs of `held_out_rows`."""
    return [DesignTargets.measure(dataset[int(k)]) for k in held_out_rows(dataset, count, seed, split)]


def evaluate(
    model: WebGenerator, targets: Sequence[DesignTargets], n: int = 4, seed: int = 0, **options: Any
) -> dict[str, Any]:
    """``n`` webs for each of ``targets``: shares of valid webs and exact counts, adherence raw and decoded.

    ``options`` are of `generate`: steps, guidance. Raw is the proposal of the network as it stands, decoded the web
    that `generate` returns. Raises `ValueError` without targets, and for those that `generate` refuses.
    """
    if not targets:
        raise ValueError("targets is empty, at least 1 is needed")
    results = model.generate(targets, n, seed, **options)
    asked = np.repeat([target.as_array() for target in targets], n, axis=0)
    return summary(results, asked, model.config.max_degree)


def summary(results: Sequence[Generated], asked: npt.ArrayLike, max_degree: int) -> dict[str, Any]:
    """The table of `evaluate` for webs generated for ``asked (k, 7)``; JSON values, None for what is not a number."""
    want = np.asarray(asked, float)
    decoded = np.array([DesignTargets.measure(result.web).as_array() for result in results])
    raw = np.array([result.raw for result in results])
    counts = [NAMES.index("nodes"), NAMES.index("edges")]
    edges = sum(result.web.m for result in results)
    return {
        "webs": len(results),
        "valid": float(np.mean([validity(result.web, max_degree).ok for result in results])),
        "counts_exact": float((decoded[:, counts] == want[:, counts]).all(axis=1).mean()),
        "raw_connected": float(np.mean([result.raw_connected for result in results])),
        "edges_changed": sum(result.edges_changed for result in results) / edges,
        "decoded": as_json(adherence(want, decoded)),
        "raw": as_json(adherence(want, raw)),
    }


def as_json(table: dict[str, Adherence]) -> dict[str, dict[str, float | None]]:
    """`adherence` as JSON values: None for what is not a number."""
    rows = {name: vars(row) for name, row in table.items()}
    return {name: {k: v if np.isfinite(v) else None for k, v in row.items()} for name, row in rows.items()}
