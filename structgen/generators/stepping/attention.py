"""Attention of the last node to all up to it, as in `nets_causal.CausalBlock`, over what is remembered of them."""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.generators.stepping.state import Floats


@compiled
def attend(three: Floats, bias: Floats, pair: Floats, keys: Floats, values: Floats, layer: int, out: Floats) -> None:
    """``out (B, W + H e)``: what each head takes from nodes, then what each takes from their pairs ``(B, T, e)``.

    three: ``(B, 3 W)`` query, key and value of the last node.
    bias: ``(B, T, L H)`` of the weights of all layers.
    keys: ``(L, B, H, W / H, room)``, values ``(L, B, H, room, W / H)``: the last node's are added.
    """
    heads, size, count = keys.shape[2], keys.shape[3], pair.shape[1]
    width, edge_width = heads * size, pair.shape[2]
    # Sums of their own: what is written to arrays that might overlap is slow.
    weight = np.empty(count, np.float32)
    nodes, pairs = np.empty(size, np.float32), np.empty(edge_width, np.float32)
    root = np.float32(1 / math.sqrt(size))
    for b in range(len(three)):
        for h in range(heads):
            for t in range(count):
                weight[t] = bias[b, t, layer * heads + h]
            for d in range(size):
                keys[layer, b, h, d, count - 1] = three[b, width + h * size + d]
                values[layer, b, h, count - 1, d] = three[b, 2 * width + h * size + d]
                asked = root * three[b, h * size + d]
                for t in range(count):
                    weight[t] += asked * keys[layer, b, h, d, t]
            largest = weight[0]
            for t in range(1, count):
                largest = max(largest, weight[t])
            total = np.float32(0)
            for t in range(count):
                weight[t] = math.exp(weight[t] - largest)
                total += weight[t]
            nodes[:] = np.float32(0)
            pairs[:] = np.float32(0)
            for t in range(count):
                share = weight[t] / total
                for d in range(size):
                    nodes[d] += share * values[layer, b, h, t, d]
                for d in range(edge_width):
                    pairs[d] += share * pair[b, t, d]
            for d in range(size):
                out[b, h * size + d] = nodes[d]
            for d in range(edge_width):
                out[b, width + h * edge_width + d] = pairs[d]
