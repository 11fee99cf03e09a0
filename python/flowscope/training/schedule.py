"""The learning rate of each step, as the engine has it: a function of the step, so that a resumed run goes on with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RateChange:
    """From `step` on the learning rate was another than the config says."""

    step: int
    rate: float


def learning_rate_at(step: int, training: Mapping[str, Any], changes: Sequence[RateChange] = ()) -> float:
    """Steps count from 1. A new rate is the one of its step, and the schedule goes on in proportion."""
    change = next((change for change in reversed(changes) if change.step <= step), None)
    if change is None:
        return _scheduled(step, training)
    warms_up = change.step <= training["warmupSteps"]
    reference = training["learningRate"] if warms_up else _scheduled(change.step, training)
    return change.rate * (_scheduled(step, training) / reference) if reference > 0 else change.rate


def _scheduled(step: int, training: Mapping[str, Any]) -> float:
    rate, final, warmup = training["learningRate"], training["finalLearningRate"], training["warmupSteps"]
    if step <= warmup:
        return rate * step / warmup
    progress = min(1, (step - warmup) / max(1, training["steps"] - warmup))
    if training["schedule"] == "cosine":
        return final + (rate - final) * 0.5 * (1 + math.cos(math.pi * progress))
    if training["schedule"] == "exponential":
        return rate * (max(final, rate * 1e-4) / rate) ** progress
    return rate


def average_decay_at(step: int, training: Mapping[str, Any]) -> float:
    """Decay of the weights' moving average: it grows with the steps done, so that the initial weights are soon forgotten."""
    return min(training["ema"], (1 + step) / (10 + step))
