"""Where NaN or Inf first appeared in what a loss was computed from: PyTorch keeps for the gradient what operations were given."""

from __future__ import annotations

import contextlib
import heapq
import re
import traceback
from types import TracebackType
from typing import Any

import torch
from torch import Tensor


def is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor.detach()).all())


def nan_in_trace(trace: TracebackType | None) -> Tensor | None:
    """The innermost variable of an error's frames that has NaN and was computed from parameters.

    Distributions and splines raise an error about NaN, so no loss is ever computed.
    """
    frames = [frame for frame, _ in traceback.walk_tb(trace)]
    for frame in reversed(frames):
        for value in frame.f_locals.values():
            # Tensors without data do not say whether they have NaN.
            with contextlib.suppress(RuntimeError):
                if isinstance(value, Tensor) and value.grad_fn is not None and bool(value.detach().isnan().any()):
                    return value
    return None


def first_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def first_operation(loss: Tensor, names: dict[int, str]) -> str | None:
    """The first operation that kept something which is not finite, and the layer it came after. `names`: of parameters, by id."""
    for node in sorted(_nodes_of(loss), key=_order):
        kept = [key for key in dir(node) if key.startswith("_saved_")]
        for key in sorted(kept, key=lambda key: key == "_saved_result"):
            if not all(is_finite(each) for each in _tensors_in(node, key)):
                operation = name_of(node)
                what = f"the result of {operation}" if key == "_saved_result" else f"an input of {operation}"
                layer = _layer_before(node, names)
                return f"{what}, after layer {layer}" if layer else what
    return None


def name_of(node: Any) -> str:
    return re.sub(r"Backward\d*$", "", node.name().rsplit("::")[-1]).lower()


def _nodes_of(loss: Tensor) -> set[Any]:
    nodes, waiting = set(), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in nodes:
            nodes.add(node)
            waiting += [before for before, _ in node.next_functions]
    return nodes


def _order(node: Any) -> int:
    """Later operations have larger numbers."""
    return node._sequence_nr()


def _tensors_in(node: Any, key: str) -> list[Tensor]:
    try:
        found = getattr(node, key)
    except RuntimeError:
        # It was freed, or changed in place.
        return []
    return [
        each
        for each in (found if isinstance(found, (tuple, list)) else [found])
        if isinstance(each, Tensor) and each.is_floating_point()
    ]


def _layer_before(node: Any, names: dict[int, str]) -> str | None:
    """That of the parameter which was used last before an operation."""
    waiting, seen, number = [(-_order(node), 0, node)], {node}, 0
    while waiting:
        _, _, found = heapq.heappop(waiting)
        for before, _ in found.next_functions:
            if before is None or before in seen:
                continue
            seen.add(before)
            name = names.get(id(getattr(before, "variable", None)))
            if name is not None:
                return name.rpartition(".")[0] or name
            number += 1
            heapq.heappush(waiting, (-_order(before), number, before))
    return None
