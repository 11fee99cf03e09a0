"""Follows the user's own training loop: listens to the optimizer's steps and to the losses that backward is called on."""

from __future__ import annotations

import functools
import logging
import math
import os
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from .not_finite import first_of, first_operation, is_finite, name_of, nan_in_trace
from .run import Run, finite

#: Seconds between two writings of what was measured.
WRITE_EVERY = 1.0

logger = logging.getLogger("flowscope")


def watch(
    flow: Any,
    every: int = 100,
    folder: str | os.PathLike[str] = "runs",
    *,
    name: str | None = None,
    x: Any = None,
    context: Any = None,
    record_every: int = 1000,
) -> Watch:
    """Writes a run while a training loop runs in the block, which stays as it is:

    with flowscope.watch(flow):
        train(flow, data)

    A step is one of a PyTorch optimizer that has parameters of `flow`, a module or a list of layers. Its loss is the sum of what
    was called `backward` on since the step before and changed their gradients. Every `every` steps, the norms of gradient
    and parameters are measured. The first step whose loss is not finite is looked into at once on the CPU, and at the
    next measurement on other devices.

    The run is a new folder in `folder`, called `name` or after the class of the flow. With `x`, and `context` for a
    conditional flow, it has a recording every `record_every` steps; in any case, the state dict of the end. Where writing
    fails, the training goes on without. Of several processes, the first one writes.
    """
    if every < 1 or record_every < 1:
        raise ValueError(f"every is {every} and record_every {record_every}; expected steps, at least 1.")
    named = list(_named_parameters(flow))
    if not named:
        raise ValueError(f"{type(flow).__name__}: has no parameters. Give the module that is trained, or a list of its layers.")
    return Watch(flow, named, every, Path(folder), name or type(flow).__name__.lower(), x, context, record_every)


