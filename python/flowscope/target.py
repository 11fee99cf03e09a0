"""Runs a log density of a Python file for the engine: rows come in on standard input, log densities go out.

``python -m flowscope.target FILE FUNCTION CONDITIONS``. A message is a line of JSON and bytes behind it:
``{"rows": n, "features": d}`` with float32 [n, d] is answered by ``{"rows": n}`` with float64 [n], or by
``{"error": ...}``. What the file prints goes to standard error.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


def load(file: Path, name: str) -> Callable[..., Any]:
    """The function of a file, which is run for it. Raises ValueError where the file has no such function."""
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file.name}: is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ValueError(f"{file.name}: has no function {name}; it has {', '.join(names) or 'none'}")
    return function


def takes_condition(function: Callable[..., Any]) -> bool:
    """Whether it has two arguments without a default: parameters and condition."""
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in places and one.default is one.empty for one in arguments) > 1


def uses_torch(function: Callable[..., Any]) -> bool:
    """Whether the file of the function imports torch, or something of it."""
    named = [
        getattr(value, "__module__", None) or getattr(value, "__name__", "")
        for value in vars(sys.modules[function.__module__]).values()
    ]
    return any(str(name).split(".")[0] == "torch" for name in named)


def evaluate(function: Callable[..., Any], x: np.ndarray, condition: np.ndarray | None) -> np.ndarray:
    """Log densities [n] of x [n, d], as torch tensors where the file uses torch. Raises ValueError for another shape."""
    inputs = [x] if condition is None or not takes_condition(function) else [x, condition]
    if uses_torch(function):
        import torch

        with torch.no_grad():
            out = function(*(torch.as_tensor(one).to(torch.get_default_dtype()) for one in inputs))
        values = out.detach().cpu().double().numpy() if hasattr(out, "detach") else np.asarray(out, np.float64)
    else:
        values = np.asarray(function(*inputs), np.float64)
    if values.shape == (len(x), 1):
        values = values[:, 0]
    if values.shape != (len(x),):
        raise ValueError(f"returned an array of shape {values.shape} for {len(x)} rows; expected ({len(x)},)")
    return values


def words(error: BaseException, file: Path) -> str:
    """The error with the last line of the file that it went through."""
    lines = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == str(file)]
    at = f"{file.name}, line {lines[-1].lineno}: " if lines else ""
    return f"{at}{type(error).__name__}: {error}"


def serve(file: Path, name: str, features_of_condition: int, source: BinaryIO, sink: BinaryIO) -> None:
    def answer(head: dict[str, Any], body: bytes = b"") -> None:
        sink.write(json.dumps(head).encode() + b"\n" + body)
        sink.flush()

    try:
        function = load(file, name)
    except BaseException as error:
        answer({"error": words(error, file)})
        return
    answer({"ready": True})
    condition = None
    if features_of_condition:
        condition = np.frombuffer(source.read(4 * features_of_condition), np.float32).astype(np.float64)
    while line := source.readline():
        asked = json.loads(line)
        rows, features = asked["rows"], asked["features"]
        x = np.frombuffer(source.read(4 * rows * features), np.float32).reshape(rows, features).astype(np.float64)
        try:
            values = evaluate(function, x, condition)
        except BaseException as error:
            answer({"error": words(error, file)})
            return
        answer({"rows": rows}, np.ascontiguousarray(values, "<f8").tobytes())


def main() -> None:
    file, name, condition = Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3])
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(file, name, condition, sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
