"""A callback of Lightning that writes a run folder while a flow is trained."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl

from .run import Run


class RunCallback(pl.Callback):
    """Logs the metrics of the trainer, and records what the flow does to `x` every `every` steps.

    `flow` picks the flow out of the module; without it the module itself is recorded.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        x: Any = None,
        context: Any = None,
        *,
        every: int = 1000,
        flow: Callable[[pl.LightningModule], Any] = lambda module: module,
        names: dict[str, str] | None = None,
    ) -> None:
        """`names`: metrics of the trainer that are the loss and the validation loss, for example {"nll": "loss"}."""
        self.folder, self.x, self.context, self.every, self.flow = folder, x, context, every, flow
        self.names = {"train_loss": "loss", "val_loss": "val", **(names or {})}
        self.run: Run | None = None
        self._logged = -1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.run = Run(self.folder)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step
        # Batches of one accumulated step are one line.
        if self.run is None or step == self._logged:
            return
        self._logged = step
        values = {self.names.get(name, name): value for name, value in trainer.callback_metrics.items()}
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        self.run.log(step, epoch=trainer.current_epoch, **{"loss": loss, **values})
        if step % self.every == 0:
            self._checkpoint(step, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.run is not None:
            self._checkpoint(trainer.global_step, pl_module)
            self.run.finish()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        if self.run is not None:
            self.run.finish("stopped" if isinstance(exception, KeyboardInterrupt) else "failed", str(exception)[:500])

    def _checkpoint(self, step: int, pl_module: pl.LightningModule) -> None:
        assert self.run is not None
        self.run.checkpoint(step, self.flow(pl_module), self.x, self.context)
