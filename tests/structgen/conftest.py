"""Webs, data sets and helpers that several tests share."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import numpy as np
import pytest
import torch

from structgen.generators import load_model
from structgen.generators.analog import Analog, AnalogConfig
from structgen.generators.request import TrainingRange
from structgen.sources.neighbourhoods import Dataset, build
from structgen.sources.procedural import boxed_tangle
from structgen.web import WebGraph

Refused = Callable[..., AbstractContextManager[None]]


@contextlib.contextmanager
def _refused(*words: str) -> Iterator[None]:
    with pytest.raises(ValueError, match=re.escape(words[0])) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 900
    for word in words:
        assert word in message, message


@pytest.fixture(scope="session")
def refused() -> Refused:
    """``with refused("pos row 3", "finite"): ...`` a `ValueError` of one line that holds all of these words."""
    return _refused


@pytest.fixture(scope="session")
def cube() -> WebGraph:
    """Corners and edges of a cube of side 10 mm, every edge with its own radius, kinds 0 to 3."""
    pos = np.array([[x, y, z] for x in (0, 10) for y in (0, 10) for z in (0, 10)], float)
    pairs = np.array([(i, j) for i in range(8) for j in range(i + 1, 8) if np.abs(pos[i] - pos[j]).sum() == 10])
    return WebGraph(pos, pairs.T, 0.1 + 0.01 * np.arange(12), np.arange(12) % 4)


@pytest.fixture(scope="session")
def tangle_web() -> WebGraph:
    """A tangle web of some hundred nodes."""
    return boxed_tangle(3, size=(90.0, 70.0, 60.0), supports=60, threads=350, thread_length=14.0, reuse=0.6)


@pytest.fixture(scope="session")
def dataset(tangle_web: WebGraph, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Neighbourhoods of `tangle_web`, split by region."""
    return build([tangle_web], tmp_path_factory.mktemp("data") / "webs.npz", count=80, seed=5, origin="a test")


@pytest.fixture(scope="session")
def model() -> Analog:
    """The shipped analog model; not to be changed."""
    return load_model("analog")


@pytest.fixture(scope="session")
def tiny_config() -> AnalogConfig:
    """The smallest analog model of use in a test."""
    return AnalogConfig(width=16, edge_width=8, layers=2, heads=2, neighbours=8, candidates=10)


@pytest.fixture
def tiny_model(tiny_config: AnalogConfig, dataset: Dataset) -> Analog:
    """An untrained model of that size, one's own to change."""
    torch.manual_seed(0)
    return Analog(tiny_config, TrainingRange.of(dataset.arrays["targets"][dataset.indices("train")], 0.02))
