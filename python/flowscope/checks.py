"""Holds the density of a PyTorch flow against a log density, as `flowscope check` does with files.

The numbers are those of src/engine/check, where each is explained: weights of draws, their tail as a Pareto law (Vehtari et al.
2024, arXiv:1507.02646), an interval for how many draws count, and which layer would mend the error if it alone were changed a
little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from .flows import chain_of
from .log_weights import effective, evidence
from .recorder import _embedded, _per_example, _still, _tensor, _unique, _walk
from .steps import Chain, standard_normal

if TYPE_CHECKING:
    from .against_examples import AgainstExamples

#: It takes so many draws to fit a tail and to ask the layers.
FEWEST = 1000
#: Draws that the log weights are regressed on, and those that a change is carried out for.
REGRESSED, CARRIED = 4096, 2048
BENDS = (0.03, 0.2, 0.5, 0.8, 0.97)
#: A layer is named from this share of the error on, and where the next one leaves a tenth more in 95% of resamples.
LEAST_REMOVED, LEAST_SURE, MOST_LEFT, LEAST_VARIANCE = 0.15, 0.95, 0.9, 0.005


@dataclass
class Blame:
    """What a small change of each layer explains of the error. Layers do not own shares of it, and shares do not add up."""

    names: list[str]
    explained: list[float]
    #: Share that is gone when the change is made, for those that explain most.
    removed: dict[str, float]
    first: str
    second: str | None
    #: The layer to look at first; None where none stands out.
    named: str | None


@dataclass
class Check:
    """Weights of draws from a flow. Nats; log weights are log p − log q, and −inf where the target has no mass."""

    draws: int
    ess: float
    efficiency: float
    #: It holds the efficiency for any number of draws in 90 of 100 cases.
    interval: tuple[float, float]
    pareto_k: float | None
    log_evidence: float
    log_evidence_error: float
    #: Share of the draws outside of the target's support.
    leakage: float
    blame: Blame | None
    x: np.ndarray = field(repr=False)
    log_q: np.ndarray = field(repr=False)
    log_weights: np.ndarray = field(repr=False)
    #: Smoothed at their tail; their mean is 1.
    weights: np.ndarray = field(repr=False)

    def __str__(self) -> str:
        low, high = self.interval
        lines = [
            f"{self.ess:,.0f} of {self.draws:,} draws count ({self.efficiency:.1%}; for any number {low:.1%} to {high:.1%})",
            f"log evidence {self.log_evidence:.3f} ± {self.log_evidence_error:.3f}",
            f"{self.leakage:.2%} of the draws are outside of the support",
        ]
        if self.pareto_k is not None:
            trusted = "below 0.7: averages can be trusted" if self.pareto_k <= 0.7 else "above 0.7: a few draws decide averages"
            lines.append(f"Pareto k {self.pareto_k:.2f}, {trusted}")
        if self.blame:
            best = int(np.argmax(self.blame.explained))
            name = self.blame.named
            lines.append(
                f"Look at {name} first: changed alone it removes {self.blame.removed[name]:.0%} of the error"
                f"{f'; {self.blame.second}, {self.blame.removed[self.blame.second]:.0%}' if self.blame.second else ''}"
                if name
                else f"No layer stands out: {self.blame.names[best]} explains most, {max(0, self.blame.explained[best]):.0%}"
            )
        return "\n".join(lines)


def check(
    flow: Any,
    target: Callable[..., Any] | tuple[Any, Any] | None = None,
    *,
    examples: Any = None,
    draws: int = 10_000,
    features: int | None = None,
    context: Any = None,
    prior: Any = None,
    observations: Any = None,
    seed: int = 0,
) -> Check | AgainstExamples:
    """Draws from `flow` and weighs the draws with `target`, log densities [N] of x [N, D], which need not be normalized.

    Without a target, `examples` [N, D] that the flow has not learned from are compared with draws: the result is an
    `AgainstExamples`, and `context` may be the condition of each, [N, C]. `prior` says where draws may lie: a
    distribution of torch, or log densities [N] of x [N, D], -inf outside. `observations` [K, C] are conditions at
    which the flow is tested; by default they are those of 40 examples.

    `flow` is what `flowscope.record` takes; its layers need their way back. `target` gets tensors on the flow's device; or it is
    `(x, log_p)`, draws of this flow and log densities that were computed before, and `draws` is their number. `context` is one
    condition, for all draws. `features` is D, where the flow does not say it. Modes and the random state are afterwards
    what they were. Raises ValueError for log densities of another shape, where
    they are NaN or +inf, and for rows that are no draws of the flow.
    """
    if (target is None) == (examples is None):
        raise ValueError("Give a target or examples=, one of the two.")
    if target is None:
        from .against_examples import against_examples

        return against_examples(flow, examples, context, prior, observations, seed)
    if prior is not None:
        raise ValueError("prior= is for a check against examples; a target is -inf outside of it.")
    if observations is not None:
        raise ValueError("observations= is for a check against examples; with a target, context= is the condition.")
    known = target if isinstance(target, tuple) else None
    root = flow if isinstance(flow, nn.Module) else None
    condition = None if context is None else _tensor(context, root).reshape(1, -1)
    chain = chain_of(flow, condition)
    modules = [root] if root is not None else [s.module for s in chain.steps if s.module is not None]
    with _still(modules), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if known is not None:
            rows, features = _known(known[0], root)
            draws = len(rows)
        repeated = None if condition is None else condition.expand(draws, -1)
        try:
            x = _draw(chain, draws, features, _embedded(chain, repeated), root)
        except RuntimeError as error:
            if known is None:
                raise
            raise ValueError(f"The draws have {features} features, which the flow does not take: {error}") from error
        embedded = None if repeated is None else _embedded(chain, repeated[:1]).expand(draws, -1)
        with torch.no_grad():
            if known is not None:
                fresh, x = x, rows.to(x)
                if x.shape != fresh.shape:
                    raise ValueError(f"The draws have {x.shape[1]} features; the flow has {fresh.shape[1]}.")
                _same_draws(x, fresh, *(_log_density(chain, some, embedded) for some in (x, fresh)))
            log_q = _log_density(chain, x, embedded)
            log_p = torch.as_tensor(known[1] if known else target(x)).detach().double().cpu().numpy()
        if log_p.shape != (draws,):
            raise ValueError(f"The target gives an array of shape {log_p.shape} for {draws} rows; expected ({draws},).")
        holes = np.isnan(log_p) | (log_p == np.inf)
        if holes.any():
            raise ValueError(
                f"The target's log density is {log_p[holes][0]} for {holes.sum()} of {draws} draws, for example for "
                f"{x[int(np.argmax(holes))].tolist()}. Return -inf where the target has no mass."
            )
        kept = np.isfinite(log_q)
        log_weights = (log_p - log_q)[kept]
        if not np.isfinite(log_weights).any():
            raise ValueError("All draws are outside of the target's support: check the order and the units of its parameters.")
        random = np.random.default_rng(seed)
        smooth, k, law = smoothed(log_weights) if len(log_weights) >= FEWEST else (log_weights, None, None)
        value, error = evidence(smooth)
        raw = np.exp(log_weights - value)
        held = x[torch.as_tensor(kept, device=x.device)]
        return Check(
            draws=len(log_weights),
            ess=effective(raw),
            efficiency=effective(raw) / len(raw),
            interval=_interval(log_weights, law, random),
            pareto_k=k,
            log_evidence=value,
            log_evidence_error=error,
            leakage=float((log_weights == -np.inf).mean()),
            blame=_blame(chain, held, log_weights, None if embedded is None else embedded[:1], random),
            x=held.cpu().numpy(),
            log_q=log_q[kept],
            log_weights=log_weights,
            weights=np.exp(smooth - value),
        )


def _known(x: Any, root: nn.Module | None) -> tuple[Tensor, int]:
    rows = _tensor(x, root)
    if rows.ndim != 2 or len(rows) == 0:
        raise ValueError(f"The draws have shape {tuple(rows.shape)}; expected (N, D), a row for each draw.")
    return rows, rows.shape[1]


def _same_draws(x: Tensor, fresh: Tensor, log_q: np.ndarray, fresh_log_q: np.ndarray) -> None:
    """Raises ValueError for rows that differ from draws of the flow, as draws do once in a million times (Kolmogorov–Smirnov)."""
    columns = [(log_q, fresh_log_q), *zip(x.T.double().cpu().numpy(), fresh.T.double().cpu().numpy(), strict=True)]
    for index, (given, drawn) in enumerate(columns):
        given, drawn = (np.sort(some[np.isfinite(some)]) for some in (given, drawn))
        both = np.concatenate([given, drawn])
        if len(given) == 0 or len(drawn) == 0:
            raise ValueError("No row has a finite density under this flow; expected draws of it.")
        shares = [np.searchsorted(some, both, side="right") / len(some) for some in (given, drawn)]
        distance = float(np.abs(shares[0] - shares[1]).max())
        band = float((-np.log(0.5e-6) / 2 * (1 / len(given) + 1 / len(drawn))) ** 0.5)
        if distance > band:
            what = f"values of feature {index - 1}" if index else "their log densities under it"
            raise ValueError(
                f"The rows are not draws of this flow, which weights need: {what} differ from those of new draws by "
                f"{distance:.3f} (Kolmogorov–Smirnov; by chance up to {band:.3f}). Draw them from this flow, at this context."
            )


def _draw(chain: Chain, count: int, features: int | None, context: Tensor | None, root: nn.Module | None) -> Tensor:
    return _decoded(chain, _base_draws(chain, count, features, context, root), context)


def _base_draws(chain: Chain, count: int, features: int | None, context: Tensor | None, root: nn.Module | None) -> Tensor:
    missing = [step.name for step in chain.steps if step.inverse is None]
    if missing:
        raise ValueError(f"{missing[0]} has no inverse, so there are no draws of this flow.")
    like = next(iter(root.parameters()), torch.zeros(1)) if root is not None else torch.zeros(1)
    with torch.no_grad():
        if chain.base.draw:
            return chain.base.draw(count, context).reshape(count, -1)
        if features is None:
            raise ValueError("The flow does not say how many features it has; give features=.")
        return torch.randn(count, features, dtype=like.dtype, device=like.device)


def _decoded(chain: Chain, z: Tensor, context: Tensor | None) -> Tensor:
    h = z
    with torch.no_grad():
        for step in reversed(chain.steps):
            back = step.inverse(h, context)
            h = (back[0] if isinstance(back, (tuple, list)) else back).detach()
    return h


def _log_density(chain: Chain, x: Tensor, context: Tensor | None) -> np.ndarray:
    walked = _walk(chain.steps, x, context)
    total = _prior_of(chain, walked[-1][0], context).double() + sum(log_det.double() for _, log_det in walked)
    return total.cpu().numpy()


def _prior_of(chain: Chain, z: Tensor, context: Tensor | None) -> Tensor:
    found = chain.base.log_prob(z, context) if chain.base.log_prob else standard_normal(z)
    return found.flatten(1).sum(1) if found.ndim > 1 else found


def fit_pareto(x: np.ndarray) -> tuple[float, float]:
    """Shape k and scale of exceedances, ascending (Zhang and Stephens 2009, with a weak prior on k)."""
    n = len(x)
    m = 30 + int(n**0.5)
    b = (1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3 * x[int(n / 4 + 0.5) - 1]) + 1 / x[-1]
    shapes = np.log1p(-b[:, None] * x).mean(1)
    likelihood = n * (np.log(-b / shapes) - shapes - 1)
    chance = np.exp(likelihood - likelihood.max())
    b = float((b * chance).sum() / chance.sum())
    k = float(np.log1p(-b * x).mean())
    return (k * n + 5) / (n + 10), -k / b


def smoothed(log_weights: np.ndarray) -> tuple[np.ndarray, float | None, tuple[float, float, float, int] | None]:
    """Log weights with their tail replaced by quantiles of its law, its k, and (k, scale, threshold, count) over the largest."""
    n = len(log_weights)
    count = int(np.ceil(min(n / 5, 3 * n**0.5)))
    order = np.argsort(log_weights, kind="stable")
    tail, top = order[-count:], log_weights.max()
    threshold = float(np.exp(log_weights[order[-count - 1]] - top))
    beyond = np.exp(log_weights[tail] - top) - threshold
    if not beyond[count // 4] > 0:
        return log_weights, None, None
    k, scale = fit_pareto(beyond)
    survival = np.log1p(-(np.arange(count) + 0.5) / count)
    above = -scale * survival if abs(k) < 1e-9 else scale * np.expm1(-k * survival) / k
    out = log_weights.copy()
    out[tail] = np.minimum(0, np.log(threshold + above)) + top
    return out, k, (k, scale, threshold, count)


def _interval(log_weights: np.ndarray, law: Any, random: np.random.Generator, times: int = 600) -> tuple[float, float]:
    weights = np.sort(np.exp(log_weights - log_weights.max()))
    n = len(weights)
    if law is None:
        share = effective(weights) / n
        return share, share
    k, scale, threshold, count = law
    body = weights[:-count]
    shares = np.zeros(times)
    for i in range(times):
        shape = k + random.normal() * (1 + k) / count**0.5
        if shape >= 0.5:
            continue
        spread = scale * np.exp(random.normal() * (2 / count) ** 0.5)
        m = random.binomial(n, count / n)
        drawn = random.choice(body, n - m)
        mean = threshold + spread / (1 - shape)
        square = threshold**2 + 2 * threshold * spread / (1 - shape) + 2 * spread**2 / ((1 - shape) * (1 - 2 * shape))
        shares[i] = min(1, (drawn.sum() + m * mean) ** 2 / (drawn @ drawn + m * square) / n)
    seen = effective(weights) / n
    return min(seen, float(np.quantile(shares, 0.05))), max(seen, float(np.quantile(shares, 0.95)))


class _Layer:
    """What comes out of one layer, and shapes of a change of it: a shift, a stretch and five bends of each changed value."""

    def __init__(self, y: Tensor, places: Sequence[int]) -> None:
        self.places = list(places)
        values = y[:, self.places].double().cpu().numpy()
        self.mean, width = values.mean(0), 0.15 * values.std(0) + 1e-12
        u = (values[:, :, None] - np.quantile(values, BENDS, axis=0).T) / width[:, None]
        bend = np.maximum(u, 0) + np.log1p(np.exp(-np.abs(u)))
        centered = (values - self.mean)[:, :, None]
        self.phi = np.concatenate([np.ones_like(centered), centered, width[:, None] * bend], 2)
        with np.errstate(over="ignore"):
            self.slope = np.concatenate([np.zeros_like(centered), np.ones_like(centered), 1 / (1 + np.exp(-u))], 2)

    def columns(self, toward: np.ndarray, change: np.ndarray | float = 0.0) -> np.ndarray:
        """∂ log q / ∂ε, [n, values · shapes]. @param toward gradients of log q behind the layer, [n, values]"""
        n = len(toward)
        stretch = 1 + (self.slope[:n] * change).sum(-1, keepdims=True)
        found = (self.slope[:n] / stretch + toward[:, :, None] * self.phi[:n]).reshape(n, -1)
        return np.clip(found, *np.quantile(found, (0.001, 0.999), axis=0))


def _fit(columns: np.ndarray, response: np.ndarray) -> np.ndarray:
    spread = columns.std(0) + 1e-12
    scaled = (columns - columns.mean(0)) / spread
    gram = scaled.T @ scaled + 1e-3 * len(scaled) * np.eye(scaled.shape[1])
    return np.linalg.solve(gram, scaled.T @ (response - response.mean())) / spread


def _explained(columns: np.ndarray, response: np.ndarray) -> float:
    """Share of the variance, on rows that the fit never saw."""
    fold = np.arange(len(response)) % 4
    missed = 0.0
    for j in range(4):
        seen = fold != j
        weights = _fit(columns[seen], response[seen])
        guess = response[seen].mean() + (columns[~seen] - columns[seen].mean(0)) @ weights
        missed += float(((response[~seen] - guess) ** 2).sum())
    return 1 - missed / (len(response) * response.var())


def _trim(values: np.ndarray) -> np.ndarray:
    return np.clip(values, *np.quantile(values, (0.005, 0.995)))


def _rest(chain: Chain, start: int, y: Tensor, context: Tensor | None) -> tuple[np.ndarray, np.ndarray]:
    """log q behind a layer [n], and its gradient by what the layer gives [n, D]."""
    h = y.detach().requires_grad_()
    at, total = h, torch.zeros(len(h), dtype=torch.float64, device=h.device)
    with torch.enable_grad():
        repeated = None if context is None else context.expand(len(h), -1)
        for step in chain.steps[start:]:
            at, log_det = step.forward(at.clone(), repeated)
            total = total + _per_example(log_det, step, at).double()
        total = total + _prior_of(chain, at, repeated).double()
        (gradient,) = torch.autograd.grad(total.sum(), h)
    return total.detach().cpu().numpy(), gradient.double().cpu().numpy()


def _blame(chain: Chain, x: Tensor, log_weights: np.ndarray, context: Tensor | None, random: np.random.Generator) -> Blame | None:
    rows = np.flatnonzero(np.isfinite(log_weights))[:REGRESSED]
    if x.ndim != 2 or len(rows) < FEWEST or np.ptp(log_weights[rows]) == 0:
        return None
    x, weights = x[torch.as_tensor(rows, device=x.device)], log_weights[rows]
    response = _trim(weights)
    with torch.no_grad():
        walked = _walk(chain.steps, x, None if context is None else context.expand(len(x), -1))
    names = _unique([step.name for step in chain.steps])
    layers: dict[str, tuple[int, Tensor, _Layer, np.ndarray, np.ndarray]] = {}
    for index, (step, (y, _)) in enumerate(zip(chain.steps, walked, strict=True)):
        before = walked[index - 1][0] if index else x
        places = np.flatnonzero((y != before).any(0).cpu().numpy())
        # Norms and mixings have no network; a shift and a stretch next to them do what they do.
        has_net = step.module is not None and any(isinstance(one, nn.Linear) for one in step.module.modules())
        if has_net and len(places) > 0:
            total, gradient = _rest(chain, index + 1, y, context)
            layers[names[index]] = (index, y, _Layer(y, places), total, gradient[:, places])
    if not layers:
        return None
    explained = {name: _explained(one[2].columns(one[4]), response) for name, one in layers.items()}
    best = sorted(layers, key=lambda name: -explained[name])[:3]
    carried = {name: _carry_out(chain, *layers[name], weights[:CARRIED], context) for name in best}
    first, second = [*sorted(best, key=lambda name: -carried[name][0]), None][:2]
    removed = {name: share for name, (share, _) in carried.items()}
    named = None
    if first == best[0] and removed[first] >= LEAST_REMOVED and response.var() >= LEAST_VARIANCE:
        left = [carried[name][1] for name in (first, second) if name]
        picked = random.integers(0, len(left[0]), (400, len(left[0])))
        sure = (left[0][picked].var(1) < left[1][picked].var(1)).mean() if second else 1
        leads = not second or 1 - removed[first] <= MOST_LEFT * (1 - removed[second])
        named = first if leads and sure >= LEAST_SURE else None
    return Blame(list(layers), list(explained.values()), removed, first, second, named)


def _carry_out(
    chain: Chain, index: int, y: Tensor, layer: _Layer, start: np.ndarray, toward: np.ndarray, weights: np.ndarray, context: Any
) -> tuple[float, np.ndarray]:
    """Makes the change by Gauss–Newton steps on every second draw; the share that is gone on the others, and the rest."""
    n = len(weights)
    fitted = np.arange(n) % 2 == 0

    def at(change: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        stretch = 1 + (layer.slope[:n] * change).sum(-1)
        if stretch.min() < 0.05:
            return None
        moved = y[:n].clone()
        moved[:, layer.places] += torch.as_tensor((layer.phi[:n] * change).sum(-1), dtype=y.dtype, device=y.device)
        total, gradient = _rest(chain, index + 1, moved, context)
        left = weights - (total - start[:n] + np.log(stretch).sum(-1))
        return (left, gradient[:, layer.places]) if np.isfinite(left).all() else None

    change = np.zeros((len(layer.places), 2 + len(BENDS)))
    left, toward = weights, toward[:n]
    for _ in range(3):
        step = _fit(layer.columns(toward, change)[fitted], _trim(left)[fitted]).reshape(change.shape)
        before = _trim(left[fitted]).var()
        for part in (1, 0.5, 0.25):
            found = at(change + part * step)
            if found is not None and _trim(found[0][fitted]).var() < before:
                change, (left, toward) = change + part * step, found
                break
        if _trim(left[fitted]).var() > 0.98 * before:
            break
    rest = _trim(left[~fitted])
    return 1 - float(rest.var() / _trim(weights[~fitted]).var()), rest