class Watch:
    """What `flowscope.watch` returns. `folder` and `run` are those that it writes, None in processes that write none."""

    run: Run | None = None

    def __init__(
        self,
        flow: Any,
        named: list[tuple[str, nn.Parameter]],
        every: int,
        parent: Path,
        name: str,
        x: Any,
        context: Any,
        record_every: int,
    ) -> None:
        self.flow, self.every, self.x, self.context, self.record_every = flow, every, x, context, record_every
        #: Optimizer steps so far.
        self.step = 0
        self._named = named
        self._parameters = [parameter for _, parameter in named]
        self._ids = set(map(id, self._parameters))
        self._parent, self._name = parent, name
        self._optimizers: weakref.WeakKeyDictionary[Optimizer, tuple[int, bool]] = weakref.WeakKeyDictionary()
        #: The optimizer whose steps are counted: several may share the parameters.
        self._counted: Callable[[], Optimizer | None] = lambda: None
        self._in_step = False
        #: Of this step so far: its loss, and what else was measured.
        self._loss: float | Tensor | None = None
        self._measured: dict[str, float] = {}
        self._gradients: list[tuple[int, int]] = []
        #: Rows that are not written yet. The newest one waits for what `log` adds.
        self._rows: list[tuple[int, float, float | Tensor | None, dict[str, Any]]] = []
        self._written = time.monotonic()
        #: The first step known to be not finite, and whether its place was reported.
        self._bad_step: int | None = None
        self._explained = False
        self._scaled: tuple[weakref.ref[Tensor], Tensor] | None = None
        self._active = False

    @property
    def folder(self) -> Path | None:
        return self.run and self.run.folder

    def log(self, **values: Any) -> None:
        """Adds measurements to the line of the newest step, such as `val`, nats of an example."""
        if self._rows:
            self._rows[-1][3].update(finite(values))

    def __enter__(self) -> Watch:
        if torch.distributed.is_available() and torch.distributed.is_initialized() and torch.distributed.get_rank() != 0:
            return self
        count = sum(parameter.numel() for _, parameter in self._named)
        config = {"writer": "flowscope.watch", "flow": type(self.flow).__name__, "parameterCount": count, "every": self.every}
        self.run = Run(_new_folder(self._parent, self._name), config)
        self._active = True
        self._handles = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ]
        _Backward.start(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.run is None:
            return
        _Backward.stop(self)
        for handle in self._handles:
            handle.remove()
        self._guarded(lambda: self._end(kind, trace))
        if self._active:
            self._active = False
            try:
                self.run.__exit__(kind, error, trace)
            except Exception as problem:
                logger.warning("%s: the end of the run could not be written: %s", self.run.folder, problem)

    def _end(self, kind: type[BaseException] | None, trace: TracebackType | None) -> None:
        assert self.run is not None
        self._write(self._rows)
        if self._bad_step is None and kind is not None and issubclass(kind, Exception):
            bad = nan_in_trace(trace)
            if bad is not None:
                self._explain(self.step + 1, self._first_not_finite(bad, f"the result of {name_of(bad.grad_fn)}"))
        if self._bad_step is not None and not self._explained:
            self._explain(self._bad_step, "NaN or Inf first appears in the loss")
        if self.step > 0 and (kind is None or issubclass(kind, KeyboardInterrupt)):
            self._checkpoint()

    def _guarded(self, work: Callable[[], None]) -> None:
        """What goes wrong here does not end the training."""
        if not self._active:
            return
        try:
            work()
        except Exception as error:
            self._active = False
            assert self.run is not None
            logger.warning("%s: is not followed any further: %s. The training goes on.", self.run.folder, error)
            # The hooks stay until the block ends: PyTorch goes through them now.
            try:
                self.run.finish("failed", f"It was not followed further. {type(error).__name__}: {error}"[:500])
            except Exception as problem:
                logger.warning("%s: the end of the run could not be written: %s", self.run.folder, problem)

    # What the loop does.

    def before_backward(self, tensors: Any, gradients: Any) -> Callable[[], None]:
        """What to do afterwards."""
        value: float | Tensor | None = None
        where: str | None = None
        is_scaled, is_sampled = False, self._is_sampled
        for tensor, gradient in _pairs(tensors, gradients):
            if self._scaled is not None and self._scaled[0]() is tensor:
                loss, is_scaled = self._scaled[1], True
            else:
                loss = _loss_of(tensor, gradient)
            if loss is None:
                continue
            # Reading what another device computes would wait for it.
            on_cpu = loss.device.type == "cpu"
            number = loss.item() if on_cpu else loss.detach().clone()
            value = number if value is None else value + number
            may_read = not self._explained and (is_sampled or on_cpu or self._bad_step is not None)
            if may_read and where is None and (self._bad_step is not None or not math.isfinite(float(number))):
                where = self._first_not_finite(tensor, "the loss")
        before = [_state_of(parameter.grad) for parameter in self._parameters]
        self._scaled = None

        def after() -> None:
            if value is None or not self._have_changed(before):
                # It was another network's.
                return
            if where is not None:
                self._explain(self.step + 1 if self._bad_step is None else self._bad_step, where)
            # A closure may be called several times in a step: the first time is at the parameters before it.
            if self._loss is None or not self._in_step:
                self._loss = value if self._loss is None else self._loss + value
            if is_sampled and not is_scaled:
                self._measure_gradient()

        return after

    def scaled(self, result: Any, loss: Any) -> None:
        """A GradScaler multiplies the loss that backward is called on."""
        if isinstance(result, Tensor) and isinstance(loss, Tensor) and result is not loss:
            self._scaled = weakref.ref(result), loss.detach()

    def _before_step(self, optimizer: Optimizer, *_: Any) -> None:
        if not self._active or not self._is_ours(optimizer):
            return
        self._in_step = True
        # Those of a scaled loss have their size now.
        if self._is_sampled and self._loss is not None and "gradientNorm" not in self._measured:
            self._guarded(self._measure_gradient)

    def _after_step(self, optimizer: Optimizer, *_: Any) -> None:
        if self._active and self._is_ours(optimizer):
            self._in_step = False
            self._guarded(lambda: self._count(optimizer))

    # What is written.

    @property
    def _is_sampled(self) -> bool:
        """Of the step that is being made."""
        return self.step == 0 or (self.step + 1) % self.every == 0

    def _count(self, optimizer: Optimizer) -> None:
        assert self.run is not None
        if self._loss is None and self._counted() not in (None, optimizer):
            return
        self._counted = weakref.ref(optimizer)
        if self._is_sampled:
            self._measured["parameterNorm"] = _norm([parameter.detach() for parameter in self._parameters])
        self.step += 1
        if self.step % self.every == 0 or time.monotonic() - self._written >= WRITE_EVERY:
            self._write(self._rows)
            self._rows = []
        values = {"learningRate": optimizer.param_groups[0].get("lr"), **self._measured}
        self._rows.append((self.step, self.run.seconds, self._loss, values))
        self._loss, self._measured = None, {}
        if self.x is not None and self.step % self.record_every == 0:
            self._checkpoint()

    def _write(self, rows: list[tuple[int, float, float | Tensor | None, dict[str, Any]]]) -> None:
        assert self.run is not None
        self._written = time.monotonic()
        lines = []
        for step, seconds, loss, values in rows:
            row = finite({"loss": loss, **values})
            if loss is not None and "trainNats" not in row and self._bad_step is None:
                self._bad_step = step
            lines.append({"step": step, "seconds": seconds, **row})
        if lines:
            self.run.write_rows(lines)

    def _checkpoint(self) -> None:
        assert self.run is not None
        try:
            # A finer solver of a vector field would hold up the training.
            self.run.checkpoint(self.step, self.flow, self.x, self.context, reference=False)
        except OSError:
            raise
        except Exception as error:
            logger.warning("%s: there are no recordings of this flow: %s", self.run.folder, error)
            self.x = None

    # What is measured.

    def _is_ours(self, optimizer: Optimizer) -> bool:
        groups = optimizer.param_groups
        count, known = self._optimizers.get(optimizer, (0, False))
        if count != len(groups):
            known = any(id(parameter) in self._ids for group in groups for parameter in group["params"])
            self._optimizers[optimizer] = len(groups), known
        return known

    def _have_changed(self, before: list[tuple[int, int] | None]) -> bool:
        return any(_state_of(parameter.grad) != was for parameter, was in zip(self._parameters, before, strict=True))

    def _measure_gradient(self) -> None:
        named = [(name, parameter.grad) for name, parameter in self._named if parameter.grad is not None]
        norm = _norm([gradient for _, gradient in named])
        self._measured["gradientNorm"] = norm
        if not math.isfinite(norm) and not self._explained:
            bad = [name for name, gradient in named if not is_finite(gradient)]
            self._explain(self.step + 1, f"NaN or Inf first appears in the gradient of {first_of(bad)}; the loss is finite")

    def _first_not_finite(self, tensor: Tensor, name: str) -> str:
        """In words, where NaN or Inf in `tensor`, called `name`, came from. What led to it is known until backward is called."""
        bad = [name for name, parameter in self._named if not is_finite(parameter)]
        if bad:
            return f"NaN or Inf first appears in the parameter {first_of(bad)}, before this step"
        names = {id(parameter): name for name, parameter in self._named}
        return f"NaN or Inf first appears in {first_operation(tensor, names) or name}"

    def _explain(self, step: int, where: str) -> None:
        assert self.run is not None
        self._bad_step, self._explained = step, True
        logger.warning("%s: step %d is not finite: %s", self.run.folder, step, where)
        self.run.found_not_finite(step, where)


class _Backward:
    """torch.autograd.backward, which Tensor.backward calls, and GradScaler.scale while a training is followed."""

    watching: tuple[Watch, ...] = ()
    is_running = False
    backward = scale = ours = our_scale = None

    @classmethod
    def start(cls, watch: Watch) -> None:
        if not cls.watching:
            cls.backward, cls.scale = torch.autograd.backward, torch.amp.GradScaler.scale
            cls.ours, cls.our_scale = cls._listening(cls.backward), cls._scaling(cls.scale)
            torch.autograd.backward, torch.amp.GradScaler.scale = cls.ours, cls.our_scale
        cls.watching = (*cls.watching, watch)

    @classmethod
    def stop(cls, watch: Watch) -> None:
        cls.watching = tuple(each for each in cls.watching if each is not watch)
        # Others may have put theirs around ours, which then goes on without listening.
        if not cls.watching and torch.autograd.backward is cls.ours:
            torch.autograd.backward = cls.backward
        if not cls.watching and torch.amp.GradScaler.scale is cls.our_scale:
            torch.amp.GradScaler.scale = cls.scale

    @classmethod
    def _listening(cls, backward: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(backward)
        def listening(tensors: Any, grad_tensors: Any = None, *more: Any, **options: Any) -> None:
            # Checkpointed parts of a flow call it while it runs.
            if cls.is_running or not cls.watching:
                return backward(tensors, grad_tensors, *more, **options)
            cls.is_running = True
            try:
                afterwards: list[tuple[Watch, Callable[[], None]]] = []
                for each in cls.watching:
                    each._guarded(lambda each=each: afterwards.append((each, each.before_backward(tensors, grad_tensors))))
                backward(tensors, grad_tensors, *more, **options)
                for each, after in afterwards:
                    each._guarded(after)
            finally:
                cls.is_running = False

        return listening

    @classmethod
    def _scaling(cls, scale: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(scale)
        def scaling(scaler: Any, outputs: Any) -> Any:
            result = scale(scaler, outputs)
            for each in cls.watching:
                each.scaled(result, outputs)
            return result

        return scaling


def _named_parameters(flow: Any) -> Iterator[tuple[str, nn.Parameter]]:
    """Those that can be trained. Of a list of layers they are called as in its checkpoints."""
    if isinstance(flow, nn.Module):
        parts = [("", flow)]
    else:
        modules = [getattr(layer, "module", layer) for layer in flow]
        parts = [(f"{number}.", module) for number, module in enumerate(modules) if isinstance(module, nn.Module)]
    for prefix, module in parts:
        for name, parameter in module.named_parameters():
            if parameter.requires_grad:
                yield prefix + name, parameter


def _new_folder(parent: Path, name: str) -> Path:
    """runs/nsf, or runs/nsf-2 where that is taken, and so on."""
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def _pairs(tensors: Any, gradients: Any) -> list[tuple[Any, Any]]:
    if isinstance(tensors, Tensor):
        one = gradients[0] if isinstance(gradients, (tuple, list)) and gradients else gradients
        return [(tensors, one)]
    listed = list(tensors)
    return list(zip(listed, [None] * len(listed) if gradients is None else gradients, strict=False))


def _loss_of(tensor: Any, gradient: Any) -> Tensor | None:
    """The number whose gradient is computed."""
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
        return None
    if gradient is not None:
        return (tensor.detach() * gradient.detach()).sum()
    return tensor if tensor.numel() == 1 else None


def _state_of(gradient: Tensor | None) -> tuple[int, int] | None:
    """It has another one after something was added to it."""
    return None if gradient is None else (id(gradient), gradient._version)


def _norm(tensors: list[Tensor]) -> float:
    parts = [torch.linalg.vector_norm(each.coalesce().values() if each.is_sparse else each).float() for each in tensors]
    return float(torch.linalg.vector_norm(torch.stack([part.to(parts[0].device) for part in parts]))) if parts else 0.0
