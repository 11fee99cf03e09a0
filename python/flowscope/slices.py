"""Cuts the way of a vector field from data to noise into slices of time, each a layer, and solves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from .field import EXACT, Field, rademacher
from .solvers import Derivative, Solved, Solver, SolverStopped, solve, table_of, walk
from .steps import Chain, Step

#: Without another one, and of fields that no library knows.
DEFAULT = Solver("midpoint", steps=20)
#: Probes of Hutchinson's estimate where the divergence is not exact.
PROBES = 16
#: Examples that tell how the slices are cut, and how accurately their paths are solved.
TRIAL, TRIAL_SOLVER = 64, Solver("dopri5", rtol=1e-5, atol=1e-6)
#: Steps of that solver from which on they say where the field is hard.
FEWEST_STEPS = 20
#: A slice is cut in half, and its halves again, up to so often.
CUTS = 3


@dataclass
class TimeSlice:
    """The field from t0 to t1, by a solver. Counts as a layer: forward is from data to noise."""

    field: Field
    number: str
    t0: float
    t1: float
    solver: Solver
    probes: int | None
    first: bool = False
    seed: int = 0

    @property
    def name(self) -> str:
        return f"t {_time(self.t0)} → {_time(self.t1)}"

    def solve(self, x: Tensor, context: Tensor | None, solver: Solver | None = None, *, keep: bool = False) -> TimeSolved:
        """With the log-det as one more value of the state, so that its steps are the same."""
        probes = None if self.probes is None else rademacher(self.probes, x, self.seed)
        size, shape = x[0].numel(), x.shape

        def f(y: Tensor, t: float) -> Tensor:
            v, divergence = self.field.divergence(y[:, :size].reshape(shape), t, context, probes)
            return torch.cat([v.flatten(1), divergence], 1)

        state = torch.cat([x.flatten(1), x.new_zeros(len(x), self.probes or 1)], 1)
        with self._named(), torch.no_grad():
            solved = solve(f, state, self.t0, self.t1, solver or self.solver, keep=keep)
        return TimeSolved(solved.y[:, :size].reshape(shape), solved.y[:, size:], solved)

    def forward(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        solved = self.solve(x, context)
        return solved.y, solved.log_dets.mean(1)

    def inverse(self, y: Tensor, context: Tensor | None) -> Tensor:
        with self._named(), torch.no_grad():
            return solve(self._velocity(context), y, self.t1, self.t0, self.solver).y

    def jacobian(self, x: Tensor, context: Tensor | None, solved: Solved) -> Tensor:
        """dx_b/dx_a [N, D, D] of the steps that were taken, which is their solution of dJ/dt = (dv/dx) J."""
        size, shape = x[0].numel(), x.shape

        def f(y: Tensor, t: float) -> Tensor:
            v, slopes = self.field.jacobian(y[:, :, 0].reshape(shape), t, context)
            return torch.cat([v.flatten(1)[..., None], slopes @ y[:, :, 1:]], 2)

        unit = torch.eye(size, dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
        with torch.no_grad():
            state = torch.cat([x.flatten(1)[..., None], unit], 2)
            return walk(f, state, solved.steps, table_of(self.solver)).y[:, :, 1:]

    def _velocity(self, context: Tensor | None) -> Derivative:
        return lambda y, t: self.field.velocity(y, t, context)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except SolverStopped as stopped:
            raise SolverStopped(
                f"{self.solver.name} stopped in slice {self.number} ({self.name}) at t = {stopped.t:.6g}, after {stopped.runs} "
                f"runs with a step of {stopped.step:.1g}: {stopped.why}. In float32, rounding of the field is taken for error "
                f'below rtol 1e-5. Try solver=("midpoint", 20), which goes on and shows its error, a larger rtol than '
                f"{self.solver.rtol:g}, or x and the network in float64.",
                stopped.t,
                stopped.runs,
                stopped.step,
            ) from stopped


@dataclass
class TimeSolved:
    y: Tensor
    #: [N, 1], or of each probe, [N, K].
    log_dets: Tensor
    solved: Solved


def field_step(name: str, field: Field, solver: Any = None, inverse: Any = None, forward: Any = None) -> Step:
    """The whole way as one layer, which `sliced` cuts. `solver` is the library's."""
    whole = TimeSlice(field, "1", field.data_time, field.noise_time, solver or DEFAULT, None)
    step = Step(name, forward or whole.forward, inverse or whole.inverse, field.module, field.type)
    step.field, step.solver = field, solver
    return step


