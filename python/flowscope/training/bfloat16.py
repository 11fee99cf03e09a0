"""Products and convolutions of the networks in bfloat16; log-dets, and what layers do with the networks' results, in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


def use_bfloat16(flow: nn.Module) -> None:
    """From now on, of each network that a layer is given its parameters by: they are called net, shiftNet and so on."""
    for name, network in flow.named_modules():
        if name.rpartition(".")[2].endswith(("net", "Net")):
            for method in ("forward", "training_pass"):
                if hasattr(network, method):
                    setattr(network, method, _in_bfloat16(getattr(network, method)))


def _in_bfloat16(compute: Callable[..., Any]) -> Callable[..., Any]:
    def run(*inputs: Tensor) -> Any:
        with torch.autocast(inputs[0].device.type, torch.bfloat16):
            found = compute(*inputs)
        return tuple(map(_widened, found)) if isinstance(found, tuple) else _widened(found)

    return run


def _widened(values: Tensor) -> Tensor:
    return values.float() if values.dtype == torch.bfloat16 else values
