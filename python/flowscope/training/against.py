"""The density that a flow is trained on: a function of torch tensors in a Python file of the user."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from ..target import load, words
from .plan import TrainingError

#: Draws that a validation weighs.
WEIGHED = 4096


class Target:
    """`log_density` and its gradient at draws of the flow."""

    def __init__(self, text: str) -> None:
        """`FILE.py:FUNCTION`. Runs the file. Raises TrainingError where it fails or has no such function."""
        found = re.fullmatch(r"(.*?\.py)(?::([A-Za-z_]\w*))?", text)
        if found is None:
            raise TrainingError(f"training.target is {text!r}; expected FILE.py:FUNCTION.")
        self._file = Path(found[1])
        self._name = found[2] or "log_prob"
        try:
            self._function = load(self._file, self._name)
        except ValueError as error:
            raise TrainingError(f"{error}.") from error
        except Exception as error:
            raise TrainingError(words(error, self._file)) from error

    def log_density(self, x: Tensor) -> Tensor:
        """[N] in nats at x [N, D] in data units. Raises TrainingError where the function fails or returns anything else."""
        try:
            found = self._function(x)
        except Exception as error:
            raise TrainingError(words(error, self._file)) from error
        if not isinstance(found, Tensor):
            raise self._wrong(f"returned {type(found).__name__}; a training needs a torch tensor, whose gradient it takes")
        if found.shape not in ((len(x),), (len(x), 1)):
            raise self._wrong(f"returned a tensor of shape {list(found.shape)} for {len(x)} rows; expected [{len(x)}]")
        if torch.is_grad_enabled() and not found.requires_grad:
            raise self._wrong("returned a tensor without a gradient; compute it from its argument, without detach or no_grad")
        return found.reshape(len(x)).to(x.dtype)

    def _wrong(self, what: str) -> TrainingError:
        return TrainingError(f"{self._file.name}: {self._name} {what}.")
