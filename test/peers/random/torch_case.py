"""Cases of libraries that build on PyTorch: random weights, the same model in both precisions."""

import copy

import numpy as np
import torch
from torch import nn

from case import LATENTS, ROWS, Case, normal


def shake(model: nn.Module, rng: np.random.Generator, size: float = 0.3) -> nn.Module:
    """Moves initial weights by random ones, so that the flow is far from the identity; gives BatchNorm statistics."""
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.requires_grad or not parameter.is_floating_point():
                continue
            scale = size / np.sqrt(parameter.shape[-1] if parameter.dim() > 1 else 4)
            parameter += torch.as_tensor(rng.normal(0, scale, tuple(parameter.shape)), dtype=parameter.dtype)
        for module in model.modules():
            for name, buffer in module.named_buffers(recurse=False):
                if name == "running_mean":
                    buffer.copy_(torch.as_tensor(rng.normal(0, 0.3, tuple(buffer.shape))))
                if name == "running_var":
                    buffer.copy_(torch.as_tensor(rng.uniform(0.5, 2, tuple(buffer.shape))))
    return model.eval()


def rounded(model: nn.Module) -> nn.Module:
    """The same with each weight replaced by one of the two next to it in float32."""
    moved = copy.deepcopy(model)
    sides = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in moved.parameters():
            if parameter.dtype == torch.float32:
                up = torch.rand(parameter.shape, generator=sides) < 0.5
                parameter.copy_(torch.nextafter(parameter, torch.where(up, torch.inf, -torch.inf)))
    return moved


def torch_case(
    model: nn.Module,
    rng: np.random.Generator,
    *,
    shape: tuple[int, ...],
    context: int | tuple[int, ...] | None = None,
    forward,
    inverse,
    latents: tuple[int, ...] | None = None,
    x: np.ndarray | None = None,
    z_in: np.ndarray | None = None,
    **rest,
) -> Case:
    """`forward(model, x, context)` and `inverse(model, z, context)` compute with tensors of the model's precision.

    `shape` is that of one x, `latents` that of one z, `context` that of one context, or how many numbers it has.
    """
    models = {"float64": copy.deepcopy(model).double(), "float32": model, "rounded": rounded(model)}

    def call(function, precision, *given):
        dtype = torch.float64 if precision == "float64" else torch.float32
        torch.set_default_dtype(dtype)
        try:
            with torch.no_grad():
                tensors = (None if values is None else torch.as_tensor(values, dtype=dtype) for values in given)
                out = function(models[precision], *tensors)
        finally:
            torch.set_default_dtype(torch.float32)
        return tuple(part.numpy() for part in out) if isinstance(out, tuple) else out.numpy()

    return Case(
        x=normal(rng, ROWS, shape, 1.2) if x is None else x.astype(np.float32),
        z_in=normal(rng, LATENTS, latents or shape) if z_in is None else z_in.astype(np.float32),
        context=normal(rng, ROWS, context if isinstance(context, tuple) else (context,)) if context else None,
        forward=lambda precision, *given: call(forward, precision, *given),
        inverse=inverse and (lambda precision, *given: call(inverse, precision, *given)),
        precisions=tuple(models),
        **rest,
    )
