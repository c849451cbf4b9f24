"""Straight paths from noise to webs: the flow every continuous generator learns.

Rectified flow (X. Liu, C. Gong, Q. Liu, ICLR 2023; Y. Lipman et al., ICLR 2023): x_t = (1 - t) x_0 + t x_1 with noise
x_0 at t = 0 and data x_1 at t = 1; its velocity is x_1 - x_0.
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


def signed_permutations() -> npt.NDArray[np.float64]:
    """``(48, 3, 3)``: the symmetries of a box-aligned request, all permutations of axes with all signs."""
    eye = np.eye(3)
    signs = [np.array(s)[:, None] for s in product((1, -1), repeat=3)]
    return np.array([eye[list(p)] * s for p in permutations(range(3)) for s in signs])
