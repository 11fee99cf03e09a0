"""Holds a PyTorch flow against examples, as `flowscope check` does without a target (src/engine/check/against-examples.ts).

In a right flow the latents of examples are draws of the base, and its draws look like examples. Classifiers are trained to
tell them apart (C2ST; Lopez-Paz and Oquab 2017, arXiv:1610.06545).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .checks import _base_draws, _decoded
from .flows import chain_of
from .recorder import _embedded, _still, _tensor, _walk

FEWEST, FOLDS = 100, 5
#: Standard errors of a share of one half that 995 of 1,000 right flows stay below.
ERRORS = 2.576
#: Those of scikit-learn's MLPClassifier, which benchmarks of simulation-based inference use.
BATCH, RATE, DECAY, PASSES, IDLE, LEAST = 200, 1e-3, 1e-4, 1000, 10, 1e-4
UNITS_PER_INPUT, MOST_UNITS = 10, 128


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
class AgainstExamples:
    """Classifiers against a flow. `count` examples are used: values, latents and draws of the others are not all finite."""

    count: int
    not_finite: int
    #: Latents of examples against draws of the base.
    latents: Told
    #: Examples against draws of the flow.
    examples: Told
    #: Share of the draws outside of the prior; None without one.
    leakage: float | None = None

    def __str__(self) -> str:
        sides = (
            (self.latents, "the latents of examples from draws of the base"),
            (self.examples, "draws from examples"),
        )
        outside = [] if self.leakage is None else [f"{self.leakage:.2%} of {self.count:,} draws are outside of the prior"]
        lines = outside + [
            f"A classifier {'tells' if one.off else 'cannot tell'} {what}: "
            f"{one.accuracy:.1%} right, by chance up to {one.band:.1%}"
            for one, what in sides
        ]
        if not any(one.off for one, _ in sides):
            lines.append(f"They saw {self.count:,} of each and miss what is finer.")
        if self.not_finite:
            lines.append(f"{self.not_finite:,} examples are left out: their values, latents or draws are not finite.")
        return "\n".join(lines)


def against_examples(flow: Any, examples: Any, context: Any, prior: Any, seed: int) -> AgainstExamples:
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
    chain = chain_of(flow, None if conditions is None else conditions[:1])
    modules = [root] if root is not None else [s.module for s in chain.steps if s.module is not None]
    with _still(modules), torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        rows = None if conditions is None else _embedded(chain, conditions.expand(len(x), -1))
        base = _base_draws(chain, len(x), x.shape[1], rows, root)
        drawn = _decoded(chain, base, rows)
        if drawn.shape != x.shape:
            raise ValueError(f"The examples have {x.shape[1]} features; draws of the flow have {drawn.shape[1]}.")
        walked = _walk(chain.steps, x, rows)
        z = walked[-1][0] if walked else x
        sides = [side.double().cpu().numpy().reshape(len(x), -1) for side in (z, base, x, drawn)]
    condition = None if seen is None else seen.double().cpu().numpy()
    every = sides if condition is None else [*sides, condition]
    kept = np.all([np.isfinite(side).all(1) for side in every], axis=0)
    count = int(kept.sum())
    if count < FEWEST:
        raise ValueError(f"{count} examples of {len(x)} have finite latents; a check against examples needs {FEWEST} or more.")
    given = None if condition is None else condition[kept]
    leakage = None
    if prior is not None:
        wrong, outside = (_outside(prior, side[torch.as_tensor(kept, device=side.device)]) for side in (x, drawn))
        if wrong:
            raise ValueError(f"{wrong} of {count} examples are outside of the prior: check its bounds, their order and units.")
        leakage = outside / count
    latents, pairs = (_told(sides[i][kept], sides[i + 1][kept], given, seed) for i in (0, 2))
    return AgainstExamples(count, len(x) - count, latents, pairs, leakage)


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
    both = np.concatenate([first, second])
    if condition is not None:
        both = np.concatenate([both, np.concatenate([condition, condition])], 1)
    deviation = both.std(0)
    scaled = torch.as_tensor((both - both.mean(0)) / np.where(deviation > 0, deviation, 1), dtype=torch.float32)
    random = torch.Generator().manual_seed(seed)
    fold = (torch.randperm(count, generator=random) % FOLDS).repeat(2)
    labels = (torch.arange(2 * count) < count).float()
    log_odds = _log_odds(scaled, labels, fold, random)
    right = ((log_odds > 0) == (labels > 0)).double().mean()
    return Told(float(right), 0.5 + ERRORS * (0.25 / (2 * count)) ** 0.5, log_odds.double().numpy())


def _log_odds(x: Tensor, labels: Tensor, fold: Tensor, random: torch.Generator) -> Tensor:
    """Log odds [2 N]: one classifier for each fold learns from the other folds and tells the rows of its own."""
    units = min(MOST_UNITS, UNITS_PER_INPUT * x.shape[1])
    widths = [x.shape[1], units, units, 1]
    weights: list[Tensor] = []
    for before, after in pairwise(widths):
        # Glorot's bound, for biases too.
        bound = (6 / (before + after)) ** 0.5
        for rows in (before, 1):
            start = (2 * torch.rand(FOLDS, rows, after, generator=random) - 1) * bound
            weights.append(start.requires_grad_())

    def logits(rows: Tensor) -> Tensor:
        h = rows.expand(FOLDS, -1, -1)
        for i in range(0, len(weights), 2):
            h = torch.baddbmm(weights[i + 1], h, weights[i])
            h = torch.relu(h) if i + 2 < len(weights) else h
        return h.squeeze(-1)

    optimizer = torch.optim.Adam(weights, lr=RATE)
    best, idle = np.inf, 0
    with torch.enable_grad():
        for _ in range(PASSES):
            losses = []
            for rows in torch.randperm(len(x), generator=random).split(BATCH):
                learns = (fold[rows] != torch.arange(FOLDS)[:, None]).float()
                found = logits(x[rows])
                each = (nn.functional.softplus(found) - found * labels[rows]) * learns
                loss = (each.sum(1) / learns.sum(1).clamp(min=1)).sum()
                penalty = sum(w.square().sum() for w in weights[::2]) * DECAY / (2 * BATCH)
                optimizer.zero_grad()
                (loss + penalty).backward()
                optimizer.step()
                losses.append(float(loss.detach()) / FOLDS)
            now = float(np.mean(losses))
            idle = idle + 1 if now > best - LEAST else 0
            best = min(best, now)
            if idle >= IDLE:
                break
    with torch.no_grad():
        return logits(x)[fold, torch.arange(len(x))]
