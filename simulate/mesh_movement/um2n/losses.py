"""Losses: how unevenly the moved mesh shares the monitor, a barrier against inversion, and those of the paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.um2n.graph import MeshGraph
from simulate.mesh_movement.um2n.prepared import Case, Prepared

#: Volume relative to the start below which the logarithm goes on as a straight line.
BARRIER = 0.05
#: Weight of the shapes of cells beside that of the load.
SHAPE = 0.02
#: Added to the unevenness at the start, by which the loss of a case is divided.
GENTLE = 0.02
#: Step, in mesh sizes, of the differences that give the slope of a monitor.
STEP = 1e-3


class _Monitor(torch.autograd.Function):
    """Any monitor of NumPy points, with its slope by central differences."""

    @staticmethod
    def forward(ctx: Any, points: Tensor, monitor: Any, prepared: Prepared, step: float) -> Tensor:
        place = prepared.in_place(points)
        ctx.slopes = torch.from_numpy(
            (_slopes(monitor, place, step) @ prepared.turn * prepared.unit).astype(np.float32)
        )
        return torch.from_numpy(monitor(place).astype(np.float32))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        return grads[0][:, None] * ctx.slopes, None, None, None


def _slopes(monitor: Any, points: FloatArray, step: float) -> FloatArray:
    slopes = np.empty_like(points)
    for axis in range(points.shape[1]):
        shift = step * np.eye(points.shape[1])[axis]
        slopes[:, axis] = (monitor(points + shift) - monitor(points - shift)) / (2 * step)
    return slopes


def extended_log(x: Tensor) -> Tensor:
    """log x, below `BARRIER` its tangent: a barrier that also leads back from inverted cells."""
    return torch.where(x > BARRIER, x.clamp_min(BARRIER).log(), np.log(BARRIER) + (x - BARRIER) / BARRIER)


def unevenness(graph: MeshGraph, points: Tensor, monitor: Tensor) -> Tensor:
    """log of the mean load less the mean of its log, weighed by volume: 0 where even, grows without bound as a cell
    flattens (Jensen's gap). ``monitor (n + c,)`` at the nodes and at the centroids of cells.

    Centroids count too, so that a narrow peak cannot be hidden between nodes.
    """
    ratio = graph.determinants(points) / graph.reference
    level = (monitor[: graph.n][graph.cells].sum(dim=1) + monitor[graph.n :]) / 4
    weight = graph.reference / graph.reference.sum()
    mean = (weight * level * ratio.clamp_min(BARRIER)).sum()
    return mean.log() - (weight * (level.log() + extended_log(ratio))).sum()


def distortion(graph: MeshGraph, points: Tensor) -> Tensor:
    """Mean over the domain of |J|^2 / (2 det J) - 1, J the map of a cell from the start: 0 where it keeps angles."""
    start = _edges(graph.points, graph.cells)
    jacobian = _edges(points, graph.cells) @ torch.linalg.inv(start)
    ratio = graph.determinants(points) / graph.reference
    weight = graph.reference / graph.reference.sum()
    result: Tensor = (weight * (jacobian.square().sum(dim=(1, 2)) / (2 * ratio.clamp_min(BARRIER)) - 1)).sum()
    return result


def _edges(points: Tensor, cells: Tensor) -> Tensor:
    corner = points[cells]
    return torch.stack([corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]], dim=2)


def monitor_values(case: Case, points: Tensor) -> Tensor:
    """``(n + c,)`` the monitor at ``points (n, 2)`` and the centroids of cells, with its gradient."""
    graph = case.prepared.nodes
    everywhere = torch.cat([points, points[graph.cells].mean(dim=1)])
    step = STEP * float(case.prepared.mesh.sizes.min())
    values: Tensor = _Monitor.apply(everywhere, case.monitor, case.prepared, step)  # type: ignore[no-untyped-call]
    return values


def equidistribution_loss(case: Case, displacement: Tensor) -> Tensor:
    """What is left of the unevenness at the start, and a little of the distortion; no target mesh is needed.

    As UGM2N (NeurIPS 2025) and DMM (ICLR 2024) train without targets, on equidistribution itself.
    """
    graph = case.prepared.nodes
    points = graph.points + displacement
    with torch.no_grad():
        before = unevenness(graph, graph.points, monitor_values(case, graph.points))
    after = unevenness(graph, points, monitor_values(case, points))
    return after / (before + GENTLE) + SHAPE * distortion(graph, points)


def paper_loss(case: Case, displacement: Tensor, target: Tensor) -> Tensor:
    """UM2N's: mean difference of the areas of cells, relative to the mean area, and the Chamfer distance of the nodes
    to those of the Monge-Ampere ``target (n, 2)``, in mesh sizes."""
    graph = case.prepared.nodes
    points = graph.points + displacement
    areas = graph.determinants(points), graph.determinants(target)
    area = (areas[0] - areas[1]).abs().mean() / graph.reference.mean()
    apart = torch.cdist(points, target)
    chamfer = apart.min(dim=0).values.square().mean() + apart.min(dim=1).values.square().mean()
    return area + chamfer / graph.sizes.mean() ** 2


def target_loss(case: Case, displacement: Tensor, target: Tensor) -> Tensor:
    """Mean square distance to the Monge-Ampere ``target (n, 2)``, relative to the mean square distance it moves."""
    graph = case.prepared.nodes
    wanted = target - graph.points
    scale = (graph.volumes[:, None] * wanted.square()).sum() + 1e-6
    return (graph.volumes[:, None] * (displacement - wanted).square()).sum() / scale
