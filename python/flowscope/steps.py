"""What a flow is taken apart into: steps from data to latent, and the distribution of the latent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

#: Values and log-det: of each example, or one for all.
Result = tuple[Tensor, Any]


@dataclass
class Step:
    """One layer: `forward` leads from data towards the latent and gives log|det dy/dx|; `inverse` leads back."""

    name: str
    forward: Callable[[Tensor, Tensor | None], Result]
    inverse: Callable[[Tensor, Tensor | None], Any] | None = None
    module: nn.Module | None = None
    #: What the layer is called in its library.
    type: str = ""
    #: The vector field of a layer that follows one, and the solver of its library.
    field: Any = None
    solver: Any = None
    #: The slice of time that the layer is of the field's way.
    slice: Any = None

    def __post_init__(self) -> None:
        if not self.type and self.module is not None:
            self.type = type(self.module).__name__

    @classmethod
    def of_arrays(
        cls,
        name: str,
        forward: Callable[[Any, Any], tuple[Any, Any]],
        inverse: Callable[[Any, Any], Any] | None = None,
        type: str = "",
    ) -> Step:
        """A layer that is two functions of NumPy or JAX arrays, each given (values [N, ...], context [N, C] or None).
        Derivatives are those of JAX; functions that run on NumPy alone have none."""
        back = inverse and (lambda h, c: _tensor_of(inverse(*_arrays_of(h, c)), h))
        return cls(name, lambda h, c: _OfArrays.apply(h, c, forward), back, type=type)

    @classmethod
    def standardize(cls, name: str, mean: Any, std: Any) -> Step:
        """(x - mean) / std by feature, as data are before a flow or a vector field that was trained on standardized ones."""
        mean, std = torch.as_tensor(mean), torch.as_tensor(std)
        if not bool((std > 0).all()):
            raise ValueError(f"{name}: std has to be positive everywhere; it is {std.tolist()}.")

        def forward(h: Tensor, c: Tensor | None) -> Result:
            scale = std.to(h).expand(h.shape[1:])
            return (h - mean.to(h)) / scale, -scale.log().sum()

        return cls(name, forward, lambda z, c: mean.to(z) + std.to(z) * z, type="standardize")


class _OfArrays(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, h: Tensor, context: Tensor | None, function: Callable[..., Any]) -> tuple[Tensor, Tensor]:
        values, condition = _arrays_of(h, context)
        y, log_det = function(values, condition)
        ctx.pull = lambda grad: _pulled(function, values, condition, y, grad)
        return _tensor_of(y, h), _tensor_of(log_det, h)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor, None, None]:
        return ctx.pull(grad), None, None


def _pulled(function: Callable[..., Any], values: Any, condition: Any, y: Any, grad: Tensor) -> Tensor:
    if not type(y).__module__.startswith("jax"):
        raise NotImplementedError("functions of NumPy arrays have no derivatives")
    import jax

    (found,) = jax.vjp(lambda h: function(h, condition)[0], values)[1](np.asarray(grad.cpu(), dtype=y.dtype))
    return _tensor_of(found, grad)


def _arrays_of(h: Tensor, context: Tensor | None) -> tuple[np.ndarray, np.ndarray | None]:
    return h.detach().cpu().numpy(), None if context is None else context.detach().cpu().numpy()


def _tensor_of(values: Any, like: Tensor) -> Tensor:
    return torch.as_tensor(np.array(values), dtype=like.dtype, device=like.device)


@dataclass
class Base:
    """The distribution of z. Without functions it is a standard normal."""

    log_prob: Callable[[Tensor, Tensor | None], Tensor] | None = None
    #: `count` latents, given the contexts of as many examples where the flow takes one.
    draw: Callable[[int, Tensor | None], Tensor] | None = None


@dataclass
class Chain:
    steps: list[Step]
    base: Base
    library: str | None = None
    #: What all layers are given in place of the context.
    embed: Callable[[Tensor], Tensor] | None = None


def standard_normal(z: Tensor) -> Tensor:
    """ln p(z) of each example."""
    flat = z.flatten(1).double()
    return (-0.5 * flat**2 - 0.5 * float(torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64)))).sum(1)
