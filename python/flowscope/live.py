"""A flow that still runs: it answers what an inspector asks beyond its recording."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save
from torch import Tensor

from .recorder import Subject, _array, _embedded, _inverse_of, _prior, _walk
from .steps import Step

#: Seconds that an answer may take without a question.
PATIENCE = 10.0
#: One in so many rows goes first, to tell what all of them take.
SHARE = 16
#: Values of all layers that one answer carries.
MOST_VALUES = 2**26


class Live:
    """Runs `flow` for an inspector: in a notebook, or in a program that a debugger has stopped.

    Takes what `flowscope.record` takes. The flow runs in evaluation mode without gradients of its parameters; modes,
    gradients and the random state are afterwards what they were. `layers` replaces `flow` where that is no flow of a
    known library: a list of modules or `flowscope.Step`.
    """

    def __init__(self, flow: Any, x: Any, context: Any = None, *, layers: Any = None, **options: Any) -> None:
        solving = {name: options.pop(name) for name in ("solver", "slices", "divergence") if name in options}
        self._subject = Subject(flow if layers is None else layers, x, context, **solving)
        self._options = {"title": self._subject.title if layers is None else type(flow).__name__, **options}
        self.record()

    def record(self) -> bytes:
        """Records the batch again, with the weights of now."""
        self.version = self._version()
        self.recording = self._subject.encode(**self._options)
        return self.recording

    def changed(self) -> bool:
        """Whether a parameter or buffer was written since the recording. Costs no computation."""
        return self._version() != self.version

    def answer(self, request: str) -> dict[str, Any]:
        """Answers one request of the page.

        A request is JSON: `op`, `version` of the recording that the page shows, and for some `from`, `h`, `context`
        (`{"shape": [...], "data": base64 of float32}`), `count`, `seed`, `anyway`. The answer has
        `version`, and one of: `bytes`, `changed` (the weights are others than those of the recording), `costs` (seconds
        that it would take; with `anyway` it is done), `error`. Nothing that the flow raises leaves this function.
        """
        try:
            return self._answer(json.loads(request))
        except Exception as error:  # The user's code may raise anything, and the page says what.
            first = (str(error).splitlines() or [""])[0]
            message = first if isinstance(error, LayerError) else f"{type(error).__name__}: {first}"
            return {"version": self.version, "error": message[:500]}

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        op = asked.get("op")
        if op == "record":
            return {"bytes": self.record(), "version": self.version}
        if self.changed() or asked.get("version") != self.version:
            return {"version": self.version, "changed": True}
        if op in ("state", "wake"):
            return {"version": self.version}
        if op not in _OPERATIONS:
            raise ValueError(f"The request is {op!r}; expected one of {', '.join(('record', 'state', 'wake', *_OPERATIONS))}.")
        h = self._tensor(asked["h"]) if "h" in asked else None
        context = self._tensor(asked["context"], images=False) if "context" in asked else None
        rows = int(asked["count"]) if h is None else len(h)
        values = rows * self._subject.x[0].numel() * len(self._subject.chain.steps)
        if values > MOST_VALUES:
            raise ValueError(f"The request is for {rows} rows; at most {MOST_VALUES * rows // values} are answered at once.")
        with self._subject.still(int(asked.get("seed", 0))):
            if h is not None and rows >= SHARE and not asked.get("anyway"):
                few = rows // SHARE
                began = time.perf_counter()
                _OPERATIONS[op](self, asked, h[:few], None if context is None else context[:few])
                costs = (time.perf_counter() - began) * rows / few
                if costs > PATIENCE:
                    return {"version": self.version, "costs": costs}
            return {"version": self.version, "bytes": _OPERATIONS[op](self, asked, h, context)}

    def _inside(self, asked: dict[str, Any], x: Tensor, context: Tensor | None) -> bytes:
        """A recording of other examples."""
        title = str(self._options["title"])
        with torch.no_grad():
            # The first row runs alone, so that an error names its layer.
            row = None if context is None else context[:1]
            _walked(self._subject.chain.steps, x[:1], _embedded(self._subject.chain, row))
        return self._subject.encode(x, context, samples=0, max_bytes=200_000_000, title=title, measured=False)

    def _forward(self, asked: dict[str, Any], h: Tensor, context: Tensor | None) -> bytes:
        """Outputs and log-dets of the layers from `from` on, and ln p(z)."""
        chain, start = self._subject.chain, int(asked.get("from", 0))
        with torch.no_grad():
            embedded = _embedded(chain, context)
            walked = _walked(chain.steps[start:], h, embedded)
            prior, _ = _prior(chain.base, walked[-1][0] if walked else h, embedded)
        tensors = {"prior": prior.astype(np.float32)}
        for index, (y, log_det) in enumerate(walked, start):
            tensors[f"outputs.{index}"] = np.ascontiguousarray(_array(y))
            tensors[f"log_det.{index}"] = log_det.float().cpu().numpy()
        return save(tensors)

    def _backward(self, asked: dict[str, Any], h: Tensor, context: Tensor | None) -> bytes:
        """Values at the input of each layer before `from`, on the way to x."""
        chain = self._subject.chain
        start = int(asked.get("from", len(chain.steps)))
        tensors = {}
        with torch.no_grad():
            embedded = _embedded(chain, context)
            for index in reversed(range(start)):
                with _in(chain.steps[index]):
                    h = _inverse_of(chain.steps[index], h, embedded)
                tensors[f"inputs.{index}"] = np.ascontiguousarray(_array(h))
        return save(tensors)

    def _draw(self, asked: dict[str, Any], _: None, context: Tensor | None) -> bytes:
        """Draws of the base, by PyTorch's generator."""
        chain, count = self._subject.chain, int(asked["count"])
        with torch.no_grad():
            embedded = _embedded(chain, context)
            if chain.base.draw is None:
                raise ValueError("The base is a standard normal, which the page draws from itself.")
            z = chain.base.draw(count, embedded)
        return save({"z": np.ascontiguousarray(_array(z.reshape(count, -1)))})

    def _tensor(self, sent: dict[str, Any], *, images: bool = True) -> Tensor:
        like = self._subject.x
        flat = np.frombuffer(base64.b64decode(sent["data"]), dtype="<f4").reshape([int(size) for size in sent["shape"]])
        # The page has channels last.
        values = np.moveaxis(flat, -1, 1) if images and flat.ndim == 4 else flat
        if images and like.ndim == 3 and values.ndim == 4:
            values = values[:, 0]
        return torch.as_tensor(np.array(values), dtype=like.dtype, device=like.device)

    def _version(self) -> str:
        """Changes whenever a parameter or buffer is written or replaced."""
        seen = tuple(
            (tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version)
            for module in self._subject.modules
            for tensor in (*module.parameters(), *module.buffers())
        )
        return f"{hash(seen) & 0xFFFFFFFFFFFF:x}"


class LayerError(Exception):
    """What a layer raised, with its name."""


@contextmanager
def _in(step: Step) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        raise LayerError(f"{type(error).__name__} in {step.name} ({step.type}): {first}") from error


def _walked(steps: Sequence[Step], h: Tensor, context: Tensor | None) -> list[tuple[Tensor, Tensor]]:
    """Output and log-det [N] of each step. Raises LayerError for what a step raises."""
    found: list[tuple[Tensor, Tensor]] = []
    for step in steps:
        with _in(step):
            found += _walk([step], h, context)
        h = found[-1][0]
    return found


_OPERATIONS: dict[str, Callable[..., bytes]] = {
    "inside": Live._inside,
    "forward": Live._forward,
    "backward": Live._backward,
    "draw": Live._draw,
}
