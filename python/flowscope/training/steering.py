"""Handles requests in a run folder: control.json asks, rates.json keeps the learning rates that the training was given."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..run_files import write_json
from .plan import TrainingError
from .schedule import RateChange

#: Seconds between two looks.
LOOK_EVERY = 0.25
LARGEST_REQUEST = 2**20
#: As the engine's own check has it.
LARGEST_RATE = 10
ACTIONS = ("pause", "resume", "stop")


class Steering:
    def __init__(self, run: Path, log: Callable[[str], None], check: Callable[[], None]) -> None:
        """`check` is called before anything is written; of the run's lock."""
        self._control = run / "control.json"
        self._rates = run / "rates.json"
        self._log = log
        self._check = check
        self._stamp: tuple[int, int, int] | None = None
        self._looked = -math.inf
        #: By ascending step.
        self.rates = _read_rates(self._rates)
        #: "train", "pause" or "stop".
        self.wish = "train"
        #: For run.json: the last request that was heard.
        self.answer: dict[str, Any] | None = None

    def look(self, step: int) -> bool:
        """Takes in a new request, if it is time to look again; whether there was one. `step`: steps that are done."""
        if time.monotonic() - self._looked < LOOK_EVERY:
            return False
        self._looked = time.monotonic()
        try:
            stat = self._control.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp == self._stamp or stat.st_size > LARGEST_REQUEST:
                return False
            text = self._control.read_text(encoding="utf8")
        except (OSError, UnicodeDecodeError):
            return False
        self._stamp = stamp
        request, name, problem = _request_of(text)
        self.answer = {"id": name, "step": step, **({} if problem is None else {"problem": problem})}
        if problem is not None:
            self._log(f"A request to this training was not carried out: {problem}")
            return True
        if "learningRate" in request:
            self._change(step + 1, float(request["learningRate"]))
        action = request.get("action")
        if self.wish != "stop" and action is not None:
            self.wish = {"pause": "pause", "resume": "train", "stop": "stop"}[action]
        return True

    def _change(self, step: int, rate: float) -> None:
        self.rates = [*(change for change in self.rates if change.step < step), RateChange(step, rate)]
        # Written before the first step that uses it: a crash cannot leave a step that no run could repeat.
        self._check()
        write_json(self._rates, [{"step": change.step, "learningRate": change.rate} for change in self.rates])
        self._log(f"Learning rate {rate:g} from step {step} on, as asked.")


def _request_of(text: str) -> tuple[dict[str, Any], str, str | None]:
    """The request, its id, and what is wrong with it."""
    try:
        request = json.loads(text)
    except ValueError:
        return {}, "", "control.json is not valid JSON."
    name = request.pop("id", None) if isinstance(request, dict) else None
    if not isinstance(name, str) or name == "":
        return {}, "", 'control.json: "id" is missing; expected a text that identifies this request.'
    action, rate = request.get("action"), request.get("learningRate")
    if set(request) - {"action", "learningRate"} or not request:
        return {}, name, "a request to a training may have action and learningRate."
    if "action" in request and action not in ACTIONS:
        return {}, name, f'action is {json.dumps(action)[:80]}: expected "pause", "resume" or "stop".'
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if "learningRate" in request and not (is_number and 0 < rate <= LARGEST_RATE):
        return {}, name, f"learningRate is {json.dumps(rate)[:80]}: expected more than 0 and at most {LARGEST_RATE}."
    return request, name, None


def _read_rates(file: Path) -> list[RateChange]:
    try:
        entries = json.loads(file.read_text(encoding="utf8"))
        changes = [RateChange(int(change["step"]), float(change["learningRate"])) for change in entries]
        if any(change.step < 1 or not 0 < change.rate < math.inf for change in changes):
            raise ValueError
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        raise TrainingError(
            f'{file}: is damaged; expected a list of {{"step": …, "learningRate": …}}. Fix it, or delete it to continue with '
            "the learning rate of the config."
        ) from None
    return sorted(changes, key=lambda change: change.step)
