"""Attention of the last node to all up to it, as in `nets_causal.CausalBlock`, over what is remembered of them."""

from __future__ import annotations

import math

import numpy as np

from structgen.compiled import compiled
from structgen.generators.stepping.state import Floats


@compiled
def attend(three: Floats, bias: Floats, pair: Floats, keys: Floats, values: Floats, layer: int, out: Floats) -> None:
    """``out (B, W + H e)``: what each head takes from nodes, then what each takes from their pairs.

    Loops are over webs where they can be: the longest.

    three: ``(B, 3 W)`` query, key and value of the last node.
    bias: ``(T, L H, B)`` of the weights of all layers.
    pair: ``(T, e, B)``.
    keys, values: ``(L, H, room, W / H, B)``, the last node's are added.
    """
    count, edge_width, webs = pair.shape
    heads, size = keys.shape[1], keys.shape[3]
    width, root = heads * size, np.float32(1 / math.sqrt(size))
    weight, asked = np.empty((count, webs), np.float32), np.empty((size, webs), np.float32)
    largest, total = np.empty(webs, np.float32), np.empty(webs, np.float32)
    taken = np.empty((size + edge_width, webs), np.float32)
    for h in range(heads):
        for d in range(size):
            for b in range(webs):
                asked[d, b] = root * three[b, h * size + d]
                keys[layer, h, count - 1, d, b] = three[b, width + h * size + d]
                values[layer, h, count - 1, d, b] = three[b, 2 * width + h * size + d]
        largest[:] = -np.inf
        for t in range(count):
            for b in range(webs):
                weight[t, b] = bias[t, layer * heads + h, b]
            for d in range(size):
                for b in range(webs):
                    weight[t, b] += asked[d, b] * keys[layer, h, t, d, b]
            for b in range(webs):
                largest[b] = max(largest[b], weight[t, b])
        total[:] = np.float32(0)
        for t in range(count):
            for b in range(webs):
                weight[t, b] = math.exp(weight[t, b] - largest[b])
                total[b] += weight[t, b]
        taken[:] = np.float32(0)
        for t in range(count):
            for b in range(webs):
                weight[t, b] /= total[b]
            for d in range(size):
                for b in range(webs):
                    taken[d, b] += weight[t, b] * values[layer, h, t, d, b]
            for d in range(edge_width):
                for b in range(webs):
                    taken[size + d, b] += weight[t, b] * pair[t, d, b]
        for b in range(webs):
            for d in range(size):
                out[b, h * size + d] = taken[d, b]
            for d in range(edge_width):
                out[b, width + h * edge_width + d] = taken[size + d, b]
