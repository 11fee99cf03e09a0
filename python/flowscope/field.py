"""A vector field dx/dt = v(x, t): which end of t is data, how its network is called, and its derivatives."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp, vmap

from .steps import Base

#: Values of an example up to which the divergence is exact if nothing else is asked for.
EXACT = 64
#: Rows that go through the network at once for derivatives.
ROWS = 2**15
#: Change of t, and of x along the path, of differences where a network has no derivative in t.
SHIFT = 1e-3

_CONVENTION = (
    "say at which t the data are and at which the noise: data_time=1, noise_time=0 as in torchcfm, flow_matching and BayesFlow, "
    "or data_time=0, noise_time=1 as in zuko and sbi. It cannot be seen from the numbers."
)


class Field:
    """A vector field for `flowscope.record`, which follows it from data to noise.

    `v` is a network or a function of PyTorch. `call` names how it is called with x [N, ...], t [N] and the context c [N, C]:
    "net(x, t)", "net(t, x)", "net(cat(x, t))", "net(x, c, t)", in any order; without it v(x, t), and v(x, t, context) where a
    context is given. `dim` is the number of features or the shape of an example. `data_time` and `noise_time` are t at the data
    and at the noise. `base` is the distribution of the noise if that is no standard normal: one of `torch.distributions`, or
    anything with log_prob(z) and sample((count,)). `module` is the network that a function v uses, for its parameters.

    Raises ValueError where the convention or the call is missing or is not understood.
    """

    def __init__(
        self,
        v: Callable[..., Tensor],
        dim: int | Sequence[int] | None = None,
        *,
        data_time: float | None = None,
        noise_time: float | None = None,
        call: str | None = None,
        base: Any = None,
        module: nn.Module | None = None,
        name: str = "",
    ) -> None:
        if not callable(v):
            raise TypeError(f"Field: v is a {type(v).__name__}; expected a module or a function of x and t.")
        if data_time is None or noise_time is None:
            raise ValueError(f"Field: {_CONVENTION}")
        if data_time == noise_time:
            raise ValueError(f"Field: data_time and noise_time are both {data_time}; {_CONVENTION}")
        self.data_time, self.noise_time = float(data_time), float(noise_time)
        self.shape = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
        self.module = v if module is None and isinstance(v, nn.Module) else module
        self.type = type(v).__name__ if isinstance(v, nn.Module) else getattr(v, "__name__", "").replace("<lambda>", "")
        self.name = name
        self.base = _base_of(base)
        self.call = call or "v(x, t)"
        self.dtype: torch.dtype | None = None
        self._v = _called(v, call)
        self._forward_mode: bool | None = None

    def velocity(self, x: Tensor, t: float, context: Tensor | None) -> Tensor:
        """v of each example. Raises ValueError and TypeError where it is not of the shape of x."""
        return self._at(x, x.new_full((len(x),), t), context)

    def _at(self, x: Tensor, t: Tensor, context: Tensor | None) -> Tensor:
        if self.shape is not None and tuple(x.shape[1:]) != self.shape:
            raise ValueError(f"Field: dim is {_said(self.shape)}; x has the shape {tuple(x.shape)}.")
        found = self._v(x, t, context)
        if not isinstance(found, Tensor):
            raise TypeError(f"Field: v gives a {type(found).__name__}; expected a tensor of the shape {tuple(x.shape)}.")
        if found.shape != x.shape:
            raise ValueError(
                f"Field: v gives the shape {tuple(found.shape)} for x {tuple(x.shape)} and t {tuple(t.shape)}; expected that "
                f'of x. Its call is {self.call}; call= names others, such as call="net(t, x)" or call="net(cat(x, t))".'
            )
        return found

    def divergence(self, x: Tensor, t: float, context: Tensor | None, probes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """v, and its divergence [N, 1], or the estimate of each of the probes [K, 1, ...], [N, K]."""
        if not self._is_forward(x, t, context):
            return self._divergence_backward(x, t, context, probes)
        vectors = _units(x) if probes is None else probes
        v, terms = None, []
        for some in _chunks(vectors, len(x)):
            v, pushed = self._pushed(x, t, context, some)
            terms.append((pushed * some).flatten(2).sum(-1))
        found = torch.cat(terms)
        return v, (found.sum(0, keepdim=True) if probes is None else found).T

    def jacobian(self, x: Tensor, t: float, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """v, and dv/dx [N, D, D]: rows are outputs."""
        if not self._is_forward(x, t, context):
            with torch.enable_grad():
                v, leaf = self._leaf(x, t, context)
                rows = [_grad(v.flatten(1)[:, i].sum(), leaf).flatten(1) for i in range(x[0].numel())]
            return v.detach(), torch.stack(rows, 1)
        v, columns = None, []
        for some in _chunks(_units(x), len(x)):
            v, pushed = self._pushed(x, t, context, some)
            columns.append(pushed.flatten(2))
        return v, torch.cat(columns).permute(1, 2, 0)

    def acceleration(self, x: Tensor, t: float, context: Tensor | None) -> Tensor:
        """How v changes along the path: dv/dt + (dv/dx) v."""
        v = self.velocity(x, t, context)
        if self._is_forward(x, t, context):
            at = x.new_full((len(x),), t)
            try:
                return jvp(lambda q, s: self._at(q, s, context), (x, at), (v, torch.ones_like(at)))[1]
            except RuntimeError:
                pass
        ahead, behind = (self.velocity(x + sign * SHIFT * v, t + sign * SHIFT, context) for sign in (1, -1))
        return (ahead - behind) / (2 * SHIFT)

    def in_double(self, x: Tensor, t: float, context: Tensor | None) -> Field:
        """The same field in float64, for states in float64; `dtype` is that of its network, which can lack float64."""
        twin = copy.copy(self)
        twin._forward_mode = None
        twin.dtype = torch.float64
        doubles = {f"module.{name}": tensor.detach().double() for name, tensor in _tensors_of(self.module)}
        if doubles:
            caller = _Caller(self.module, self._v)
            twin._v = lambda q, s, c: functional_call(caller, doubles, (q, s, c))
        try:
            twin.velocity(x[:1].double(), t, None if context is None else context[:1].double())
        except (RuntimeError, TypeError, ValueError):
            kind = twin.dtype = x.dtype
            twin._v = lambda q, s, c: self._v(q.to(kind), s.to(kind), None if c is None else c.to(kind)).to(q.dtype)
        return twin

    def _pushed(self, x: Tensor, t: float, context: Tensor | None, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """v, and (dv/dx) times each of the vectors [K, 1 or N, ...], by forward-mode differentiation."""

        def one(vector: Tensor) -> tuple[Tensor, Tensor]:
            return jvp(lambda q: self.velocity(q, t, context), (x,), (vector.expand_as(x),))

        return vmap(one, out_dims=(None, 0), randomness="same")(vectors)

    def _is_forward(self, x: Tensor, t: float, context: Tensor | None) -> bool:
        """Whether forward-mode works, which is tried once, on a row."""
        if self._forward_mode is None:
            row, row_context = x[:1], None if context is None else context[:1]
            # Errors of the network itself come from here.
            v = self.velocity(row, t, row_context)
            unit = torch.ones_like(row)
            try:
                _, (slope,) = self._pushed(row, t, row_context, unit[None])
            # Networks say in many ways that they have no derivative in this mode.
            except Exception:
                self._forward_mode = False
            else:
                self._forward_mode = True
                moved = self.velocity(row + SHIFT * unit, t, row_context)
                if bool((slope == 0).all()) and bool(((moved - v).abs() > 1e-2 * SHIFT).any()):
                    raise TypeError("Field: v has no derivative in x, although it changes with x: it detaches or copies x.")
                self._forward_mode = not self._is_faster_backward(row, t, row_context)
        return self._forward_mode

    def _is_faster_backward(self, row: Tensor, t: float, context: Tensor | None) -> bool:
        """Backward mode may win for few values, and where operations lack a forward derivative, as layer norms do."""
        if row.numel() > EXACT:
            return False
        try:
            self._divergence_backward(row, t, context, None)
        # What runs without gradients has none backward.
        except Exception:
            return False
        units, began = _units(row), time.perf_counter()
        self._pushed(row, t, context, units)
        between = time.perf_counter()
        self._divergence_backward(row, t, context, None)
        return (time.perf_counter() - between) * 2 < between - began

    def _leaf(self, x: Tensor, t: float, context: Tensor | None) -> tuple[Tensor, Tensor]:
        leaf = x.detach().clone().requires_grad_(True)
        v = self.velocity(leaf, t, context)
        if not v.requires_grad:
            raise TypeError("Field: v has no derivative in x; it has to be of PyTorch's operations, without detach or no_grad.")
        return v, leaf

    @torch.enable_grad()
    def _divergence_backward(self, x: Tensor, t: float, context: Tensor | None, probes: Tensor | None) -> tuple[Tensor, Tensor]:
        v, leaf = self._leaf(x, t, context)
        if probes is None:
            flat = v.flatten(1)
            terms = [_grad(flat[:, i].sum(), leaf).flatten(1)[:, i] for i in range(flat.shape[1])]
            return v.detach(), torch.stack(terms, 1).sum(1, keepdim=True)
        terms = [(_grad((v * probe).sum(), leaf) * probe).flatten(1).sum(1) for probe in probes]
        return v.detach(), torch.stack(terms, 1)


class _Caller(nn.Module):
    """Lets `functional_call` exchange the parameters of a network that a function calls."""

    def __init__(self, module: nn.Module, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.module, self.function = module, function

    def forward(self, *inputs: Any) -> Tensor:
        return self.function(*inputs)


def rademacher(count: int, x: Tensor, seed: int) -> Tensor:
    """Probes of 1 and -1, [count, 1, ...]: the same for all examples, so that a log-det is a function of x."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, (count, 1, *x.shape[1:]), generator=generator) * 2 - 1
    return signs.to(dtype=x.dtype, device=x.device)


