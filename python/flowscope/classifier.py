"""Classifiers that are trained side by side on the same rows, each with its own labels (src/engine/check/classifier.ts)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

#: Those of scikit-learn's MLPClassifier, which benchmarks of simulation-based inference use.
BATCH, RATE, DECAY, PASSES, IDLE, LEAST = 200, 1e-3, 1e-4, 1000, 10, 1e-4


def trained(
    rows: np.ndarray, labels: Tensor, learns: Tensor, units: int, random: torch.Generator, passes: int = PASSES
) -> Callable[[np.ndarray], Tensor]:
    """K classifiers of `rows` [N, D], which are finite. `labels` [K, N] are 1 or 0; where `learns` [K, N] is 0, a classifier
    does not see the row. What is returned takes rows [M, D] and gives the log odds [K, M] that their label is 1.
    """
    count, size = rows.shape
    classifiers = len(labels)
    mean, deviation = rows.mean(0), rows.std(0)
    deviation = np.where(deviation > 0, deviation, 1)

    def scaled(some: np.ndarray) -> Tensor:
        return torch.as_tensor((some - mean) / deviation, dtype=torch.float32)

    x = scaled(rows)
    weights: list[Tensor] = []
    for before, after in pairwise([size, units, units, 1]):
        # Glorot's bound, for biases too.
        bound = (6 / (before + after)) ** 0.5
        for height in (before, 1):
            start = (2 * torch.rand(classifiers, height, after, generator=random) - 1) * bound
            weights.append(start.requires_grad_())

    def logits(some: Tensor) -> Tensor:
        h = some.expand(classifiers, -1, -1)
        for i in range(0, len(weights), 2):
            h = torch.baddbmm(weights[i + 1], h, weights[i])
            h = torch.relu(h) if i + 2 < len(weights) else h
        return h.squeeze(-1)

    optimizer = torch.optim.Adam(weights, lr=RATE)
    best, idle = np.inf, 0
    with torch.enable_grad():
        for _ in range(passes):
            losses = []
            for at in torch.randperm(count, generator=random).split(BATCH):
                found, seen = logits(x[at]), learns[:, at]
                each = (nn.functional.softplus(found) - found * labels[:, at]) * seen
                loss = (each.sum(1) / seen.sum(1).clamp(min=1)).sum()
                penalty = sum(w.square().sum() for w in weights[::2]) * DECAY / (2 * BATCH)
                optimizer.zero_grad()
                (loss + penalty).backward()
                optimizer.step()
                losses.append(float(loss.detach()) / classifiers)
            now = float(np.mean(losses))
            idle = idle + 1 if now > best - LEAST else 0
            best = min(best, now)
            if idle >= IDLE:
                break

    def log_odds(some: np.ndarray) -> Tensor:
        with torch.no_grad():
            return logits(scaled(some))

    return log_odds
