"""Takes flows of PyTorch libraries apart into steps from data to latent. Flows are known by their structure: no library is
imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .field import Field
from .field_libraries import field_chain, is_zuko_field, zuko_field_step
from .slices import field_step
from .steps import Base, Chain, Result, Step


def chain_of(flow: Any, context: Tensor | None) -> Chain:
    """Raises TypeError, saying what to give instead, where no steps are found."""
    for read in (field_chain, _nflows, _zuko, _normflows, _freia_sequence, _freia_graph):
        found = read(flow, context)
        if found is not None:
            return found
    if isinstance(flow, (Sequence, nn.ModuleList, nn.Sequential)):
        return Chain([_plain(index, layer) for index, layer in enumerate(flow)], Base())
    raise TypeError(
        f"{type(flow).__name__}: no layers were found in it. Give a flow of nflows, zuko, normflows or FrEIA, or a list of "
        "layers from data to latent: modules whose call gives (y, log_det) and whose inverse(y) gives x, or flowscope.Step. For "
        "a vector field (flow matching, a diffusion's ODE) give flowscope.Field(v, dim=…, data_time=…, noise_time=…)."
    )


def _plain(index: int, layer: Any) -> Step:
    if isinstance(layer, Step):
        return layer
    if isinstance(layer, Field):
        return field_step(layer.name, layer)
    if not callable(layer):
        raise TypeError(f"Layer {index} is a {type(layer).__name__}; expected a module or flowscope.Step.")
    inverse = getattr(layer, "inverse", None)
    return Step(
        str(index),
        lambda h, c: layer(h) if c is None else layer(h, c),
        None if inverse is None else lambda h, c: inverse(h) if c is None else inverse(h, c),
        layer if isinstance(layer, nn.Module) else None,
        type(layer).__name__,
    )


def _nflows(flow: Any, context: Tensor | None) -> Chain | None:
    """Also of glasflow and sbi, whose flows are those of nflows."""
    inner = flow if hasattr(flow, "_transform") else getattr(flow, "net", None)
    if not (hasattr(inner, "_transform") and hasattr(inner, "_distribution")):
        return None
    distribution = inner._distribution

    def draw(count: int, row_contexts: Tensor | None) -> Tensor:
        if row_contexts is None:
            return distribution.sample(count)
        return distribution.sample(1, context=row_contexts).reshape(count, -1)

    embed = getattr(inner, "_embedding_net", None)
    normal = type(distribution).__name__ == "StandardNormal"
    return Chain(
        [_nflows_step(name, module) for name, module in _nflows_modules("_transform", inner._transform)],
        Base(None if normal else lambda z, c: distribution.log_prob(z, context=c), draw),
        "nflows",
        embed if isinstance(embed, nn.Module) else None,
    )


def _nflows_modules(name: str, module: Any) -> Iterable[tuple[str, Any]]:
    inside = getattr(module, "_transforms", None)
    # A multiscale composite splits latents off between its transforms; it stays one layer.
    if isinstance(inside, nn.ModuleList) and not hasattr(module, "_split_dim"):
        for index, one in enumerate(inside):
            yield from _nflows_modules(f"{name}._transforms.{index}", one)
    else:
        yield name, module


def _nflows_step(name: str, module: Any) -> Step:
    return Step(
        name,
        lambda h, c: module(h, context=c),
        lambda h, c: module.inverse(h, context=c)[0],
        module,
    )


def _zuko(flow: Any, context: Tensor | None) -> Chain | None:
    transform, base = getattr(flow, "transform", None), getattr(flow, "base", None)
    if not (isinstance(flow, nn.Module) and isinstance(transform, nn.Module) and isinstance(base, nn.Module)):
        return None
    inside = getattr(transform, "transforms", None)
    modules = list(inside) if isinstance(inside, nn.ModuleList) else [transform]
    names = [f"transform.transforms.{i}" for i in range(len(modules))] if inside is not None else ["transform"]

    def log_prob(z: Tensor, c: Tensor | None) -> Tensor:
        return flow(c).base.log_prob(z)

    def draw(count: int, c: Tensor | None) -> Tensor:
        return flow(c).base.sample((count,) if c is None else ())

    return Chain(
        [_zuko_step(name, module) for name, module in zip(names, modules, strict=True)],
        Base(log_prob, draw),
        "zuko",
    )


def _zuko_step(name: str, module: nn.Module) -> Step:
    if is_zuko_field(module):
        return zuko_field_step(name, module)

    def forward(h: Tensor, c: Tensor | None) -> Result:
        transform = module(c)
        if hasattr(transform, "call_and_ladj"):
            return transform.call_and_ladj(h)
        y = transform(h)
        return y, transform.log_abs_det_jacobian(h, y)

    return Step(name, forward, lambda h, c: module(c).inv(h), module, _zuko_type(module))


def _zuko_type(module: nn.Module) -> str:
    meta = getattr(module, "meta", None) or getattr(module, "f", None)
    inner = getattr(meta, "func", meta)
    name = getattr(inner, "__name__", "")
    class_name = type(module).__name__
    return f"{class_name} ({name})" if name and class_name.startswith("Unconditional") else class_name


def _normflows(flow: Any, context: Tensor | None) -> Chain | None:
    """Its layers run from latent to data, so that their inverses are the steps."""
    base, flows = getattr(flow, "q0", None), getattr(flow, "flows", None)
    if base is None or not isinstance(flows, nn.ModuleList):
        return None
    # Its classes are of the base alone.
    classes = type(flow).__name__ == "ClassCondFlow"
    if isinstance(base, nn.ModuleList):
        raise TypeError("A MultiscaleFlow has several bases; give a list of its layers as flowscope.Step instead.")

    def log_prob(z: Tensor, c: Tensor | None) -> Tensor:
        return base.log_prob(z) if c is None else base.log_prob(z, c)

    def draw(count: int, c: Tensor | None) -> Tensor:
        return (base(count) if c is None else base(count, c))[0]

    steps = [_normflows_step(f"flows.{i}", flows[i], not classes) for i in reversed(range(len(flows)))]
    return Chain(steps, Base(log_prob, draw), "normflows")


def _normflows_step(name: str, module: Any, conditional: bool) -> Step:
    # Layers without a context do not take one, not even in a conditional flow's list.
    def with_context(c: Tensor | None) -> dict[str, Tensor]:
        return {} if c is None or not conditional else {"context": c}

    def forward(h: Tensor, c: Tensor | None) -> Result:
        try:
            return module.inverse(h, **with_context(c))
        except NotImplementedError as error:
            raise TypeError(
                f"{name} ({type(module).__name__}): leads from latent to data only, so that neither it nor normflows can take "
                "data to the latent. A recording needs that way; give a flow whose layers have an inverse."
            ) from error

    def inverse(h: Tensor, c: Tensor | None) -> Tensor:
        return module(h, **with_context(c))[0]

    return Step(name, forward, inverse, module)


def _freia_sequence(flow: Any, context: Tensor | None) -> Chain | None:
    modules, conditions = getattr(flow, "module_list", None), getattr(flow, "conditions", None)
    if not isinstance(modules, nn.ModuleList) or conditions is None or hasattr(flow, "node_list"):
        return None
    steps = [_freia_step(f"module_list.{i}", module, conditions[i] is not None) for i, module in enumerate(modules)]
    return Chain(steps, Base(), "FrEIA")


def _freia_graph(flow: Any, context: Tensor | None) -> Chain | None:
    nodes, modules = getattr(flow, "node_list", None), getattr(flow, "module_list", None)
    if nodes is None or not isinstance(modules, nn.ModuleList):
        return None
    computing = [node for node in nodes if getattr(node, "module", None) is not None]
    if any(len(node.inputs) != 1 or len(node.outputs) != 1 for node in computing):
        raise TypeError(
            "The nodes of this GraphINN are no chain: one has several inputs or outputs. Give a list of flowscope.Step, each "
            "a part of it with one input and one output."
        )
    by_input = {id(node.inputs[0][0]): node for node in computing}
    start = next(node for node in nodes if type(node).__name__ == "InputNode")
    names = {id(module): f"module_list.{i}" for i, module in enumerate(modules)}
    steps, at = [], by_input.get(id(start))
    while at is not None:
        steps.append(_freia_step(names[id(at.module)], at.module, len(at.conditions) > 0))
        at = by_input.get(id(at))
    if len(steps) != len(computing):
        raise TypeError("The nodes of this GraphINN are no chain; give a list of flowscope.Step.")
    return Chain(steps, Base(), "FrEIA")


def _freia_step(name: str, module: Any, conditional: bool) -> Step:
    def run(h: Tensor, c: Tensor | None, rev: bool) -> Result:
        conditions = {"c": [c]} if conditional else {}
        # IResNetLayer differentiates, and does not switch gradients on for it.
        with torch.set_grad_enabled(torch.is_grad_enabled() or hasattr(module, "hutchinson_samples")):
            (y,), log_det = module((h,), rev=rev, jac=True, **conditions)
        return y, log_det

    return Step(name, lambda h, c: run(h, c, False), lambda h, c: run(h, c, True)[0], module)
