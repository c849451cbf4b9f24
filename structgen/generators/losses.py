"""Means over what a batch holds, the same whether one process holds the batch or several share it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Sum of ``values * weight`` over the sum of ``weight``; 0 where nothing counts.

    In one of several processes the divisor is the mean of all processes' sums of weights: the mean of their results,
    which is what distributed training takes, is then the mean over all webs of all of them.
    """
    total = weight.detach().sum()
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(total)
        total = total / dist.get_world_size()
    return (values * weight).sum() / total.clamp_min(torch.finfo(total.dtype).tiny)


def share_of(batch: Any, rank: int, count: int) -> Any:
    """Every ``count``-th web of a batch (a dataclass of tensors, one row a web) from number ``rank`` on."""
    if is_dataclass(batch) and not isinstance(batch, type):
        return replace(batch, **{f.name: share_of(getattr(batch, f.name), rank, count) for f in fields(batch)})
    return batch[rank::count]
