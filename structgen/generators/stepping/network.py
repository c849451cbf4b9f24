"""The causal graph transformer, one node after the other: what `nets_causal` computes of all nodes at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear

from structgen.generators.batches import CATEGORIES
from structgen.generators.nets_causal import (
    CANDIDATE_FEATURES,
    NODE_FEATURES,
    PAIR_FEATURES,
    CausalBlock,
    CausalGraphTransformer,
)
from structgen.generators.stepping.attention import attend
from structgen.generators.stepping.features import tell_last, tell_next
from structgen.generators.stepping.state import Drawn, Floats, Integers


@dataclass
class Last:
    """What the network makes of the last node: ``h (B, W)``, its pairs ``(B, T, e)``, and what was told of these."""

    h: Tensor
    pair: Tensor
    features: Tensor


class Stream:
    """The network reading webs that grow side by side, under one condition: as asked for, or with targets hidden.

    memory ``(B, room, W)``: the nodes as it knows them; joins, edges ``(B, room, hidden)``: what its heads of pairs
    make of them.
    """

    def __init__(
        self,
        net: CausalGraphTransformer,
        room: int,
        modulations: list[Tensor],
        unit: Tensor,
        known: Tensor,
        blur: float,
    ) -> None:
        self.net, self.unit, self.known, self.blur = net, unit.numpy(), known.numpy(), blur
        # Shift, one more than scale: of each layer those before attention, then those before what feeds on it.
        chunks = [modulation[:, 0].chunk(4, -1) for modulation in modulations]
        self.modulations = [(shift, 1 + scale, shift2, 1 + scale2) for shift, scale, shift2, scale2 in chunks]
        self.blocks = [block for block in net.blocks if isinstance(block, CausalBlock)]
        b, size = len(unit), net.width // net.heads
        self.keys, self.values = torch.empty(2, net.layers, net.heads, room, size, b).numpy()
        self.memory = torch.empty(b, room, net.width)
        self.joins, self.edges = torch.empty(2, b, room, net.hidden)
        self.node = torch.empty(b, NODE_FEATURES)
        self.out = torch.empty(b, net.width + net.heads * net.bias.in_features)
        # The kind of a pair is told in its features, one-hot.
        self.pair_in = torch.cat([net.pair_in.weight, net.kind_in.weight.T], 1)

    def read(self, web: Drawn, place: int) -> Last:
        """The node at ``place``, the last."""
        net = self.net
        told = torch.empty(len(self.node), place + 1, PAIR_FEATURES + CATEGORIES)
        tell_last(web, place, self.unit, self.known, self.blur, self.node.numpy(), told.numpy())
        pair = net.pair_next(gelu(linear(told, self.pair_in, net.pair_in.bias)))
        bias, its = (value.permute(1, 2, 0).contiguous().numpy() for value in (net.bias(gelu(pair)), pair))
        h = net.node_in(self.node)
        for k, (block, (shift, scale, shift2, scale2)) in enumerate(zip(self.blocks, self.modulations, strict=True)):
            three = block.qkv(torch.addcmul(shift, layer_norm(h, (net.width,)), scale))
            attend(three.numpy(), bias, its, self.keys, self.values, k, self.out.numpy())
            h = h + block.out(self.out)
            h = h + block.feed(torch.addcmul(shift2, layer_norm(h, (net.width,)), scale2))
        h = net.norm(h)
        self.memory[:, place], self.joins[:, place], self.edges[:, place] = h, net.join.other(h), net.edge.other(h)
        return Last(h, pair, told[..., :PAIR_FEATURES])

    def joined(self, planned: Tensor, last: Last, place: int) -> Tensor:
        """Log-odds ``(B, T)`` of the node to grow from."""
        odds: Tensor = self.net.join(planned[:, None], self.joins[:, : place + 1], last.features[:, None])
        return odds[:, 0, :, 0]

    def row(self, web: Drawn, planned: Tensor, place: int, point: Floats, parent: Integers) -> Tensor:
        """``(B, T, 1 + 2 kinds)`` of the edges of a node at ``point (B, 3)``, see `CausalGraphTransformer.edges`."""
        told = torch.empty(len(self.node), place + 1, CANDIDATE_FEATURES)
        tell_next(web, place, self.unit, point, parent, told.numpy())
        out: Tensor = self.net.edge(planned[:, None], self.edges[:, : place + 1], told[:, None])
        return out[:, 0]
