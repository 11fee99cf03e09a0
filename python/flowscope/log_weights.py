"""Sums over weights that are known by their logarithms."""

from __future__ import annotations

import numpy as np


def effective(weights: np.ndarray) -> float:
    """(Σw)² / Σw²: how many draws of equal weight say as much (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def evidence(log_weights: np.ndarray) -> tuple[float, float]:
    """Log of the mean weight, and its standard error."""
    top = log_weights.max()
    weights = np.exp(log_weights - top)
    return float(np.log(weights.mean()) + top), float(weights.std() / weights.mean() / len(weights) ** 0.5)