def _units(x: Tensor) -> Tensor:
    size = x[0].numel()
    return torch.eye(size, dtype=x.dtype, device=x.device).reshape(size, 1, *x.shape[1:])


def _chunks(vectors: Tensor, rows: int) -> Iterator[Tensor]:
    yield from vectors.split(max(1, ROWS // rows))


def _grad(value: Tensor, leaf: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(value, leaf, retain_graph=True, allow_unused=True)
    return torch.zeros_like(leaf) if found is None else found


def _tensors_of(module: nn.Module | None) -> Iterator[tuple[str, Tensor]]:
    if module is not None:
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if tensor.is_floating_point():
                yield name, tensor


def _said(shape: Sequence[int]) -> str:
    return str(shape[0]) if len(shape) == 1 else str(tuple(shape))


def _base_of(base: Any) -> Base:
    if base is None:
        return Base()
    if isinstance(base, Base):
        return base
    if not (hasattr(base, "log_prob") and hasattr(base, "sample")):
        raise TypeError(f"Field: base is a {type(base).__name__}; expected a distribution with log_prob(z) and sample((count,)).")
    return Base(lambda z, c: base.log_prob(z), lambda count, c: base.sample((count,)))


_NAMES = {"x": "x", "t": "t", "c": "c", "context": "c"}


def _called(v: Callable[..., Tensor], call: str | None) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    if call is None:
        return lambda x, t, c: v(x, t) if c is None else v(x, t, c)
    found = re.fullmatch(r"\s*\w+\((.*)\)\s*", call)
    parts = re.findall(r"cat\([^()]*\)|\w+", found[1]) if found else []
    arguments = [re.findall(r"\w+", part.removeprefix("cat")) for part in parts]
    used = [name for names in arguments for name in names]
    if not {"x", "t"} <= set(used) <= set(_NAMES) or re.sub(r"cat\([^()]*\)|[\w,\s]", "", found[1]):
        raise ValueError(
            f'Field: call is "{call}"; expected the arguments of the network by the names x, t and c (the context), such as '
            '"net(x, t)", "net(t, x)", "net(cat(x, t))" or "net(x, c, t)". Give a function v(x, t, context) for anything else.'
        )

    def run(x: Tensor, t: Tensor, c: Tensor | None) -> Tensor:
        if c is None and {"c", "context"} & set(used):
            raise ValueError(f'Field: call is "{call}", and no context is given: flowscope.record(field, x, context).')
        named = {"x": x, "t": t, "c": c, "context": c}

        def value(part: str, names: list[str]) -> Tensor:
            if not part.startswith("cat"):
                return named[part]
            return torch.cat([named[name].unsqueeze(-1) if name == "t" else named[name] for name in names], -1)

        return v(*(value(part, names) for part, names in zip(parts, arguments, strict=True)))

    return run
