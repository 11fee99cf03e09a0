"""What is measured of slices of time: errors against a finer solver in float64, and what happens inside of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .field import EXACT, rademacher
from .slices import PROBES, TimeSlice, TimeSolved
from .solvers import STABLE, Solver
from .steps import Base, Step, standard_normal

#: Steps of the reference before they are doubled: one for each run of the solver in use, but at least and at most so many.
FEWEST, MOST = 100, 800
#: Seconds after which the reference is not made finer.
PATIENCE = 10.0
#: Derivatives that the reference takes at once: examples times (1 + values of each).
WORK = 4096
#: Times in a slice at which its path is kept, the ends included.
TIMES = 5
#: Values of an example up to which eigenvalues are computed.
SPECTRUM = 16
#: Draws that tell how far an estimate of the divergence spreads.
DRAWS = 128


@dataclass
class Reference:
    steps: int
    dtype: str
    #: How far x and log p moved when its steps were last doubled, mean over the examples.
    reached: tuple[float, float]
    #: For each slice, by its place in the chain: log-det [R] minus the reference's, and the largest difference of x.
    local: dict[int, tuple[np.ndarray, np.ndarray]]
    #: log p of the solver in use minus that of the reference, [R].
    log_prob: np.ndarray


def against_reference(
    steps: Sequence[Step], base: Base, x: Tensor, context: Tensor | None, walked: Sequence[tuple[Tensor, Tensor]], runs: int
) -> Reference:
    """RK4 in float64, its steps doubled until log p changes by less than a hundredth of the error that it shows. Of the first R
    examples."""
    rows = max(16, WORK // (1 + x[0].numel()))
    x, context = x[:rows], None if context is None else context[:rows]
    double = None if context is None else context.double()
    fields = {id(step.field): step.field.in_double(x, step.field.data_time, context) for step in steps if step.field is not None}

    def prior(z: Tensor) -> Tensor:
        found = base.log_prob(z.to(x.dtype), context).double() if base.log_prob else standard_normal(z)
        return found.flatten(1).sum(1) if found.ndim > 1 else found

    def run(total: int) -> tuple[list[Tensor], list[Tensor], Tensor]:
        states, log_dets = [x.double()], []
        for step in steps:
            h = states[-1]
            if step.slice is None:
                y, log_det = step.forward(h.to(x.dtype), context)
                log_det = torch.as_tensor(log_det, device=x.device).double()
                log_det = log_det.flatten(1).sum(1) if log_det.ndim > 1 else log_det.expand(len(h))
                states.append(y.detach().double())
            else:
                one, field = step.slice, fields[id(step.field)]
                share = abs((one.t1 - one.t0) / (field.noise_time - field.data_time))
                solver = Solver("rk4", steps=max(1, round(share * total)))
                solved = replace(one, field=field).solve(h, double, solver)
                states.append(solved.y)
                log_det = solved.log_dets.mean(1)
            log_dets.append(log_det.detach())
        return states, log_dets, prior(states[-1]) + sum(log_dets)

    used = prior(walked[-1][0][:rows].double()) + sum(log_det[:rows].double() for _, log_det in walked)
    total, began = min(MOST, max(FEWEST, runs)), time.monotonic()
    found = run(total)
    while True:
        lasted = time.monotonic() - began
        finer = run(2 * total)
        total *= 2
        changed = _mean((finer[2] - found[2]).abs())
        moved = _mean((finer[0][-1] - found[0][-1]).flatten(1).abs().amax(1))
        found = finer
        error = _mean((used - found[2]).abs())
        enough = changed <= max(error / 100, 1e-9 * (1 + _mean(found[2].abs())))
        if enough or not np.isfinite(changed) or time.monotonic() - began + 4 * lasted > PATIENCE:
            break
    local = {}
    for index, step in enumerate(steps):
        if step.slice is not None:
            solved = step.slice.solve(found[0][index].to(x.dtype), context)
            off = solved.log_dets.mean(1).double() - found[1][index]
            distance = (solved.y.double() - found[0][index + 1]).flatten(1).abs().amax(1)
            local[index] = (off.cpu().numpy(), distance.cpu().numpy())
    kind = next(iter(fields.values())).dtype
    precision = "float64" if kind == torch.float64 else f"float64, the field {str(kind).removeprefix('torch.')}"
    return Reference(total, precision, (moved, changed), local, (used - found[2]).cpu().numpy())


def _mean(values: Tensor) -> float:
    finite = values[torch.isfinite(values)]
    return float(finite.mean()) if finite.numel() > 0 else float("nan")


@dataclass
class Inside:
    """At `TIMES` equal times of a slice, [N, M, ...]."""

    path: np.ndarray
    velocity: np.ndarray
    #: d log-det / d(way towards noise), nats.
    rate: np.ndarray
    #: Degrees in 0.1 of t.
    bend: np.ndarray
    #: Largest |Re λ| of dv/dx; None of large examples.
    stiffness: np.ndarray | None
    #: The most negative Re λ in the direction travelled: towards noise, and back.
    decays: tuple[float, float] | None


def inside_of(one: TimeSlice, solved: TimeSolved, context: Tensor | None) -> Inside:
    times = torch.linspace(one.t0, one.t1, TIMES, dtype=torch.float64).tolist()
    towards = 1.0 if one.field.noise_time > one.field.data_time else -1.0
    small = solved.y[0].numel() <= EXACT
    spectral = solved.y[0].numel() <= SPECTRUM
    path, velocity, rate, bend, real = [], [], [], [], []
    with torch.no_grad():
        for t in times:
            x = _state_at(one, solved, t, context)
            if small:
                v, slopes = one.field.jacobian(x, t, context)
                divergence = slopes.diagonal(dim1=1, dim2=2).sum(1)
                if spectral:
                    real.append(_real_parts(slopes))
            else:
                v, terms = one.field.divergence(x, t, context, rademacher(one.probes or PROBES, x, one.seed))
                divergence = terms.mean(1)
            path.append(x)
            velocity.append(v)
            rate.append(towards * divergence)
            bend.append(_bend(v.flatten(1), one.field.acceleration(x, t, context).flatten(1)))
    decays = None
    if real:
        low, high = (np.nanmin([r.min() for r in real]), np.nanmax([r.max() for r in real]))
        decays = (min(low, 0.0), min(-high, 0.0)) if towards > 0 else (min(-high, 0.0), min(low, 0.0))
    return Inside(
        path=_stacked(path),
        velocity=_stacked(velocity),
        rate=_stacked(rate),
        bend=_stacked(bend),
        stiffness=np.stack([np.abs(r).max(1) for r in real], 1) if real else None,
        decays=decays,
    )


def _stacked(values: list[Tensor]) -> np.ndarray:
    # Channels last, as all values of a recording.
    moved = [v.movedim(1, -1) if v.ndim == 4 else v for v in values]
    return torch.stack(moved, 1).float().cpu().numpy()


def _real_parts(slopes: Tensor) -> np.ndarray:
    """Real parts of the eigenvalues, [N, D]; NaN where an entry is not finite."""
    finite = torch.isfinite(slopes).flatten(1).all(1)
    values = torch.linalg.eigvals(torch.where(finite[:, None, None], slopes, torch.zeros_like(slopes)).cpu()).real
    return torch.where(finite.cpu()[:, None], values, torch.nan).double().numpy()


def _bend(v: Tensor, a: Tensor) -> Tensor:
    """How far the direction of the path turns: degrees in 0.1 of t."""
    square = (v * v).sum(1, keepdim=True).clamp_min(1e-30)
    across = a - (a * v).sum(1, keepdim=True) / square * v
    return (across.norm(dim=1) / square[:, 0].sqrt()) * (180 / torch.pi) * 0.1


def _state_at(one: TimeSlice, solved: TimeSolved, t: float, context: Tensor | None) -> Tensor:
    """The state at t, by the cubic that has the values and derivatives of the steps around it."""
    steps, states = solved.solved.steps, solved.solved.states
    shape, size = solved.y.shape, solved.y[0].numel()
    index = next((i for i, (start, h) in enumerate(steps) if (t - start) / h <= 1 + 1e-9), len(steps) - 1)
    start, h = steps[index]
    a, slope = (value[:, :size] for value in states[index])
    share = (t - start) / h
    if index + 1 < len(steps):
        b, ahead = (value[:, :size] for value in states[index + 1])
    else:
        b, ahead = solved.y.flatten(1), one.field.velocity(solved.y, one.t1, context).flatten(1)
    s2, s3 = share**2, share**3
    found = (2 * s3 - 3 * s2 + 1) * a + (s3 - 2 * s2 + share) * h * slope + (3 * s2 - 2 * s3) * b + (s3 - s2) * h * ahead
    return found.reshape(shape)


def unstable_step(one: TimeSlice, decays: tuple[float, float] | None) -> str | None:
    """In words, where a step of one size is larger than what a decay along it allows."""
    limit = STABLE.get(one.solver.name)
    if limit is None or one.solver.steps is None or decays is None:
        return None
    step = abs(one.t1 - one.t0) / one.solver.steps
    for decay, way in zip(decays, ("to the noise", "to the data"), strict=True):
        if step * -decay > limit:
            whole = abs(one.field.noise_time - one.field.data_time)
            need = int(np.ceil(whole * -decay / limit))
            return (
                f"{one.name}: on the way {way}, {one.solver.name} with a step of {step:g} is unstable: the field decays at rate "
                f"of {-decay:.3g}, which allows steps up to {limit:g}/{-decay:.3g} = {limit / -decay:.3g}, or {need} in all"
            )
    return None


def spread_of(slices: Sequence[TimeSlice], x: Tensor, context: Tensor | None) -> float:
    """Standard deviation of log p with one probe, by `DRAWS` of them on one example x [1, ...]."""
    total = 0.0
    for one in slices:
        solved = replace(one, probes=DRAWS, seed=one.seed + 1).solve(x, context)
        x, total = solved.y, total + solved.log_dets[0].double()
    return float(total.std())


def not_finite(one: TimeSlice, solved: TimeSolved, context: Tensor | None) -> str | None:
    """In words, at which t the field first is not finite."""
    if bool(torch.isfinite(solved.solved.y).all()):
        return None
    for (t, _), (y, slope) in zip(solved.solved.steps, solved.solved.states, strict=True):
        bad = ~torch.isfinite(y).flatten(1).all(1) | ~torch.isfinite(slope).flatten(1).all(1)
        if bool(bad.any()):
            return f"{one.name}: the field is NaN or Inf from t = {t:.6g} on, for {int(bad.sum())} of {len(bad)} examples"
    bad = ~torch.isfinite(solved.solved.y).flatten(1).all(1)
    return f"{one.name}: the field is NaN or Inf before t = {one.t1:.6g}, for {int(bad.sum())} of {len(bad)} examples"


def field_info(slices: Sequence[TimeSlice], runs: Sequence[int], found: Reference | None, spread: float | None) -> dict[str, Any]:
    """`field` of the recording's JSON."""
    first, solver = slices[0].field, slices[0].solver
    steps = None if solver.steps is None else sum(one.solver.steps for one in slices if one.field is first)
    about: dict[str, Any] = {
        "data_time": first.data_time,
        "noise_time": first.noise_time,
        "solver": solver.name,
        "steps": steps,
        "rtol": solver.rtol,
        "atol": solver.atol,
        "runs": sum(runs),
        "divergence": "exact" if slices[0].probes is None else "hutchinson",
    }
    if slices[0].probes is not None:
        about["probes"] = slices[0].probes
        if spread is not None and np.isfinite(spread):
            about["spread"] = spread / slices[0].probes ** 0.5
    if found is not None:
        errors = np.abs(found.log_prob[np.isfinite(found.log_prob)])
        reached = [value if np.isfinite(value) else None for value in found.reached]
        about["reference"] = {
            "solver": "rk4",
            "steps": found.steps,
            "dtype": found.dtype,
            "error": reached,
            "examples": len(found.log_prob),
        }
        if len(errors) > 0:
            about["log_prob_error"] = [float(errors.mean()), float(errors.max())]
    return about
