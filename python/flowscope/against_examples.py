"""Holds a PyTorch flow against examples, as `flowscope check` does without a target (src/engine/check/against-examples.ts).

In a right flow the latents of examples are draws of the base, whatever the condition, and draws of the flow look like examples.

- Classifiers are trained to tell them apart: C2ST (Lopez-Paz and Oquab 2017, arXiv:1610.06545), and at single observations
  L-C2ST (Linhart et al. 2023, arXiv:2306.03580).
- The energy distance, an MMD (Sejdinovic et al. 2013, Annals of Statistics 41), and the sliced Wasserstein distance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .at_observations import DRAWS, OBSERVATIONS, Local, at_observations
from .checks import _base_draws, _decoded
from .classifier import trained
from .flows import chain_of
from .recorder import _embedded, _still, _tensor, _walk
from .two_samples import Distance, beside, energy_distance, sliced_distance, spread

FEWEST, FOLDS = 100, 5
#: Standard errors of a share of one half that 995 of 1,000 right flows stay below.
ERRORS = 2.576
UNITS_PER_INPUT, MOST_UNITS = 10, 128
#: Rows of each kind whose distances are measured.
MOST_DISTANCES = 1000
#: By chance hardly any feature of 1,000 examples has a contraction and a correlation that are farther apart.
MOST_APART = 0.1


@dataclass
class Told:
    """How many of N examples and N draws a classifier tells that did not see them. One half is perfect."""

    accuracy: float
    #: What it is below by chance in 995 of 1,000 right flows.
    band: float
    #: Log odds of being an example, [2 N]: examples, then draws.
    log_odds: np.ndarray = field(repr=False)

    @property
    def off(self) -> bool:
        return self.accuracy > self.band


@dataclass
class Recovery:
    """What the condition tells of each feature, [D]. In a right flow the two are the same."""

    #: Share of the variance that the condition takes.
    contraction: np.ndarray
    #: Correlation of examples with draws for their conditions.
    correlation: np.ndarray

    @property
    def off(self) -> bool:
        return bool((np.abs(self.contraction - self.correlation) > MOST_APART).any())


@dataclass
class AgainstExamples:
    """What tells a flow from examples. `count` examples are used: values, latents and draws of the others are not all finite."""

    count: int
    not_finite: int
    #: Latents of examples against draws of the base.
    latents: Told
    #: Examples against draws of the flow.
    examples: Told
    #: Distances of latents from draws of the base.
    energy: Distance
    sliced: Distance
    #: Share of the draws outside of the prior; None without one.
    leakage: float | None = None
    #: None where examples have no condition of their own, as `local`.
    recovery: Recovery | None = None
    local: Local | None = None

    def __str__(self) -> str:
        lines = [] if self.leakage is None else [f"{self.leakage:.2%} of {self.count:,} draws are outside of the prior"]
        sides = (
            (self.latents, "the latents of examples from draws of the base"),
            (self.examples, "draws from examples"),
        )
        lines += [
            f"A classifier {'tells' if one.off else 'cannot tell'} {what}: "
            f"{one.accuracy:.1%} right, by chance up to {one.band:.1%}"
            for one, what in sides
        ]
        if not any(one.off for one, _ in sides):
            lines.append(f"They saw {self.count:,} of each and miss what is finer.")
        lines += [
            f"{name} distance of the latents from the base: {one.value:.4f}, by chance up to {one.band:.4f}"
            for one, name in ((self.energy, "Energy"), (self.sliced, "Sliced Wasserstein"))
        ]
        if self.local:
            lines += self.local.sentences()
        if self.recovery:
            pairs = zip(self.recovery.contraction, self.recovery.correlation, strict=True)
            each = ", ".join(f"{contraction:.0%} ({correlation:.2f})" for contraction, correlation in pairs)
            lines.append(
                "Share of each feature's variance that the condition takes, and how draws go with examples (correlation), "
                f"{'not ' if self.recovery.off else ''}the same: {each}"
            )
        if self.not_finite:
            lines.append(f"{self.not_finite:,} examples are left out: their values, latents or draws are not finite.")
        return "\n".join(lines)


def against_examples(flow: Any, examples: Any, context: Any, prior: Any, observations: Any, seed: int) -> AgainstExamples:
    """What `flowscope.check(flow, examples=…)` does. `examples` [N, D]; `context` [N, C], of each, or [C], one for all."""
    root = flow if isinstance(flow, nn.Module) else None
    x = _tensor(examples, root)
    if x.ndim != 2 or len(x) < FEWEST:
        raise ValueError(f"The examples have shape {tuple(x.shape)}; expected (N, D) with {FEWEST} rows or more.")
    conditions = None if context is None else _tensor(context, root)
    if conditions is not None:
        conditions = conditions.reshape(1, -1) if conditions.ndim < 2 else conditions
        if conditions.ndim != 2 or len(conditions) not in (1, len(x)):
            raise ValueError(f"The context has shape {tuple(conditions.shape)}; expected ({len(x)}, C), a row for each, or (C,).")
    # One condition for all tells a classifier nothing.
    seen = conditions if conditions is not None and len(conditions) == len(x) else None
    asked = None if observations is None else _observations(observations, seen, root)
    chain = chain_of(flow, None if conditions is None else conditions[:1])
    modules = [root] if root is not None else [s.module for s in chain.steps if s.module is not None]
    with _still(modules), torch.random.fork_rng(devices=[]), torch.no_grad():
        # Draws of the same seed may be in the examples themselves.
        torch.manual_seed(int(np.random.SeedSequence([abs(seed), *b"check"]).generate_state(1)[0]))
        rows = None if conditions is None else _embedded(chain, conditions.expand(len(x), -1))
        base, again = (_base_draws(chain, len(x), x.shape[1], rows, root) for _ in range(2))
        drawn, drawn_again = (_decoded(chain, z, rows) for z in (base, again))
        if drawn.shape != x.shape:
            raise ValueError(f"The examples have {x.shape[1]} features; draws of the flow have {drawn.shape[1]}.")
        walked = _walk(chain.steps, x, rows)
        z = walked[-1][0] if walked else x
        every = [_array(rows) for rows in (z, base, x, drawn, drawn_again, *([] if seen is None else [seen]))]
        kept = np.flatnonzero(np.all([np.isfinite(rows).all(1) for rows in every], axis=0))
        count = len(kept)
        if count < FEWEST:
            raise ValueError(
                f"{count} examples of {len(x)} have finite latents; a check against examples needs {FEWEST} or more."
            )
        leakage = None
        if prior is not None:
            index = torch.as_tensor(kept, device=x.device)
            wrong, outside = (_outside(prior, side[index]) for side in (x, drawn))
            if wrong:
                raise ValueError(
                    f"{wrong} of {count} examples are outside of the prior: check its bounds, their order and units."
                )
            leakage = outside / count
        if seen is not None:
            chosen = kept[spread(OBSERVATIONS, count)] if asked is None else None
            at = seen[torch.as_tensor(chosen, device=seen.device)] if asked is None else asked
            several = _embedded(chain, at.repeat_interleave(DRAWS, 0))
            at_each = _array(_base_draws(chain, len(several), x.shape[1], several, root))
    latents, own, values, draws, others, *condition = (rows[kept] for rows in every)
    conditions = condition[0] if condition else None
    random = np.random.default_rng(seed)
    some = spread(MOST_DISTANCES, count)
    result = AgainstExamples(
        count=count,
        not_finite=len(x) - count,
        latents=_told(latents, own, conditions, seed),
        examples=_told(values, draws, conditions, seed),
        energy=energy_distance(latents[some], own[some], random),
        sliced=sliced_distance(latents[some], own[some], random),
        leakage=leakage,
    )
    if conditions is not None:
        result.recovery = _recovery(values, draws, others)
        result.local = at_observations(latents, own, conditions, (_array(at), chosen, at_each), seed)
    return result


def _array(rows: Tensor) -> np.ndarray:
    return rows.double().cpu().numpy().reshape(len(rows), -1)


def _observations(observations: Any, seen: Tensor | None, root: nn.Module | None) -> Tensor:
    if seen is None:
        raise ValueError("observations= needs examples with a condition each: context= of shape (N, C).")
    asked = _tensor(observations, root)
    asked = asked.reshape(1, -1) if asked.ndim < 2 else asked
    if asked.ndim != 2 or asked.shape[1] != seen.shape[1] or len(asked) == 0:
        raise ValueError(f"The observations have shape {tuple(asked.shape)}; expected (K, {seen.shape[1]}).")
    if not asked.isfinite().all():
        raise ValueError("An observation is not finite.")
    return asked


def _outside(prior: Any, x: Tensor) -> int:
    """How many rows have no density. A distribution of torch says it by its support: its log_prob may refuse them."""
    support = getattr(prior, "support", None)
    with torch.no_grad():
        if hasattr(support, "check"):
            inside = torch.as_tensor(support.check(x)).reshape(len(x), -1).all(1)
        else:
            log_density = torch.as_tensor(getattr(prior, "log_prob", prior)(x))
            if log_density.shape != (len(x),):
                raise ValueError(
                    f"The prior gives an array of shape {tuple(log_density.shape)} for {len(x)} rows; expected ({len(x)},)."
                )
            if (log_density.isnan() | (log_density == torch.inf)).any():
                raise ValueError("The prior's log density is NaN or infinite somewhere. Return -inf where it has no mass.")
            inside = log_density > -torch.inf
    return int((~inside).sum())


def _told(first: np.ndarray, second: np.ndarray, condition: np.ndarray | None, seed: int) -> Told:
    """A classifier tells only rows of conditions that it did not learn from: the other row of the pair would tell the label."""
    count = len(first)
    rows = np.concatenate([beside(side, condition) for side in (first, second)])
    random = torch.Generator().manual_seed(seed)
    fold = (torch.randperm(count, generator=random) % FOLDS).repeat(2)
    labels = (torch.arange(2 * count) < count).float().expand(FOLDS, -1)
    learns = (fold != torch.arange(FOLDS)[:, None]).float()
    units = min(MOST_UNITS, UNITS_PER_INPUT * rows.shape[1])
    log_odds = trained(rows, labels, learns, units, random)(rows)[fold, torch.arange(2 * count)]
    right = ((log_odds > 0) == (labels[0] > 0)).double().mean()
    return Told(float(right), 0.5 + ERRORS * (0.25 / (2 * count)) ** 0.5, log_odds.double().numpy())


def _recovery(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> Recovery:
    """Two draws for each condition differ by twice the variance that the condition leaves."""
    left = (first - second).var(0, ddof=1) / 2
    variances = truth.var(0, ddof=1), first.var(0, ddof=1)
    both = (truth + first).var(0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Recovery(1 - left / variances[0], (both - sum(variances)) / (2 * np.sqrt(variances[0] * variances[1])))
