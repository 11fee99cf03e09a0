"""How far two sets of as many rows are apart, beside what chance does (src/engine/use/two-samples.ts)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RELABELINGS, DIRECTIONS = 199, 50
#: A right flow is above the band once in 200 times.
LEVEL = 0.995


@dataclass
class Distance:
    """A distance between two sets of rows."""

    value: float
    #: What it is below by chance in 995 of 1,000 right flows.
    band: float

    @property
    def off(self) -> bool:
        return self.value > self.band


def energy_distance(first: np.ndarray, second: np.ndarray, random: np.random.Generator) -> Distance:
    """2 E|x - y| - E|x - x'| - E|y - y'| of rows [N, D], as a share of 2 E|x - y| (Székely and Rizzo 2013), 0 to 1."""
    rows = np.concatenate([first, second])
    squares = (rows**2).sum(1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0))
    np.fill_diagonal(apart, 0)

    def distance(inside: np.ndarray) -> np.ndarray:
        sums = inside @ apart
        within = (sums * inside).sum(1)
        between = sums.sum(1) - within
        others = apart.sum() - within - 2 * between
        return (2 * between - within - others) / np.maximum(2 * between, np.finfo(float).tiny)

    return _relabeled(len(first), distance, random)


def sliced_distance(first: np.ndarray, second: np.ndarray, random: np.random.Generator) -> Distance:
    """Mean 1-Wasserstein distance of rows [N, D] along random directions."""
    rows = np.concatenate([first, second])
    directions = random.normal(size=(rows.shape[1], DIRECTIONS))
    places = rows @ (directions / np.linalg.norm(directions, axis=0))

    def distance(inside: np.ndarray) -> np.ndarray:
        total = np.zeros(len(inside))
        for along in places.T:
            order = np.argsort(along)
            ahead = np.abs(np.cumsum(2 * inside[:, order[:-1]] - 1, axis=1))
            total += ahead @ np.diff(along[order])
        return total / (DIRECTIONS * len(first))

    return _relabeled(len(first), distance, random)


def _relabeled(count: int, distance: Callable[[np.ndarray], np.ndarray], random: np.random.Generator) -> Distance:
    """`distance` takes sets [K, 2 N] of ones for the first rows and zeros for the others. Row i only swaps with row N + i."""
    swapped = (random.random((RELABELINGS, count)) < 0.5).astype(float)
    is_first = np.concatenate([np.ones((1, count)), 1 - swapped])
    value, *others = distance(np.concatenate([is_first, 1 - is_first], 1))
    return Distance(float(value), among_others(value, np.array(others), LEVEL)[0])


def among_others(value: float, others: np.ndarray, level: float) -> tuple[float, float]:
    """What a share `level` of the others is below, and the share that is as large, the value itself included."""
    band = np.sort(others)[int(np.ceil(level * len(others))) - 1]
    return float(band), float((1 + (others >= value).sum()) / (1 + len(others)))


def spread(most: int, count: int) -> np.ndarray:
    """At most `most` of `count` rows, evenly spread."""
    return np.arange(min(most, count)) * count // min(most, count)


def beside(rows: np.ndarray, condition: np.ndarray | None) -> np.ndarray:
    """Each row with its condition."""
    return rows if condition is None else np.concatenate([rows, condition], 1)
