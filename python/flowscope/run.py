"""Writes a run folder from anyone's training loop: Flowscope's Runs view, curves and step slider follow it live."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from .run_files import now, patiently, read_rows, replace_file, temporary_tag, write_json
from .run_lock import NAME, RunLock, TakenOver

#: What a training loop usually calls them, and what a line of metrics.jsonl calls them. Losses are nats of an example.
NAMES = {
    "loss": "trainNats",
    "train": "trainNats",
    "train_loss": "trainNats",
    "training_loss": "trainNats",
    "val": "validationNats",
    "val_loss": "validationNats",
    "validation_loss": "validationNats",
    "lr": "learningRate",
    "learning_rate": "learningRate",
    "grad_norm": "gradientNorm",
    "log_det": "logDet",
}
#: Seconds between two writings of run.json.
STATUS_EVERY = 1.0


def finite(values: Mapping[str, Any]) -> dict[str, float]:
    """As a line of metrics.jsonl has them."""
    found = {}
    for name, value in values.items():
        # A loss still has its graph, of which PyTorch warns.
        plain = value.detach() if hasattr(value, "detach") else value
        number = None if plain is None else float(plain)
        if number is not None and math.isfinite(number):
            found[NAMES.get(name, name)] = number
    return found


def line_of(row: Mapping[str, float]) -> str:
    return json.dumps({**row, "seconds": round(row["seconds"], 6)}) + "\n"


def _state_of(flow: Any) -> dict[str, Any]:
    if hasattr(flow, "state_dict"):
        return flow.state_dict()
    # A vector field has that of its network.
    network = getattr(flow, "module", None)
    if hasattr(network, "state_dict"):
        return network.state_dict()
    modules = [getattr(layer, "module", layer) for layer in flow]
    return {
        f"{number}.{key}": value
        for number, module in enumerate(modules)
        if hasattr(module, "state_dict")
        for key, value in module.state_dict().items()
    }


class Run:
    """A run that this process writes.

    with flowscope.Run("runs/mine") as run:
        for step in range(steps):
            ...
            run.log(step, loss=loss, val=val)
            if step % 1000 == 0:
                run.checkpoint(step, flow, x)

    The end of the block finishes the run; an exception makes it a failed one.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        config: Mapping[str, Any] | None = None,
        *,
        resume: bool = False,
        take_over: bool = False,
    ) -> None:
        """`config` is kept in config.json as it is.

        `take_over`: also from a process that cannot be seen from here and gives no sign of life for two minutes, which are
        waited for. Raises FileExistsError for a folder that holds a run, unless it is resumed, and where another process
        writes it. Once another process has taken the run over, every method that writes raises it.
        """
        self.folder = Path(folder)
        self.checkpoints = self.folder / "checkpoints"
        self._metrics_file = self.folder / "metrics.jsonl"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not resume:
            self._refuse_used()
        self._lock = RunLock(self.folder, take_over=take_over)
        try:
            if not resume:
                # Another process may have written a run since, from its start to its end.
                self._refuse_used()
            self._begin(config, resume)
        except BaseException:
            self._lock.release()
            raise

    def _refuse_used(self) -> None:
        # A start that was killed at once leaves its lock.
        if any(not each.name.lstrip(".").startswith(NAME) for each in self.folder.iterdir()):
            raise FileExistsError(f"{self.folder}: is not empty. Choose another folder, or go on with the run: resume=True.")

    def _begin(self, config: Mapping[str, Any] | None, resume: bool) -> None:
        self.checkpoints.mkdir(exist_ok=True)
        if not (self.folder / "config.json").exists():
            write_json(self.folder / "config.json", {"writer": "flowscope.Run", **(config or {})})
        before = _last_row(self._metrics_file) if resume else None
        self.step = int(before["step"]) if before else 0
        self._has_rows = before is not None
        self._seconds = float(before["seconds"]) if before else 0.0
        self._started = time.monotonic()
        self._metrics = self._metrics_file.open("a", encoding="utf8")
        self._best: dict[str, float] | None = None
        self._validation: float | None = None
        self._not_finite: dict[str, Any] | None = None
        self._ended = False
        self._said = -math.inf
        self._say("running")

    def log(self, step: int, **values: Any) -> None:
        """A line of measurements. `loss` and `val` are nats of an example; what is None or not finite is left out."""
        self.write_rows([{"step": int(step), "seconds": self.seconds, **finite(values)}])

    def write_rows(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Lines of measurements, at once. Each has `step`, which rises, and `seconds`."""
        self._lock.check()
        for row in rows:
            self._metrics.write(line_of(row))
            self._weigh(row)
            self._has_rows = True
        self._metrics.flush()
        if time.monotonic() - self._said >= STATUS_EVERY:
            self._say("running")

    def merge_rows(self, rows: Mapping[int, Mapping[str, float]]) -> None:
        """Lines by step, in any order: what comes later for a step that was written is added to its line."""
        found = [rows[step] for step in sorted(rows)]
        if not found or not self._has_rows or found[0]["step"] > self.step:
            self.write_rows(found)
            return
        merged: dict[int, dict[str, float]] = {int(row["step"]): row for row in read_rows(self._metrics_file)}
        for row in found:
            # When it began.
            before = merged.get(int(row["step"]), row)
            merged[int(row["step"])] = {**before, **row, "seconds": before["seconds"]}
        self._best = self._validation = None
        self._lock.check()
        self._metrics.close()
        lines = [merged[step] for step in sorted(merged)]
        replace_file(self._metrics_file, "".join(map(line_of, lines)).encode())
        self._metrics = self._metrics_file.open("a", encoding="utf8")
        for row in lines:
            self._weigh(row)
        self._say("running")

    def _weigh(self, row: Mapping[str, float]) -> None:
        self.step = int(row["step"])
        validation = row.get("validationNats")
        if validation is not None:
            self._validation = validation
            if self._best is None or validation < self._best["nats"]:
                self._best = {"step": self.step, "nats": validation}

    def found_not_finite(self, step: int, where: str) -> None:
        """Kept in run.json: the first step that was not finite, and where NaN or Inf first appeared."""
        self._not_finite = {"step": step, "where": where}
        self._say("running")

    def checkpoint(self, step: int, flow: Any, x: Any = None, context: Any = None, **options: Any) -> Path | None:
        """Saves the state dict, and a recording of what the flow does to `x`, whose path is returned; `options` as of record.

        Of a list of layers the state dict has those of their modules, below their numbers.
        """
        from safetensors.torch import save

        self.step = int(step)
        name = f"step-{self.step:08d}"
        # Tensors that share memory, as tied weights do, are stored once each.
        state = {key: value.detach().cpu().clone().contiguous() for key, value in _state_of(flow).items()}
        content = save(state)
        self._lock.check()
        replace_file(self.checkpoints / f"{name}.safetensors", content)
        found: Path | None = None
        if x is not None:
            from .recorder import record

            found = record(flow, x, context, path=self.checkpoints / name, step=self.step, **options)
            self._stands_for("last", found)
            if self._best is not None and self._best["nats"] == self._validation:
                self._stands_for("best", found)
        self._say("running")
        return found

    def finish(self, status: str = "finished", message: str | None = None) -> None:
        """Ends the run: nothing is written afterwards. `status` is finished, stopped or failed."""
        if self._ended:
            return
        try:
            self._say(status, message)
        finally:
            self._leave()

    @property
    def seconds(self) -> float:
        """Since the run began, those before it was resumed included."""
        return self._seconds + time.monotonic() - self._started

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.finish()
        elif issubclass(kind, TakenOver):
            # It is the other process's to say how the run ends.
            self._leave()
        elif issubclass(kind, KeyboardInterrupt):
            self.finish("stopped")
        else:
            self.finish("failed", f"{kind.__name__}: {error}"[:500])

    def _stands_for(self, name: str, recording: Path) -> None:
        file = self.checkpoints / f"{name}.flowrec.safetensors"
        copy = file.with_name(f".{file.name}.{temporary_tag()}.tmp")
        shutil.copyfile(recording, copy)
        self._lock.check()
        patiently(lambda: os.replace(copy, file))

    def _leave(self) -> None:
        self._ended = True
        self._metrics.close()
        self._lock.release()

    def _say(self, status: str, message: str | None = None) -> None:
        self._lock.check()
        self._said = time.monotonic()
        fields: dict[str, Any] = {"status": status, "step": self.step, "seconds": round(self.seconds, 3)}
        if self._not_finite:
            fields["notFinite"] = self._not_finite
            message = message or "Step {step} is not finite: {where}.".format(**self._not_finite)
        if message:
            fields["message"] = message
        if self._best:
            fields["best"] = self._best
        fields["updated"] = now()
        write_json(self.folder / "run.json", fields)


def _last_row(file: Path) -> dict[str, Any] | None:
    rows = [row for row in read_rows(file) if "step" in row and "seconds" in row]
    return rows[-1] if rows else None
