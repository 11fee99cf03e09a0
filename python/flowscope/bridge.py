"""Answers an editor that evaluates expressions: at a breakpoint of a debugger, or in the kernel of a notebook.

All results are base64 of JSON, so that nothing of them is escaped, quoted or cut on the way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from .live import Live
from .recorder import Subject

#: What editors have opened, the newest last, by the name that they gave.
_opened: dict[str, Live] = {}
#: Each holds a recording and its flow.
_MOST = 4
#: Rows of a batch that are recorded.
_ROWS = 256


def batches(flow: Any, names: Mapping[str, Any]) -> str:
    """Names of variables that `flow` takes as a batch: arrays of numbers with rows. It is run on two rows of each."""
    found = [name for name, value in names.items() if not name.startswith("_") and _fits(flow, value)]
    return _packed(lambda: {"batches": sorted(found, key=lambda name: (name not in ("x", "theta", "inputs"), name))})


def _fits(flow: Any, value: Any) -> bool:
    shape = getattr(value, "shape", None)
    if shape is None or not 2 <= len(shape) <= 4 or shape[0] < 2 or not hasattr(value, "dtype"):
        return False
    try:
        subject = Subject(flow, value[:2])
        subject.encode(samples=0)
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
