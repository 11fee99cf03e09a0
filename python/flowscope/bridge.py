"""Answers an editor that evaluates expressions: at a breakpoint of a debugger, or in the kernel of a notebook.

All results are base64 of JSON, so that nothing of them is escaped, quoted or cut on the way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import torch

from .flows import chain_of
from .live import Live
from .recorder import Subject, _embedded, _walk

#: What editors have opened, the newest last, by the name that they gave.
_opened: dict[str, Live] = {}
#: Each holds a recording and its flow.
_MOST = 4
#: Pairs of variables that are tried.
_PAIRS = 64
#: Rows of a batch that are recorded.
_ROWS = 256


def batches(flow: Any, names: Mapping[str, Any]) -> str:
    """What `flow` takes of these variables: names of a batch, or of a batch and its context where it takes no batch alone.
    Two rows of each are sent through it."""

    def found() -> dict[str, Any]:
        chain_of(flow, None)
        arrays = {name: value for name, value in names.items() if not name.startswith("_") and _is_batch(value)}
        order = sorted(arrays, key=lambda name: (name not in ("x", "theta", "inputs"), name))
        alone = [[name] for name in order if _fits(flow, arrays[name])]
        pairs = [(x, c) for x in order for c in order if x != c and len(arrays[x]) == len(arrays[c])]
        return {"batches": alone or [[x, c] for x, c in pairs[:_PAIRS] if _fits(flow, arrays[x], arrays[c])]}

    return _packed(found)


def _is_batch(value: Any) -> bool:
    shape = getattr(value, "shape", None)
    return shape is not None and hasattr(value, "dtype") and 2 <= len(shape) <= 4 and shape[0] >= 2


def _fits(flow: Any, x: Any, context: Any = None) -> bool:
    try:
        subject = Subject(flow, x[:2], None if context is None else context[:2])
        with subject.still(0), torch.no_grad():
            _walk(subject.chain.steps, subject.x, _embedded(subject.chain, subject.context))
    except Exception:
        return False
    return True


def open_flow(name: str, flow: Any, x: Any, context: Any = None) -> str:
    """Records the first rows of the batch; `answer(name, ...)` then answers for the flow."""

    def opened() -> dict[str, Any]:
        live = Live(flow, x[:_ROWS], None if context is None else context[:_ROWS])
        _opened.pop(name, None)
        _opened[name] = live
        for old in list(_opened)[:-_MOST]:
            del _opened[old]
        return {"title": type(flow).__name__, "version": live.version, "bytes": _text(live.recording)}

    return _packed(opened)


def answer(name: str, request: str) -> str:
    def answered() -> dict[str, Any]:
        live = _opened.get(name)
        if live is None:
            return {"version": "", "error": "This flow was closed, or its program has ended. Open it again."}
        reply = live.answer(request)
        return {**reply, "bytes": _text(reply["bytes"])} if "bytes" in reply else reply

    return _packed(answered)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _packed(make: Callable[[], dict[str, Any]]) -> str:
    """Errors are told as the answer: an expression that raises would be shown as a failure of the debugger."""
    try:
        result = make()
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        result = {"error": f"{type(error).__name__}: {first}"[:500]}
    return _text(json.dumps(result).encode())
