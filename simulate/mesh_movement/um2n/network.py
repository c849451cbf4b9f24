"""The network: a graph-transformer encoder, a displacement head, and a graph-attention decoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from simulate.mesh_movement.um2n.attention import ATTENTIONS
from simulate.mesh_movement.um2n.encoder_kernels import near_attention
from simulate.mesh_movement.um2n.fields import INVARIANTS, LOAD_INVARIANTS, LOAD_VECTORS, VECTORS, load_fields
from simulate.mesh_movement.um2n.graph import (
    EDGE_FEATURES,
    LOGIT,
    GridGraph,
    MeshGraph,
    bounded_exp,
    neighbour_softmax,
    real,
)
from simulate.mesh_movement.um2n.kernels import attracted, relative_loads
from simulate.mesh_movement.um2n.prepared import Case, Prepared

#: Least share of its volume at the start that a cell counts with in the decoder.
LEAST = 1e-2
#: Spread of the logarithm of a monitor at which later stages and the decoder do half of what they would.
GENTLE = 0.1
#: Length of an edge, relative to the size of the mesh, that the decoder sees as 0; slope of its rectifier below 0.
LENGTH, LEAK = 1.5, 0.2
#: Most that each size of a network may be.
MOST = {"width": 512, "heads": 64, "blocks": 64, "stages": 64, "sweeps": 64, "slim": 512}


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes: ``width`` of nodes, ``heads`` that divide it, ``blocks`` of the encoder, ``stages`` after the first of
    the displacement head, ``sweeps`` of the decoder and their ``slim`` width; ``attention`` is one of `ATTENTIONS`."""

    width: int = 32
    heads: int = 4
    blocks: int = 2
    stages: int = 2
    sweeps: int = 3
    slim: int = 16
    attention: str = "slices"

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ValueError(f"{name} is {value!r}, must be a whole number in 1..{most}")
        if self.width % self.heads:
            raise ValueError(f"width is {self.width}, must be a multiple of heads, {self.heads}")
        if self.attention not in ATTENTIONS:
            raise ValueError(f"attention is {self.attention!r}, must be one of {', '.join(ATTENTIONS)}")


class UM2N(nn.Module):
    """Displacements from a mesh and a monitor.

    The encoder and the head work on the squares of the background grid, the mesh made coarse, and what they say is
    interpolated at the nodes: their cost and the smoothness of their displacement do not depend on the mesh. The
    decoder works on the nodes.
    """

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Sequential(nn.Linear(INVARIANTS, config.width), nn.GELU())
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        # It begins as the relaxed Monge-Ampere displacement.
        self.head = _weights(config.width, config.width, VECTORS, first=1.0)
        self.stages = nn.ModuleList(
            _weights(config.width + LOAD_INVARIANTS, config.width, LOAD_VECTORS) for _ in range(config.stages)
        )
        self.sweeps = nn.ModuleList(Sweep(config) for _ in range(config.sweeps))

    def forward(self, case: Case) -> Tensor:
        """``(n, 2)`` displacements in units of the square root of the domain's area.

        The vector fields of a constant monitor are zero, and so is the gate of all that follows: its displacement is
        exactly zero.
        """
        prepared, fields = case.prepared, case.fields
        nodes = prepared.nodes
        h = self.enter(real(fields.invariants))
        edges = prepared.squares.features(fields)
        for block in self.blocks:
            h = block(h, prepared.squares, edges)
        moved = prepared.combined(self.head(h), fields)
        gate = fields.spread / (GENTLE + fields.spread)
        for stage in self.stages:
            load = cell_load(nodes, nodes.points + moved.detach(), case.sample(nodes.points + moved))
            left = load_fields(prepared.grid, load.numpy().astype(float))
            weights = stage(torch.cat([h, real(left.invariants)], dim=1))
            moved = moved + gate * prepared.combined(weights, left)
        monitor = case.sample(nodes.points + moved)
        for sweep in self.sweeps:
            moved = moved + gate * nodes.tangential(sweep(h, prepared, nodes.points + moved, monitor))
        return moved


def _weights(entering: int, width: int, leaving: int, first: float = 0.0) -> nn.Sequential:
    """What weighs ``leaving`` vector fields; at the beginning by 0, the first by ``first``."""
    last = nn.Linear(width, leaving)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    with torch.no_grad():
        last.bias[0] = first
    return nn.Sequential(nn.LayerNorm(entering), nn.Linear(entering, width), nn.GELU(), last)


