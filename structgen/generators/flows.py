"""Paths from noise to webs: straight ones of positions, jumps of edges.

Rectified flow (X. Liu, C. Gong, Q. Liu, ICLR 2023; Y. Lipman et al., ICLR 2023): x_t = (1 - t) x_0 + t x_1 with noise
x_0 at t = 0 and data x_1 at t = 1; its velocity is x_1 - x_0.

Discrete flow (A. Campbell et al., ICML 2024; I. Gat et al., NeurIPS 2024): each category is that of the data with
probability kept, else one of the noise. A Markov chain that jumps to the data at the rate kept' / (1 - kept) has these
marginals whatever the noise.
"""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor

FloatArray = npt.NDArray[np.float64]


def box_noise(extents: npt.ArrayLike, nodes: int, rng: np.random.Generator) -> FloatArray:
    """``(nodes, 3)`` points spread evenly over the box of sides ``extents`` centred on the origin."""
    points: FloatArray = rng.uniform(-0.5, 0.5, size=(nodes, 3)) * np.asarray(extents, float)
    return points


def matched(noise: FloatArray, data: FloatArray) -> FloatArray:
    """``noise`` reordered so that row i goes to row i of ``data`` with the least total squared distance.

    The Hungarian matching of minibatch optimal transport (A. Tong et al., TMLR 2024), here within one web, whose nodes
    have no order of their own.
    """
    columns: npt.NDArray[np.int64] = linear_sum_assignment(cdist(data, noise, "sqeuclidean"))[1]
    return noise[columns]


def interpolate(noise: Tensor, data: Tensor, t: Tensor) -> Tensor:
    """x_t on the straight path; ``t (B,)`` against ``(B, ...)``."""
    t = t.view(-1, *([1] * (data.dim() - 1)))
    return (1 - t) * noise + t * data


def velocity(denoised: Tensor, x: Tensor, t: Tensor | float) -> Tensor:
    """Velocity at ``x`` when the path is expected to end at ``denoised``."""
    return (denoised - x) / (1 - torch.as_tensor(t)).clamp_min(1e-3)


def times(steps: int, power: float = 1.0) -> list[float]:
    """``steps + 1`` times from 0 to 1; with ``power > 1`` they crowd towards the data."""
    if steps < 1:
        raise ValueError(f"steps is {steps}, must be at least 1")
    return [1 - (1 - k / steps) ** power for k in range(steps + 1)]


def karras(steps: int, least: float, most: float, power: float = 7.0) -> list[float]:
    """``steps`` standard deviations of noise from ``most`` to ``least``, then 0.

    Evenly spaced in their ``1 / power``-th power: T. Karras, M. Aittala, T. Aila, S. Laine (NeurIPS 2022), eq. 5.
    """
    if steps < 2:
        raise ValueError(f"steps is {steps}, must be at least 2")
    if not 0 < least < most:
        raise ValueError(f"least is {least:g}, must lie between 0 and most, {most:g}")
    first, last = most ** (1 / power), least ** (1 / power)
    return [(first + k / (steps - 1) * (last - first)) ** power for k in range(steps)] + [0.0]


def signed_permutations() -> npt.NDArray[np.float64]:
    """``(48, 3, 3)``: the symmetries of a box-aligned request, all permutations of axes with all signs."""
    eye = np.eye(3)
    signs = [np.array(s)[:, None] for s in product((1, -1), repeat=3)]
    return np.array([eye[list(p)] * s for p in permutations(range(3)) for s in signs])


def ramp(t: Tensor, begin: float, end: float) -> Tensor:
    """0 until ``begin``, 1 from ``end`` on, straight between."""
    return ((t - begin) / (end - begin)).clamp(0, 1)


def kept(u: Tensor) -> Tensor:
    """Share of the categories that are the data's when a share ``u`` of the steps is done: few are left for the last.

    The polynomial decrease of Y. Qin et al. (DeFoG, ICML 2025): what is decided together knows least of each other.
    """
    return 1 - (1 - u).square()


def corrupted(data: Tensor, kept: Tensor, noise: Tensor, uniform: Tensor) -> Tensor:
    """Categories on the path: the data's with probability ``kept``, else 1 with probability ``noise``, else 0.

    All arguments of one shape; ``uniform`` in [0, 1) are the only random numbers.
    """
    fresh = (uniform - kept) / (1 - kept).clamp_min(1e-9)
    return torch.where(uniform < kept, data, (fresh < noise).to(data.dtype))


def jump_share(before: Tensor, after: Tensor) -> Tensor:
    """Probability of a jump to the data between two times at which shares ``before`` and ``after`` are kept."""
    return ((after - before) / (1 - before).clamp_min(1e-9)).clamp(0, 1)
