"""Vector fields of libraries, whose conventions are known: sbi, flow_matching, torchcfm, and zuko's inside of its flows. They are
known by their structure and the names of their classes: no library is imported."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .field import Field
from .slices import field_step
from .solvers import Solver
from .steps import Base, Chain, Step


def field_chain(flow: Any, context: Tensor | None) -> Chain | None:
    if isinstance(flow, Field):
        return Chain([field_step(flow.name, flow)], flow.base)
    return _sbi(flow) or _flow_matching(flow, context) or _torchcfm(flow)


def module_of(flow: Any) -> nn.Module | None:
    """The network whose parameters are the flow's."""
    if isinstance(flow, Field):
        return flow.module
    for name in ("vector_field_estimator", "velocity_model"):
        inside = getattr(flow, name, None)
        if isinstance(inside, nn.Module):
            return inside
    return flow if isinstance(flow, nn.Module) else None


def _sbi(flow: Any) -> Chain | None:
    """A posterior of FMPE or NPSE, or its estimator: data at t_min. sbi's z-scoring is inside of the field, or a layer before."""
    estimator = getattr(flow, "vector_field_estimator", flow)
    if not (isinstance(estimator, nn.Module) and hasattr(estimator, "ode_fn") and hasattr(estimator, "mean_base")):
        return None

    def v(theta: Tensor, t: Tensor, x: Tensor | None = None) -> Tensor:
        if x is None:
            raise ValueError(
                f"{type(flow).__name__}: its field depends on the observation. Give one for each row of theta: "
                "flowscope.record(posterior, theta, x)."
            )
        return estimator.ode_fn(theta, x, t)

    field = Field(
        v,
        data_time=float(estimator.t_min),
        noise_time=float(estimator.t_max),
        module=estimator,
    )
    field.call, field.type = "ode_fn(x, c, t)", type(estimator).__name__
    ode = getattr(getattr(flow, "potential_fn", None), "neural_ode", None)
    steps = [field_step("", field, _tolerances(getattr(ode, "params", {})))]
    if bool(getattr(estimator, "compose_enabled", False)):
        steps.insert(0, Step.standardize("z-score", estimator._theta_shift[0], estimator._theta_scale[0]))
    mean, std = estimator.mean_base.detach(), estimator.std_base.detach()
    if bool((mean == 0).all()) and bool((std == 1).all()):
        return Chain(steps, Base(), "sbi")

    def log_prob(z: Tensor, c: Tensor | None) -> Tensor:
        return torch.distributions.Normal(mean.to(z), std.to(z)).log_prob(z).flatten(1).sum(1)

    def draw(count: int, c: Tensor | None) -> Tensor:
        return mean + std * torch.randn(count, *mean.shape[1:], dtype=mean.dtype, device=mean.device)

    return Chain(steps, Base(log_prob, draw), "sbi")


def _tolerances(options: dict[str, Any]) -> Solver:
    """zuko's solver, which sbi uses too, with its defaults."""
    return Solver("dopri5", rtol=float(options.get("rtol", 1e-5)), atol=float(options.get("atol", 1e-6)))


def _flow_matching(flow: Any, context: Tensor | None) -> Chain | None:
    """A ModelWrapper of flow_matching, or the ODESolver that samples with a model: data at t = 1."""
    model = getattr(flow, "velocity_model", flow)
    names = {one.__name__ for one in type(flow).__mro__ if one.__module__.split(".")[0] == "flow_matching"}
    if not names & {"ODESolver", "ModelWrapper"}:
        return None
    if context is not None:
        raise ValueError(
            f"{type(flow).__name__}: it takes what it is given besides x and t by name. Say which: "
            "flowscope.Field(lambda x, t, c: model(x=x, t=t, label=c), module=model, data_time=1, noise_time=0)."
        )
    field = Field(
        lambda x, t, c=None: model(x=x, t=t),
        data_time=1,
        noise_time=0,
        module=model if isinstance(model, nn.Module) else None,
    )
    field.call, field.type = "model(x=x, t=t)", type(model).__name__
    return Chain([field_step("", field)], Base(), "flow_matching")


def _torchcfm(flow: Any) -> Chain | None:
    """The wrapper that torchcfm gives to solvers: data at t = 1. Of a network alone nothing says how t enters."""
    if type(flow).__name__ != "torch_wrapper" or type(flow).__module__.split(".")[0] != "torchcfm":
        return None
    field = Field(flow.model, data_time=1, noise_time=0, call="net(cat(x, t))")
    return Chain([field_step("", field)], Base(), "torchcfm")


def is_zuko_field(module: nn.Module) -> bool:
    return isinstance(getattr(module, "ode", None), nn.Module) and hasattr(module, "times") and hasattr(module, "freqs")


def zuko_field_step(name: str, module: Any) -> Step:
    """A free-form Jacobian transform: from data at times[0] to noise at times[1]."""
    begin, end = (float(t) for t in module.times)
    field = Field(lambda x, t, c=None: module.f(t, x, c), data_time=begin, noise_time=end, module=module)
    field.call, field.type = "f(t, x, c)", type(module).__name__
    return field_step(
        name,
        field,
        _tolerances({"rtol": module.rtol, "atol": module.atol}),
        inverse=lambda h, c: module(c).inv(h),
        forward=lambda h, c: module(c).call_and_ladj(h),
    )
