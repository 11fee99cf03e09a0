"""A callback of Keras that writes a run folder while a model is trained, such as an approximator of BayesFlow."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Mapping
from typing import Any

import keras

from .run import Run, finite

#: Seconds between two writings: reading a measurement waits for what computes it.
WRITE_EVERY = 1.0


class FlowscopeCallback(keras.callbacks.Callback):
    """Logs what Keras measures: `approximator.fit(..., callbacks=[FlowscopeCallback("runs/posterior")])`.

    A step is a batch. Its loss is what Keras says of it, the mean of the epoch so far; the last step of an epoch has the
    validation. Another `fit` with the same callback goes on with the run.
    """

    def __init__(self, folder: str | os.PathLike[str], *, names: Mapping[str, str] | None = None) -> None:
        """`names`: measurements that are others, for example {"nll": "loss", "val_nll": "val"}."""
        super().__init__()
        self.folder, self.names = folder, dict(names or {})
        self.run: Run | None = None
        #: Steps, seconds and measurements that are not written yet. The newest one may still get a validation.
        self._rows: list[tuple[int, float, dict[str, Any]]] = []
        self._end: Any = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self.run = Run(self.folder, {"writer": "flowscope.keras"}, resume=self.run is not None)
        # Keras does not say when an exception ends a training.
        self._end = weakref.finalize(self, self.run.finish, "stopped", "The training did not come to its end.")
        self._step, self._epoch, self._written = self.run.step, 0, time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        assert self.run is not None
        if time.monotonic() - self._written >= WRITE_EVERY:
            self._write()
        self._step += 1
        self._rows.append((self._step, self.run.seconds, {"epoch": self._epoch, **(logs or {})}))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._rows:
            self._rows[-1][2].update({**(logs or {}), "lr": self._learning_rate()})
            self._write()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        assert self.run is not None
        self._write()
        self._end.detach()
        self.run.finish()

    def _write(self) -> None:
        assert self.run is not None
        self._written = time.monotonic()
        named = (
            (step, seconds, {self.names.get(name, name): value for name, value in values.items()})
            for step, seconds, values in self._rows
        )
        self.run.write_rows([{"step": step, "seconds": seconds, **finite(values)} for step, seconds, values in named])
        self._rows = []

    def _learning_rate(self) -> Any:
        optimizer = getattr(self.model, "optimizer", None)
        return None if optimizer is None else keras.ops.convert_to_numpy(optimizer.learning_rate)
