"""The run folder as the engine keeps it: status, measurements, checkpoints, and the state to go on from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..run_files import now, read_rows, replace_file, write_json
from ..run_lock import RunLock
from .plan import TrainingError

ENDING = ".flow.safetensors"
BEST = ("step", "nats", "bitsPerDim", "efficiency")
PERIODIC = re.compile(r"^step-(\d+)(\.flow\.safetensors|\.png)$")

Row = dict[str, float]


@dataclass
class Progress:
    """What the loop wants back after a restart."""

    #: step, nats and, of images, bitsPerDim, of a target alone efficiency.
    best: dict[str, float] | None = None
    #: Validations since.
    without_better: int = 0

    def as_json(self) -> dict[str, Any]:
        best = {} if self.best is None else {"best": self.best}
        return {**best, "withoutBetter": self.without_better}


@dataclass
class Moment:
    step: int = 0
    seconds: float = 0.0
    #: The latest measurements.
    metrics: Row = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)


def read_resume(run: Path) -> tuple[Moment, dict[str, np.ndarray]]:
    file = run / "checkpoints" / "last.resume.safetensors"
    try:
        with safe_open(file, "np") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        if metadata.get("format") != "flowscope-resume" or metadata.get("format_version") != "1":
            raise ValueError("it is no state of a training that this version can go on from")
        progress = json.loads(metadata["progress"])
        best = progress.get("best")
        moment = Moment(
            step=int(metadata["step"]),
            seconds=float(metadata["seconds"]),
            progress=Progress(
                None if best is None else {key: float(best[key]) for key in BEST if key in best},
                int(progress["withoutBetter"]),
            ),
        )
        if moment.progress.best is not None:
            moment.progress.best["step"] = int(moment.progress.best["step"])
        if moment.step < 0 or not math.isfinite(moment.seconds):
            raise ValueError("its step or seconds make no sense")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise TrainingError(f"{file}: cannot be gone on from: {error}. Start a new run.") from None
    return moment, tensors


class RunFolder:
    """A run that this process alone writes."""

    def __init__(self, run: Path, metadata: Mapping[str, str], keep: int, *, take_over: bool = False) -> None:
        self.path = run
        self._checkpoints = run / "checkpoints"
        self._metrics = run / "metrics.jsonl"
        self._metadata = metadata
        self._keep = keep
        self._lock = RunLock(run, take_over=take_over)
        #: Raises FileExistsError where another process has taken the run over.
        self.check = self._lock.check

    def forget_requests(self) -> None:
        """What was asked before this training began is not meant for it."""
        self.check()
        (self.path / "control.json").unlink(missing_ok=True)

    def rewind(self, step: int) -> None:
        """Drops what came after a step, which will be written again, and mends a line that was cut off."""
        self.check()
        kept = [row for row in read_rows(self._metrics) if isinstance(row.get("step"), int) and row["step"] <= step]
        replace_file(self._metrics, "".join(f"{json.dumps(row)}\n" for row in kept).encode())
        for folder in (self._checkpoints, self.path / "samples"):
            for file in folder.glob("step-*"):
                found = PERIODIC.match(file.name)
                if found and int(found[1]) > step:
                    file.unlink(missing_ok=True)

    def metrics(self, row: Row) -> None:
        self.check()
        finite = {key: value for key, value in row.items() if math.isfinite(value)}
        with self._metrics.open("a", encoding="utf8") as out:
            out.write(json.dumps(finite) + "\n")

    def status(self, status: str, moment: Moment, control: Mapping[str, Any] | None = None, **why: Any) -> None:
        self.check()
        fields = {"status": status, **why, "step": moment.step, "seconds": moment.seconds}
        fields |= {"best": moment.progress.best, "control": control, "updated": now()}
        write_json(self.path / "run.json", {key: value for key, value in fields.items() if value is not None})

    def best(self, moment: Moment, tensors: dict[str, np.ndarray]) -> None:
        self._save(f"best{ENDING}", moment, tensors)

    def last(self, moment: Moment, tensors: dict[str, np.ndarray], state: dict[str, np.ndarray]) -> None:
        """The last checkpoint, and everything to go on from there."""
        self._save(f"last{ENDING}", moment, tensors)
        metadata = {
            "format": "flowscope-resume",
            "format_version": "1",
            "step": str(moment.step),
            "seconds": repr(moment.seconds),
            "progress": json.dumps(moment.progress.as_json()),
        }
        content = save(state, metadata=metadata)
        self.check()
        replace_file(self._checkpoints / "last.resume.safetensors", content)

    def periodic(self, moment: Moment, tensors: dict[str, np.ndarray]) -> None:
        self._save(f"step-{moment.step:08d}{ENDING}", moment, tensors)
        files = sorted(self._checkpoints.glob(f"step-*{ENDING}"))
        for old in files[: -self._keep]:
            old.unlink(missing_ok=True)

    def samples(self, values: np.ndarray) -> Path:
        """Writes samples for the program that draws pictures; the next samples replace them."""
        self.check()
        file = self.path / "torch" / "samples.npy"
        np.save(file, values, allow_pickle=False)
        return file

    def release(self) -> None:
        self._lock.release()

    def _save(self, name: str, moment: Moment, tensors: dict[str, np.ndarray]) -> None:
        metadata = {**self._metadata, "step": str(moment.step), "seconds": repr(moment.seconds)}
        if moment.metrics:
            metadata["metrics"] = json.dumps({key: value for key, value in moment.metrics.items() if math.isfinite(value)})
        content = save(tensors, metadata=metadata)
        self.check()
        replace_file(self._checkpoints / name, content)
