"""One batch on several processes: what is averaged over it is averaged over all of it, with gradients.

Each process computes its own rows. Its loss is the sum over them, divided by the size of the whole batch; gradients of the
parameters are then added up, and what passes through a statistic of the batch is added up where the statistic was taken.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor


class World:
    """The processes that train together, or this one alone."""

    def __init__(self) -> None:
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.size = dist.get_world_size() if dist.is_initialized() else 1

    def share(self, count: int) -> slice:
        """This process's part of `count` rows; parts differ by one row at most."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def add_up(self, values: Tensor) -> Tensor:
        """Sums over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def as_first(self, values: Tensor) -> Tensor:
        """What the first process has, in place."""
        if self.size > 1:
            dist.broadcast(values, 0)
        return values


class _Batch:
    """The size of the batch that the training step is at."""

    size: int | None = None


def set_batch_size(size: int) -> None:
    """Sets the size of the batch of all processes together."""
    _Batch.size = size


class _Sum(torch.autograd.Function):
    """Over processes. Each loss is one summand of the whole, so gradients are summed as well."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


def batch_size(x: Tensor) -> Tensor:
    return x.new_tensor(float(_Batch.size or len(x)))


def batch_mean(x: Tensor) -> Tensor:
    """x [N, …, C] → [C]: over all examples of the batch, and all axes but the last."""
    axes = tuple(range(x.dim() - 1))
    if not dist.is_initialized():
        return x.mean(axes)
    places = x[:1].numel() // x.shape[-1]
    return _Sum.apply(x.sum(axes)) / (places * (_Batch.size or len(x)))


def normalize_batch(x: Tensor, gain: Tensor, bias: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """x [N, …, C], normalized by mean and variance of each channel, times gain plus bias; and these two."""
    # The input of a network in bfloat16; statistics are not in bfloat16.
    x = x.to(gain.dtype)
    if not dist.is_initialized():
        mean, variance = torch.zeros_like(gain), torch.zeros_like(gain)
        count = x.numel() // x.shape[-1]
        # With a momentum of 1, running statistics are the batch's own; their variance is divided by count − 1.
        y = F.batch_norm(x.movedim(-1, 1), mean, variance, gain, bias, training=True, momentum=1.0, eps=epsilon)
        return y.movedim(1, -1), mean, variance * ((count - 1) / count)
    mean = batch_mean(x)
    centered = x - mean
    variance = batch_mean(torch.square(centered))
    return centered * (gain * torch.rsqrt(variance + epsilon)) + bias, mean, variance
