"""The network: messages along threads, then one number and its spread for each property.

Messages after J. Gilmer et al., ICML 2017, with states of threads that are updated too (P. Battaglia et al.,
arXiv:1806.01261); mean and variance of a Gaussian as outputs after D. Nix, A. Weigend, ICNN 1994.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from simulate.mechanics.predictor.features import EDGE_FEATURES, NODE_FEATURES, WHOLE_FEATURES, Seen
from simulate.mechanics.predictor.labels import PROPERTIES

OUT = len(PROPERTIES)
#: Most that each size of a network may be.
MOST = {"width": 512, "layers": 64}
#: Share of the states that are dropped before the last layer in training.
DROPPED = 0.1
#: Logarithms of variances are kept within these: spreads of 0.1 % to twenty-fold.
SURE, UNSURE = 2 * np.log(0.001), 2 * np.log(3.0)


@dataclass(frozen=True)
class PredictorConfig:
    """Sizes: ``width`` of the states of nodes and threads, ``layers`` of messages."""

    width: int = 16
    layers: int = 2

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ValueError(f"{name} is {value!r}, must be a whole number in 1..{most}")


@dataclass(frozen=True)
class SeenBatch:
    """Several `Seen` as one graph in pieces: their rows one after the other; ``of (n,)``, ``edge_of (m,)``: whose."""

    node: Tensor
    edge: Tensor
    whole: Tensor
    estimate: Tensor
    ends: Tensor
    of: Tensor
    edge_of: Tensor

    @classmethod
    def of_all(cls, seens: Sequence[Seen]) -> SeenBatch:
        """The batch of ``seens``, in their order."""
        sizes = np.array([len(one.node) for one in seens])
        counts = np.array([len(one.edge) for one in seens])
        shift = np.repeat(np.cumsum(sizes) - sizes, counts)
        rows = {
            name: torch.from_numpy(np.concatenate([getattr(one, name) for one in seens])) for name in ("node", "edge")
        }
        return cls(
            **rows, whole=torch.from_numpy(np.stack([one.whole for one in seens])),
            estimate=torch.from_numpy(np.stack([one.estimate for one in seens])),
            ends=torch.from_numpy(np.concatenate([one.ends for one in seens], axis=1) + shift),
            of=torch.from_numpy(np.repeat(np.arange(len(seens)), sizes)),
            edge_of=torch.from_numpy(np.repeat(np.arange(len(seens)), counts)),
        )  # fmt: skip


class Predictor(nn.Module):
    """Means and variances of the logarithms of stiffness, strength and toughness, in MPa."""

    #: Mean and spread of each feature, and of the error of the estimate, in the training webs.
    node_scale: Tensor
    edge_scale: Tensor
    whole_scale: Tensor
    error_scale: Tensor
    #: ``(3,)`` by which variances are multiplied, so that 68 % of validation webs are within a standard deviation.
    temperature: Tensor
    #: ``(3,)`` standard deviations within which 95 % of them are: errors have longer tails than a Gaussian's 1.96.
    far: Tensor

    def __init__(self, config: PredictorConfig = PredictorConfig()) -> None:
        super().__init__()
        self.config = config
        width = config.width
        given = WHOLE_FEATURES + OUT
        for name, count in (
            ("node_scale", NODE_FEATURES), ("edge_scale", EDGE_FEATURES), ("whole_scale", given), ("error_scale", OUT),
        ):  # fmt: skip
            self.register_buffer(name, torch.stack([torch.zeros(count), torch.ones(count)]))
        self.register_buffer("temperature", torch.ones(OUT))
        self.register_buffer("far", torch.full((OUT,), 1.96))
        self.node = nn.Linear(NODE_FEATURES, width)
        self.edge = nn.Linear(EDGE_FEATURES, width)
        self.whole = nn.Linear(given, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(config.layers))
        last = nn.Linear(2 * width, 2 * OUT)
        # It begins with the estimate.
        nn.init.zeros_(last.weight[:OUT])
        nn.init.zeros_(last.bias)
        self.out = nn.Sequential(
            nn.LayerNorm(5 * width), nn.Linear(5 * width, 2 * width), nn.SiLU(), nn.Dropout(DROPPED), last
        )  # fmt: skip

    def forward(self, batch: SeenBatch) -> tuple[Tensor, Tensor]:
        """``(b, 3)`` means of the logarithms, and logarithms of their variances before calibration."""
        told = _scaled(torch.cat([batch.whole, batch.estimate], dim=1), self.whole_scale)
        g = self.whole(told)
        h = self.node(_scaled(batch.node, self.node_scale)) + g[batch.of]
        e = self.edge(_scaled(batch.edge, self.edge_scale)) + g[batch.edge_of]
        count = torch.bincount(batch.of, minlength=len(g))[:, None].float()
        for layer in self.layers:
            h, e, g = layer(h, e, g, batch, count)
        pooled = [g, _mean(h, batch.of, count), _most(h, batch.of, len(g)), _most(e, batch.edge_of, len(g)),
                  _most(-e, batch.edge_of, len(g))]  # fmt: skip
        mean, log_variance = self.out(torch.cat(pooled, dim=1)).chunk(2, dim=1)
        spread = self.error_scale[1]
        log_variance = log_variance + 2 * spread.log()
        return batch.estimate + self.error_scale[0] + spread * mean, log_variance.clamp(SURE, UNSURE)

    def calibrated(self, batch: SeenBatch) -> tuple[Tensor, Tensor]:
        """``(b, 3)`` means and standard deviations of the logarithms."""
        mean, log_variance = self(batch)
        return mean, (log_variance / 2).exp() * self.temperature.sqrt()


class Layer(nn.Module):
    """Threads hear their ends, nodes their threads, and the whole all nodes; each adds to its state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_edge = _perceptron(3 * width, width)
        self.to_node = _perceptron(3 * width, width)
        self.to_whole = _perceptron(2 * width, width)
        self.node_norm, self.edge_norm = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, h: Tensor, e: Tensor, g: Tensor, batch: SeenBatch, count: Tensor) -> tuple[Tensor, ...]:
        """New states of nodes ``(n, w)``, threads ``(m, w)`` and wholes ``(b, w)``."""
        i, j = batch.ends
        nodes, edges = self.node_norm(h), self.edge_norm(e)
        a, b = nodes[i], nodes[j]
        # Which end is called first must not matter.
        e = e + self.to_edge(torch.cat([a + b, (a - b).abs(), edges], dim=1))
        edges = self.edge_norm(e)
        sent = torch.zeros_like(h).index_add(0, i, edges).index_add(0, j, edges)
        h = h + self.to_node(torch.cat([nodes, sent, g[batch.of]], dim=1))
        g = g + self.to_whole(torch.cat([g, _mean(h, batch.of, count)], dim=1))
        return h, e, g


def _perceptron(entering: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(entering, width), nn.SiLU(), nn.Linear(width, width))


def _scaled(values: Tensor, scale: Tensor) -> Tensor:
    return (values - scale[0]) / scale[1]


def _mean(h: Tensor, of: Tensor, count: Tensor) -> Tensor:
    return h.new_zeros(len(count), h.shape[1]).index_add(0, of, h) / count


def _most(h: Tensor, of: Tensor, pieces: int) -> Tensor:
    return h.new_full((pieces, h.shape[1]), -torch.inf).scatter_reduce(0, of[:, None].expand_as(h), h, "amax")
