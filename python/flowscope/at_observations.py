"""A flow at single observations: local classifier two-sample tests, L-C2ST (Linhart et al. 2023, arXiv:2306.03580)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .classifier import trained
from .two_samples import among_others, beside, spread

#: Pairs of latents and draws of the base that classifiers see, and conditions among which the nearest is looked for.
PAIRS, NEAREST = 1500, 1000
EXCHANGES, UNITS, PASSES = 99, 24, 100
#: Observations, and draws of the base at each.
OBSERVATIONS, DRAWS = 40, 300
#: A p-value below is off.
SURELY_OFF = 0.01
#: Where fewer examples have a condition as far from all others, a condition is rare.
RARE = 0.01


@dataclass
class Observation:
    """Draws of the base at one condition, to a classifier that knows latents of examples."""

    condition: np.ndarray
    #: Row of the example whose condition it is; None for an observation of your own.
    example: int | None
    #: How far the classifier's chance of an example is from one half; in 95 of 100 right flows it is below `band`.
    value: float
    band: float
    p_value: float
    #: Share of the examples with a condition that is as far from all others. Near 0, the flow has seen nothing like it.
    as_rare: float


@dataclass
class Local:
    """The test at single observations, L-C2ST; `p_value` is that of all together."""

    observations: list[Observation]
    p_value: float

    @property
    def off(self) -> bool:
        return self.p_value <= SURELY_OFF

    def sentences(self) -> list[str]:
        each = self.observations
        if each[0].example is not None:
            below = sum(one.p_value < 0.05 for one in each)
            return [
                f"At {below} of {len(each)} observations p is below 0.05, where {len(each) / 20:.0f} are expected; "
                f"p {self.p_value:.3f} for all together"
            ]
        tells = "tells" if self.off else "cannot tell"
        rarest = min(each, key=lambda one: one.as_rare)
        return [
            f"At the observation{'s' if len(each) > 1 else ''} a classifier {tells} draws of the base: p {self.p_value:.3f}",
            f"{rarest.as_rare:.1%} of the examples have a condition that is as far from all others as "
            f"{np.array2string(rarest.condition, precision=4, threshold=12, separator=', ')}"
            + (": the flow has seen nothing like it, and is not to be trusted there" if rarest.as_rare < RARE else ""),
        ]


def at_observations(
    latents: np.ndarray,
    base: np.ndarray,
    conditions: np.ndarray,
    at: tuple[np.ndarray, np.ndarray | None, np.ndarray],
    seed: int,
) -> Local:
    """At an observation, how far a classifier's chance of an example is from one half over draws of the base, beside the same of
    classifiers for which example and draw were exchanged in every second pair.

    `at` is the observations, the examples that they are of, and `DRAWS` draws of the base for each.
    """
    observations, numbers, draws = at
    some = spread(PAIRS, len(latents))
    rows = np.concatenate([beside(side[some], conditions[some]) for side in (latents, base)])
    random = torch.Generator().manual_seed(seed)
    exchanged = (torch.rand(EXCHANGES, len(some), generator=random) < 0.5).float()
    first = torch.cat([torch.ones(1, len(some)), 1 - exchanged])
    labels = torch.cat([first, 1 - first], 1)
    log_odds = trained(rows, labels, torch.ones_like(labels), UNITS, random, PASSES)
    found = log_odds(beside(draws, observations.repeat(DRAWS, 0)))
    squares = (found.double().sigmoid() - 0.5).square().reshape(1 + EXCHANGES, len(observations), DRAWS).mean(2).numpy()
    rare = _rarity(conditions, observations)
    each = [
        Observation(condition, None if numbers is None else int(numbers[k]), *_exchange_test(squares[:, k]), float(rare[k]))
        for k, condition in enumerate(observations)
    ]
    return Local(each, _exchange_test(squares.mean(1))[2])


def _exchange_test(squares: np.ndarray) -> tuple[float, float, float]:
    """Value, band and p-value of the first among the others, as roots."""
    value, *others = np.sqrt(squares)
    return float(value), *among_others(value, np.array(others), 0.95)


def _rarity(conditions: np.ndarray, observations: np.ndarray) -> np.ndarray:
    """Distances to the nearest of other conditions, among those of examples; each number counts in its deviations."""
    deviation = conditions.std(0)
    unit = np.where(deviation > 0, deviation, 1)
    some = conditions[spread(NEAREST, len(conditions))] / unit

    def nearest(rows: np.ndarray) -> np.ndarray:
        found = []
        for row in rows:
            squares = ((some - row) ** 2).sum(1)
            same = np.flatnonzero(squares == 0)
            # A condition is not its own neighbor.
            found.append(np.delete(squares, same[:1]).min())
        return np.array(found)

    usual = nearest(some)
    return (usual >= nearest(observations / unit)[:, None]).mean(1)
