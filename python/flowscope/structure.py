"""What a layer's derivatives show: its Jacobian, what depends on what, and its log-det element by element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .recording import Structure

#: Values of an example up to which the whole Jacobian is computed: one backward pass for each output.
WHOLE = 64
#: Share of the largest derivative of an output below which one counts as 0: float32 keeps about seven digits.
ROUNDING = 1e-6
#: Largest difference between a log-det and the sum of its elements, over 1 + |log-det|.
TOLERANCE = 1e-3


@dataclass
class Shown:
    """Arrays are over the elements of an example, row-major as the layer has them."""

    jacobian: np.ndarray | None = None
    dependencies: np.ndarray | None = None
    passes: np.ndarray | None = None
    structure: Structure | None = None
    order: list[int] | None = None
    #: [N, inputs]
    elements: np.ndarray | None = None


def shown_by(run: Callable[[Tensor], Tensor], x: Tensor, log_det: np.ndarray) -> Shown:
    """x [N, ...] and the layer's log-det for each example, which the elements have to add up to.

    Up to `WHOLE` values the Jacobian is computed. Of larger layers, the derivative of the sum of all outputs that change is
    the diagonal where these depend on no other input that changes, as in couplings; whether that is so is told by the log-det.
    """
    h = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        y = run(h)
    size, outputs = h[0].numel(), y[0].numel()
    if size != outputs:
        return Shown()
    values, results = (_rows(t) for t in (h, y))
    same = np.all(np.abs(results - values) <= ROUNDING * (1 + np.abs(values)), axis=0)
    if size <= WHOLE:
        jacobian = _jacobian(y, h)
        return _of_jacobian(jacobian, same, log_det)
    if not y.requires_grad:
        return Shown()
    changed = torch.as_tensor(~same, device=y.device)
    slopes = np.zeros_like(values)
    if changed.any():
        (slope,) = torch.autograd.grad(y.flatten(1)[:, changed].sum(), h)
        slopes = _rows(slope)
    elements = np.where(same, 0.0, _log_abs(slopes))
    fits = _adds_up(elements, log_det)
    some = bool(same.any() and not same.all())
    return Shown(
        passes=same.astype(np.uint8) if some and fits else None,
        structure="coupling" if some and fits else None,
        elements=elements if fits else None,
    )


def _rows(t: Tensor) -> np.ndarray:
    return t.detach().flatten(1).double().cpu().numpy()


def _log_abs(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.abs(values))


def _jacobian(y: Tensor, h: Tensor) -> np.ndarray:
    """[N, outputs, inputs]; examples do not depend on each other in evaluation mode."""
    flat = y.flatten(1)
    if not flat.requires_grad:
        return np.zeros((len(flat), flat.shape[1], h[0].numel()))
    rows = []
    for i in range(flat.shape[1]):
        (row,) = torch.autograd.grad(flat[:, i].sum(), h, retain_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(h) if row is None else row)
    return np.stack([_rows(row) for row in rows], axis=1)


def _of_jacobian(jacobian: np.ndarray, same: np.ndarray, log_det: np.ndarray) -> Shown:
    sizes = np.abs(np.nan_to_num(jacobian)).max(axis=0)
    dependencies = sizes > ROUNDING * np.maximum(sizes.max(axis=1, keepdims=True), 1e-30)
    diagonal = np.diag(np.diag(dependencies))
    alone = (dependencies == diagonal).all(axis=1)
    passes = same & alone & np.diag(dependencies)
    shown = Shown(jacobian=jacobian, dependencies=dependencies.astype(np.uint8))
    order = _order(dependencies)
    moved = ~passes
    if _is_permutation(jacobian, dependencies):
        shown.structure = "permutation"
        return shown
    if alone.all():
        shown.structure = "elementwise"
    elif passes.any() and (dependencies[np.ix_(moved, moved)] == diagonal[np.ix_(moved, moved)]).all():
        shown.structure = "coupling"
    elif order is not None:
        shown.structure, shown.order = "autoregressive", order
    else:
        shown.structure = "dense"
        return shown
    if passes.any() and moved.any():
        shown.passes = passes.astype(np.uint8)
    elements = _log_abs(np.diagonal(jacobian, axis1=1, axis2=2))
    if _adds_up(elements, log_det):
        shown.elements = elements
    return shown


def _is_permutation(jacobian: np.ndarray, dependencies: np.ndarray) -> bool:
    one = (dependencies.sum(axis=0) == 1).all() and (dependencies.sum(axis=1) == 1).all()
    values = jacobian[:, dependencies]
    return bool(one and np.allclose(values, 1.0, atol=1e-6) and not np.diag(dependencies).all())


def _order(dependencies: np.ndarray) -> list[int] | None:
    """An order in which each feature depends on itself and on earlier ones alone; None where there is none."""
    if not np.diag(dependencies).all():
        return None
    others = dependencies & ~np.eye(len(dependencies), dtype=bool)
    left, order = list(range(len(others))), []
    while left:
        free = next((i for i in left if not others[i, left].any()), None)
        if free is None:
            return None
        order.append(free)
        left.remove(free)
    return order


def _adds_up(elements: np.ndarray, log_det: np.ndarray) -> bool:
    difference = np.abs(elements.sum(axis=1) - log_det)
    return bool(np.all(difference <= TOLERANCE * (1 + np.abs(log_det))))
