"""Solvers of dx/dt = f(x, t): steps of one size by Euler, midpoint, Heun and RK4, and steps by error of Dormand and Prince."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

#: dy/dt of a state y [N, ...] at t.
Derivative = Callable[[Tensor, float], Tensor]
#: Shares of the step at which a solver evaluates, how it gets there, and the weights of the step.
Table = tuple[Sequence[float], Sequence[Sequence[float]], Sequence[float]]

FIXED: dict[str, Table] = {
    "euler": ([0], [[]], [1]),
    "midpoint": ([0, 1 / 2], [[], [1 / 2]], [0, 1]),
    "heun": ([0, 1], [[], [1]], [1 / 2, 1 / 2]),
    "rk4": ([0, 1 / 2, 1 / 2, 1], [[], [1 / 2], [0, 1 / 2], [0, 0, 1]], [1 / 6, 1 / 3, 1 / 3, 1 / 6]),
}
#: Dormand and Prince 1980; the last evaluation of a step is the first of the next.
DORMAND_PRINCE: Table = (
    [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1],
    [
        [],
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    ],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
)
#: The step minus that of fourth order, as weights of all seven evaluations.
DIFFERENCE = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40]
#: Up to |h λ| where a step of dx/dt = λ x with Re λ < 0 does not grow.
STABLE = {"euler": 2.0, "midpoint": 2.0, "heun": 2.0, "rk4": 2.785}
#: Evaluations after which steps by error are given up.
MOST_RUNS = 10_000


class SolverStopped(RuntimeError):
    """A solver could not go on. `t`, `runs` and `step` say where it was."""

    def __init__(self, why: str, t: float, runs: int, step: float) -> None:
        super().__init__(why)
        self.why, self.t, self.runs, self.step = why, t, runs, step


@dataclass(frozen=True)
class Solver:
    name: str
    #: Equal steps between the ends of its interval.
    steps: int | None = None
    #: Tolerance of an adaptive step: |error| ≤ atol + rtol |value|, the root mean square over the values of each example.
    rtol: float | None = None
    atol: float | None = None

    @classmethod
    def of(cls, solver: Any) -> Solver:
        """("midpoint", 20), ("dopri5", 1e-5) or ("dopri5", 1e-5, 1e-6): a name, then steps, or rtol and atol."""
        if isinstance(solver, Solver):
            return solver
        expected = (
            f'expected ("midpoint", 20), a name ({", ".join(FIXED)}) with a number of steps, or ("dopri5", 1e-5), with rtol '
            "and, if you like, atol"
        )
        if not isinstance(solver, (tuple, list)) or len(solver) < 2:
            raise ValueError(f"solver is {solver!r}; {expected}.")
        name, *numbers = solver
        if name in FIXED and len(numbers) == 1 and isinstance(numbers[0], int) and numbers[0] >= 1:
            return cls(name, steps=numbers[0])
        if name == "dopri5" and len(numbers) <= 2 and all(isinstance(n, float) and 0 < n < 1 for n in numbers):
            return cls(name, rtol=numbers[0], atol=numbers[1] if len(numbers) == 2 else numbers[0] / 10)
        raise ValueError(f"solver is {solver!r}; {expected}.")

    def part(self, steps: int) -> Solver:
        """The same with other steps, for a part of the interval."""
        return self if self.steps is None else replace(self, steps=steps)

    @property
    def runs(self) -> int | None:
        """Evaluations between the ends; steps by error say it when they are done."""
        return None if self.steps is None else self.steps * len(FIXED[self.name][0])

    def __str__(self) -> str:
        return f"{self.name}, {self.steps} steps" if self.steps is not None else f"{self.name}, rtol {self.rtol:g}"


@dataclass
class Solved:
    y: Tensor
    #: Evaluations of f.
    runs: int
    #: (t, step) of each step that was taken.
    steps: list[tuple[float, float]]
    #: State and derivative at the start of each step.
    states: list[tuple[Tensor, Tensor]]


def solve(f: Derivative, y: Tensor, t0: float, t1: float, solver: Solver, *, keep: bool = False) -> Solved:
    """From t0 to t1. States at the steps are kept only if asked. Raises SolverStopped."""
    if solver.steps is None:
        return _by_error(f, y, t0, t1, solver, keep)
    width = (t1 - t0) / solver.steps
    return walk(f, y, [(t0 + i * width, width) for i in range(solver.steps)], FIXED[solver.name], keep=keep)


def walk(f: Derivative, y: Tensor, steps: Sequence[tuple[float, float]], table: Table, *, keep: bool = False) -> Solved:
    """Takes the steps as they are."""
    states = []
    for t, h in steps:
        slopes, _ = _slopes(f, y, t, h, table, [f(y, t)])
        if keep:
            states.append((y, slopes[0]))
        y = y + h * _sum(table[2], slopes)
    return Solved(y, len(steps) * len(table[0]), list(steps), states)


def table_of(solver: Solver) -> Table:
    return DORMAND_PRINCE if solver.steps is None else FIXED[solver.name]


def _slopes(f: Derivative, y: Tensor, t: float, h: float, table: Table, slopes: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    """The derivatives of one step, of which the first is there, and the last state at which one was taken."""
    at = y
    for share, weights in zip(table[0][1:], table[1][1:], strict=True):
        at = y + h * _sum(weights, slopes)
        slopes.append(f(at, t + share * h))
    return slopes, at


def _sum(weights: Sequence[float], values: Sequence[Tensor]) -> Tensor:
    terms = [weight * value for weight, value in zip(weights, values, strict=False) if weight]
    return sum(terms[1:], terms[0])


def _by_error(f: Derivative, y: Tensor, t0: float, t1: float, solver: Solver, keep: bool) -> Solved:
    sign, span = math.copysign(1.0, t1 - t0), abs(t1 - t0)
    t, runs = t0, 2
    slope = _finite(f(y, t), t, 1, span)
    h = min(_first_step(f, y, slope, t, sign, solver), span)
    steps, states = [], []
    while abs(t1 - t) > 1e-12 * span:
        h = min(h, abs(t1 - t))
        slopes, _ = _slopes(f, y, t, sign * h, DORMAND_PRINCE, [slope])
        new = y + sign * h * _sum(DORMAND_PRINCE[2], slopes)
        end = t1 if h == abs(t1 - t) else t + sign * h
        slopes.append(f(new, end))
        runs += 6
        _finite(slopes[-1], end, runs, h)
        ratio = _ratio(h * _sum(DIFFERENCE, slopes), torch.maximum(y.abs(), new.abs()), solver)
        if ratio <= 1:
            steps.append((t, sign * h))
            if keep:
                states.append((y, slope))
            t, y, slope = end, new, slopes[-1]
        h *= min(5.0, max(0.2, 0.9 * (ratio + 1e-12) ** -0.2))
        if runs > MOST_RUNS or h < 1e-10 * span:
            raise SolverStopped(f"{runs} runs, and the step is down to {h:.1g}", t, runs, h)
    return Solved(y, runs, steps, states)


def _first_step(f: Derivative, y: Tensor, slope: Tensor, t: float, sign: float, solver: Solver) -> float:
    """Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I, section II.4."""
    size, speed = _ratio(y, y.abs(), solver), _ratio(slope, y.abs(), solver)
    h = 0.01 * size / speed if min(size, speed) > 1e-5 else 1e-6
    bend = _ratio(f(y + sign * h * slope, t + sign * h) - slope, y.abs(), solver) / h
    steepest = max(speed, bend)
    return min(100 * h, (0.01 / steepest) ** 0.2 if steepest > 1e-15 else max(1e-6, h * 1e-3))


def _ratio(error: Tensor, size: Tensor, solver: Solver) -> float:
    """Error of the worst example, since a step is for all of them."""
    allowed = solver.atol + solver.rtol * size
    return float(((error / allowed) ** 2).flatten(1).mean(1).sqrt().max())


def _finite(slope: Tensor, t: float, runs: int, h: float) -> Tensor:
    if not bool(torch.isfinite(slope).all()):
        bad = int((~torch.isfinite(slope)).flatten(1).any(1).sum())
        raise SolverStopped(f"the field is NaN or Inf for {bad} of {len(slope)} examples", t, runs, h)
    return slope