class Block(nn.Module):
    """A pre-norm layer of the encoder: neighbours and all squares at once, then each by itself."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.bias = nn.Linear(EDGE_FEATURES, config.heads)
        self.edge = nn.Linear(EDGE_FEATURES, width)
        self.out = nn.Linear(width, width)
        self.everywhere = ATTENTIONS[config.attention](width, config.heads)
        self.alone = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, h: Tensor, squares: GridGraph, edges: Tensor) -> Tensor:
        """``(g, width)`` from ``h (g, width)`` and features ``edges`` of `GridGraph.features`."""
        normed = self.norm(h)
        near = self._near if torch.is_grad_enabled() else self._near_compiled
        h = h + self.out(near(normed, squares, edges)) + self.everywhere(normed, squares.volumes)
        result: Tensor = h + self.alone(h)
        return result

    def _near(self, h: Tensor, squares: GridGraph, edges: Tensor) -> Tensor:
        """Attention to neighbours (graph transformer, Shi et al., IJCAI 2021)."""
        q, k, v = self.project(h).chunk(3, dim=1)
        source, target = squares.graph.source, squares.graph.target
        shape = (self.heads, -1)
        agree = (q.index_select(0, target) * k.index_select(0, source)).unflatten(1, shape).sum(dim=2)
        logits = agree * (h.shape[1] / self.heads) ** -0.5 + self.bias(edges)
        weight = neighbour_softmax(logits, target, len(h))
        value = (v.index_select(0, source) + self.edge(edges)).unflatten(1, shape)
        return torch.zeros_like(h).index_add(0, target, (weight[:, :, None] * value).flatten(1))

    def _near_compiled(self, h: Tensor, squares: GridGraph, edges: Tensor) -> Tensor:
        """The same, without a gradient and several times as fast."""
        graph, heads, size = squares.graph, (0,) * self.heads, (0,) * (h.shape[1] // self.heads)
        parts = self.bias.weight, self.bias.bias, self.edge.weight.T.contiguous(), self.edge.bias
        bias, constant, edge, plain = (part.detach().numpy() for part in parts)
        return torch.from_numpy(near_attention(
            graph.pointers.numpy(), graph.source.numpy(), self.project(h).numpy(), edges.numpy(), bias, constant, edge,
            plain, LOGIT, heads, size, (0,) * EDGE_FEATURES,
        ))  # fmt: skip


class Sweep(nn.Module):
    """A layer of the decoder: each node moves to where its neighbours are, weighed by attention to them and itself.

    As in UM2N a node comes to a convex combination of the places of its neighbours and its own; what it attends to is
    the load that their cells bear at this moment.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.slim = config.slim
        #: What the encoder says of target, source, and staying.
        self.enter = nn.Linear(config.width, 2 * config.slim + 1)
        with torch.no_grad():
            self.enter.bias[-1] = 3.0
        self.load = nn.Linear(1, 2 * config.slim + 1, bias=False)
        self.edge = nn.Linear(2, config.slim)
        self.logit = nn.Linear(config.slim, 1)

    def forward(self, h: Tensor, prepared: Prepared, points: Tensor, monitor: Tensor) -> Tensor:
        """``(n, 2)`` steps from ``points (n, 2)``, where ``monitor (n,)`` is given; ``h (g, width)`` of the squares."""
        load = node_load(prepared.nodes, points, monitor)
        state = prepared.at_nodes(self.enter(h))
        steps = self._steps if torch.is_grad_enabled() else self._steps_compiled
        return steps(prepared.nodes, points, load, state)

    def _steps(self, nodes: MeshGraph, points: Tensor, load: Tensor, state: Tensor) -> Tensor:
        state = state + self.load(load[:, None])
        target_part, source_part, stay = torch.split(state, [self.slim, self.slim, 1], dim=1)
        source, target = nodes.graph.source, nodes.graph.target
        pick = partial(torch.index_select, dim=0)
        along = pick(points, index=source) - pick(points, index=target)
        length = along.norm(dim=1) / pick(nodes.sizes, index=target)
        feature = torch.stack([length - LENGTH, pick(load, index=source) - pick(load, index=target)], dim=1)
        hidden = pick(target_part, index=target) + pick(source_part, index=source) + self.edge(feature)
        weight = bounded_exp(self.logit(nn.functional.leaky_relu(hidden, LEAK)))
        summed = torch.zeros(nodes.n, 3).index_add(0, target, weight * nn.functional.pad(along, (0, 1), value=1.0))
        return summed[:, :2] / (summed[:, 2:] + bounded_exp(stay))

    def _steps_compiled(self, nodes: MeshGraph, points: Tensor, load: Tensor, state: Tensor) -> Tensor:
        """The same, without a gradient and several times as fast."""
        pointers, source, at = nodes.graph.pointers.numpy(), nodes.graph.source.numpy(), points.numpy()
        target_part, source_part, stay = torch.split(self.load.weight[:, 0], [self.slim, self.slim, 1])
        length, rise = self.edge.weight.T
        # The rise of the load is that of the source less that of the target.
        parts = torch.stack([self.edge.bias, length, target_part - rise, source_part + rise, self.logit.weight[0]])
        return torch.from_numpy(attracted(
            pointers, source, at, nodes.sizes.numpy(), load.numpy(), state.numpy(), parts.numpy(),
            self.logit.bias.item(), stay.item(), LENGTH, LEAK, LOGIT, (0,) * self.slim,
        ))  # fmt: skip


def cell_load(nodes: MeshGraph, points: Tensor, monitor: Tensor) -> Tensor:
    """``(c,)`` logarithm of the load of each cell over the mean load: monitor times volume, over the volume at the
    start."""
    if not torch.is_grad_enabled():
        at, level, reference = points.numpy(), monitor.numpy(), nodes.reference.numpy()
        load = torch.from_numpy(relative_loads(at, nodes.cells.numpy(), level, reference, LEAST))
        return load.log_()
    ratio = nodes.determinants(points).clamp_min(LEAST * nodes.reference) / nodes.reference
    load = nodes.at_corners(monitor).mean(dim=1) * ratio
    mean = (load * nodes.reference).sum() / nodes.reference.sum()
    return (load / mean).log()


def node_load(nodes: MeshGraph, points: Tensor, monitor: Tensor) -> Tensor:
    """``(n,)`` mean of `cell_load` about each node, weighed by the volume at the start."""
    load = cell_load(nodes, points, monitor)
    return nodes.gathered(load * nodes.reference) / (6 * nodes.volumes)
