"""The loop over steps: when to validate, save, report and stop. All processes go through it; the first one decides and writes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch

from .collective import World
from .data import open_split
from .folder import Moment, Row, RunFolder
from .model import Loss, Trainer
from .plan import Plan, TrainingError
from .report import say
from .schedule import learning_rate_at
from .steering import LOOK_EVERY, Steering

#: Seconds between two reports, and between two writings of run.json.
REPORT_EVERY = 0.2
STATUS_EVERY = 20.0

GO_ON, STOP = 0.0, 1.0


class Ended(Exception):
    """No next step; the message says why, and `not_finite` which step was not finite and where."""

    def __init__(self, status: str, message: str, not_finite: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.not_finite = not_finite


class Signals:
    """What is wanted from outside."""

    #: Finish the step, save and stop.
    stop = False
    #: Another program reads each step. A log only gets validations.
    followed = False


class Loop:
    """`folder` and `steering` are the first process's."""

    def __init__(self, plan: Plan, world: World, trainer: Trainer, moment: Moment, signals: Signals) -> None:
        self.plan = plan
        self.world = world
        self.trainer = trainer
        self.moment = moment
        self.signals = signals
        self.validation = open_split(plan, "validation", plan.validation) if plan.validation else None
        self.can_validate = self.validation is not None or plan.is_reverse
        self.folder: RunFolder | None = None
        self.steering: Steering | None = None
        self.first = moment.step
        self.window: list[tuple[Loss, float]] = []
        self.window_from: float | None = None
        self.first_done = moment.seconds
        self.status_written = self.reported = -math.inf
        self.sound = True

    def run(self) -> Ended:
        """Trains to the end, whichever comes first."""
        try:
            if self.plan.validate_first and self.moment.step == 0 and self.can_validate:
                row: Row = {"step": 0, "seconds": self.moment.seconds}
                self._validate(row)
                self._write(row)
            while True:
                self._step(self._agreed())
        except Ended as ended:
            if ended.status != "failed":
                self._finish()
            self._status(ended.status, message=str(ended), notFinite=ended.not_finite)
            return ended

    def keep(self, error: BaseException) -> None:
        """After an error: what was learned is kept where it can be, and the run says why it ended."""
        if self.folder is None:
            return
        why = str(error) if isinstance(error, TrainingError) else f"{type(error).__name__}: {error}"
        # A disk that is full may have no room for this either.
        with suppress(OSError):
            if self.signals.stop:
                self._status("stopped", message=f"Stopped at step {self.moment.step}.")
            else:
                self._status("failed", message=why[:500])
        with suppress(OSError):
            if self.sound:
                self._save_last()

    def _agreed(self) -> float:
        """The learning rate of the next step, as the first process has it. Raises Ended."""
        ending = self._ending() if self.folder else None
        rate = 0.0
        if self.steering and not ending:
            rate = learning_rate_at(self.moment.step + 1, self.plan.training, self.steering.rates)
        decision = self.world.as_first(torch.tensor([STOP if ending else GO_ON, rate], dtype=torch.float64))
        if decision[0] == STOP:
            raise ending or Ended("stopped", "")
        return float(decision[1])

    def _ending(self) -> Ended | None:
        """Obeys requests first, which may take long: a pause."""
        self._obey()
        step, training = self.moment.step, self.plan.training
        progress = self.moment.progress
        if self.signals.stop or (self.steering and self.steering.wish == "stop"):
            return Ended("stopped", f"Stopped at step {step}.")
        if step >= training["steps"]:
            return Ended("finished", f"All {training['steps']:,} steps are done.")
        if step >= self.plan.total_steps:
            return Ended("stopped", f"Stopped at step {step}, as asked.")
        if self.moment.seconds >= self.plan.max_seconds:
            return Ended("finished", f"Time is up after {self.moment.seconds:.0f} s of training.")
        if 0 < training["patience"] <= progress.without_better and step > self.first:
            without, best = progress.without_better, progress.best or {}
            what = "the share of draws that count" if "efficiency" in best else "the loss"
            return Ended("finished", f"Stopped early: {what} has not improved for {without} validations.")
        return None

    def _obey(self) -> None:
        steering = self.steering
        if steering is None or not steering.look(self.moment.step):
            return
        if steering.wish != "pause":
            return self._status("running")
        self._report("saving")
        self._save_last()
        self._status("paused")
        self._report("paused")
        while steering.wish == "pause" and not self.signals.stop:
            time.sleep(LOOK_EVERY)
            if steering.look(self.moment.step):
                self._status("paused" if steering.wish == "pause" else "running")
            elif time.monotonic() - self.status_written > STATUS_EVERY:
                self._status("paused")
                self._report("paused")

    def _step(self, rate: float) -> None:
        plan, moment = self.plan, self.moment
        began = time.perf_counter()
        found = self.trainer.step(moment.step + 1, rate)
        if not found.is_finite:
            self.sound = False
            step, where = moment.step + 1, self.trainer.not_finite()
            message = f"Step {step} is not finite: {where}. The last good checkpoint is kept."
            raise Ended("failed", message, {"step": step, "where": where})
        moment.seconds += time.perf_counter() - began
        moment.step += 1
        if moment.step == self.first + 1:
            self.first_done = moment.seconds
        self.window.append((found, rate))
        self._measure()
        if moment.step % plan.training["sampleEvery"] == 0:
            self._picture()
        if moment.step % plan.training["checkpointEvery"] == 0 and self.folder:
            self._report("saving")
            self.folder.periodic(moment, self.trainer.weights())
            self._save_last()
            self._status("running")
        if self.folder and time.monotonic() - self.status_written > STATUS_EVERY:
            self._status("running")

    def _measure(self) -> None:
        """Writes a line of measurements where one is due, with a validation where that is."""
        step, every = self.moment.step, self.plan.training["validateEvery"]
        is_last = step == min(self.plan.total_steps, self.plan.training["steps"])
        validates = self.can_validate and (step % every == 0 or is_last)
        # A line where the learning rate changes, so that curves show the step of it.
        changed = self.steering is not None and any(change.step == step for change in self.steering.rates)
        if not (validates or changed or is_last or step % max(1, math.floor(every / 5 + 0.5)) == 0):
            return self._report("training")
        row = self._row()
        if validates:
            self._validate(row)
        self.moment.metrics = {**self.moment.metrics, **row}
        self._write(row)

    def _row(self) -> Row:
        """Averages since the last row."""
        moment, plan = self.moment, self.plan
        found = [loss for loss, _ in self.window]
        means = {key: sum(loss.means[key] for loss in found) / len(found) for key in found[0].means}
        row: Row = {"step": moment.step, "seconds": moment.seconds, **means}
        bits = plan.bits_per_dim(means["trainNats"]) if "trainNats" in means else None
        if bits is not None:
            row["trainBitsPerDim"] = bits
        row["gradientNorm"] = sum(loss.gradient_norm for loss in found) / len(found)
        row["learningRate"] = self.window[-1][1]
        if plan.train:
            row["epoch"] = moment.step / plan.per_epoch
        if self.window_from is not None and moment.seconds > self.window_from:
            row["examplesPerSecond"] = len(found) * plan.batch / (moment.seconds - self.window_from)
        self.window_from, self.window = moment.seconds, []
        return row

    def _validate(self, row: Row) -> None:
        self._report("validating")
        weighed = self.trainer.weigh() or {}
        row |= weighed
        best: dict[str, float] = {"step": self.moment.step}
        if self.validation:
            best["nats"] = row["validationNats"] = self.trainer.evaluate(self.validation)
        else:
            # As many nats as the second Rényi divergence.
            best["efficiency"] = weighed["efficiency"]
            best["nats"] = -math.log(weighed["efficiency"]) if weighed["efficiency"] > 0 else math.inf
        nats = best["nats"]
        bits = self.plan.bits_per_dim(nats)
        if bits is not None:
            row["validationBitsPerDim"] = bits
        progress = self.moment.progress
        if not math.isfinite(nats) or (progress.best is not None and nats >= progress.best["nats"]):
            progress.without_better += 1
            return
        progress.best = {**best, **({} if bits is None else {"bitsPerDim": bits})}
        progress.without_better = 0
        self.moment.metrics = {**self.moment.metrics, **row}
        if self.folder:
            self.folder.best(self.moment, self.trainer.weights())

    def _finish(self) -> None:
        """Leaves the last checkpoint, and a validation where none was made yet."""
        self._report("saving")
        moment = self.moment
        if moment.progress.best is None and self.can_validate and moment.step > 0:
            self._validate({"step": moment.step, "seconds": moment.seconds})
        if moment.step > self.first or moment.step == 0:
            self._save_last()
            if moment.step % self.plan.training["sampleEvery"] != 0:
                self._picture()

    def _save_last(self) -> None:
        if self.folder:
            self.folder.last(self.moment, self.trainer.weights(), self.trainer.state())

    def _picture(self) -> None:
        if self.folder and self.plan.samples > 0:
            file = self.folder.samples(self.trainer.samples(self.plan.samples))
            say({"samples": str(file), "step": self.moment.step})

    def _status(self, status: str, **why: Any) -> None:
        if self.folder and self.steering:
            self.status_written = time.monotonic()
            self.folder.status(status, self.moment, self.steering.answer, **why)

    def _write(self, row: Row) -> None:
        if self.folder:
            self.folder.metrics(row)
            self._report("training", row)

    def _report(self, phase: str, metrics: Row | None = None) -> None:
        if self.folder is None or (phase == "training" and metrics is None and time.monotonic() - self.reported < REPORT_EVERY):
            return
        if not self.signals.followed and not {"validationNats", "efficiency"} & set(metrics or {}):
            return
        self.reported = time.monotonic()
        moment = self.moment
        total = min(self.plan.total_steps, self.plan.training["steps"])
        done = max(moment.step / total if total else 1.0, moment.seconds / self.plan.max_seconds)
        progress: dict[str, Any] = {"phase": phase, "step": moment.step, "totalSteps": total, "fraction": min(1.0, done)}
        if moment.step > self.first + 1:
            each = (moment.seconds - self.first_done) / (moment.step - self.first - 1)
            progress["etaSeconds"] = max(0.0, min((total - moment.step) * each, self.plan.max_seconds - moment.seconds))
        if metrics:
            progress["metrics"] = {key: value for key, value in metrics.items() if math.isfinite(value)}
        if moment.progress.best:
            progress["best"] = moment.progress.best
        say({"progress": progress})