def sliced(chain: Chain, x: Tensor, context: Tensor | None, solver: Any, slices: int, divergence: Any) -> Chain:
    """The chain with slices of time in place of its fields. x [N, ...] and the context, embedded, tell where to cut."""
    if not any(step.field for step in chain.steps):
        return chain
    if not (isinstance(slices, int) and slices >= 1):
        raise ValueError(f"slices is {slices!r}; expected a number from 1 on.")
    asked = None if solver is None else Solver.of(solver)
    h, trial_context = x[:TRIAL], None if context is None else context[:TRIAL]
    last = max(index for index, step in enumerate(chain.steps) if step.field)
    alone = sum(step.field is not None for step in chain.steps) == 1
    steps: list[Step] = []
    for index, step in enumerate(chain.steps):
        if step.field is None:
            steps.append(step)
            if index < last:
                with torch.no_grad():
                    h = step.forward(h.clone(), trial_context)[0]
            continue
        whole = TimeSlice(
            step.field,
            "",
            step.field.data_time,
            step.field.noise_time,
            asked or step.solver or DEFAULT,
            _probes(divergence, h),
        )
        cut = _cut(whole, h, trial_context, slices)
        cut[0].first = True
        for one in cut:
            prefix = f"{step.name}, " if step.name and not alone else ""
            steps.append(
                Step(prefix + one.name, one.forward, one.inverse, step.module, step.field.type or step.type, field=step.field)
            )
            steps[-1].slice = one
        if index < last:
            for one in cut:
                h = one.forward(h, trial_context)[0]
    return replace(chain, steps=steps)


def _probes(divergence: Any, x: Tensor) -> int | None:
    """None for the exact divergence."""
    if divergence is None:
        return None if x[0].numel() <= EXACT else PROBES
    if divergence == "exact":
        return None
    if isinstance(divergence, int) and divergence >= 1:
        return divergence
    raise ValueError(f'divergence is {divergence!r}; expected "exact", or a number of probes of Hutchinson\'s estimate.')


def _cut(whole: TimeSlice, x: Tensor, context: Tensor | None, count: int) -> list[TimeSlice]:
    """Slices of equal length in t. One that needs more than three times its share of runs, or holds more than half of the
    log-det, is cut in half, as far as it has whole steps."""
    steps = whole.solver.steps
    if steps is not None:
        count = min(count, steps)
        # As many steps in each slice.
        steps = -(-steps // count)
    at = [_between(whole, i / count) for i in range(count + 1)]
    parts = [
        replace(whole, number=str(i + 1), t0=a, t1=b, solver=whole.solver.part(steps or 0))
        for i, (a, b) in enumerate(pairwise(at))
    ]
    shares = _shares_of_runs(whole, x, context)
    for _ in range(CUTS):
        sizes, h = [], x
        for part in parts:
            solved = part.solve(h, context)
            h = solved.y
            sizes.append(float(solved.log_dets.mean(1).abs().mean()))
        next_parts: list[TimeSlice] = []
        for part, size in zip(parts, sizes, strict=True):
            busy = shares(part.t0, part.t1) > 3 / count
            heavy = count > 3 and size > sum(sizes) / 2 and sum(sizes) > 1e-6
            next_parts += _halves(part) if busy or heavy else [part]
        if len(next_parts) == len(parts):
            break
        parts = next_parts
    return parts


def _halves(part: TimeSlice) -> list[TimeSlice]:
    steps = part.solver.steps
    if steps is not None and steps % 2:
        return [part]
    middle, half = round((part.t0 + part.t1) / 2, 12), part.solver.part((steps or 0) // 2)
    return [
        replace(part, number=f"{part.number}a", t1=middle, solver=half),
        replace(part, number=f"{part.number}b", t0=middle, solver=half),
    ]


def _between(whole: TimeSlice, share: float) -> float:
    return round(whole.t0 + share * (whole.t1 - whole.t0), 12)


def _shares_of_runs(whole: TimeSlice, x: Tensor, context: Tensor | None) -> Any:
    """What share of the steps of an adaptive solver of the paths lies between two times; 0 where it cannot solve them."""
    try:
        with torch.no_grad():
            taken = solve(whole._velocity(context), x, whole.t0, whole.t1, TRIAL_SOLVER).steps
    except SolverStopped:
        taken = []
    # Few steps are what the solver starts with, and tell nothing of the field.
    if len(taken) < FEWEST_STEPS:
        return lambda a, b: 0.0

    def share(a: float, b: float) -> float:
        low, high = min(a, b), max(a, b)
        inside = (max(0.0, min(high, max(t, t + h)) - max(low, min(t, t + h))) / abs(h) for t, h in taken)
        return sum(inside) / len(taken)

    return share


def _time(t: float) -> str:
    text = f"{round(t, 6):g}"
    return text if "." in text or "e" in text else f"{text}.0"
