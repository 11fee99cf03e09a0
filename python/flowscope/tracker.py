"""Writes what sbi tracks into a run folder: `NPE(prior, tracker=flowscope.Tracker("runs/posterior"))`."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .run import Run, finite
from .run_files import replace_file, write_json

#: Seconds between two writings of what was measured.
WRITE_EVERY = 1.0
#: sbi measures while it trains and says it after a round: that is how long each epoch took.
DURATIONS = "epoch_durations_sec"


class Tracker:
    """sbi's `Tracker` protocol, which others may call as well: measurements by name and step, parameters and figures.

    What is measured is written every second and by `flush`, one line a step, in whichever order it comes. The run ends with
    `finish`, the end of a `with` block, or the process.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        config: Mapping[str, Any] | None = None,
        *,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """`config` is kept in config.json. `names`: measurements that are others, for example {"nll": "loss"}."""
        self._config = {"writer": "flowscope.Tracker", **(config or {})}
        self._names = dict(names or {})
        self.run = Run(folder, self._config)
        #: By step, which are not written yet.
        self._rows: dict[int, dict[str, float]] = {}
        self._last_steps: dict[str, int] = {}
        self._trained = 0.0
        self._written = time.monotonic()
        self._end = weakref.finalize(self, _end, self.run, self._rows)

    @property
    def folder(self) -> Path:
        return self.run.folder

    @property
    def log_dir(self) -> str:
        return str(self.run.folder)

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Without a step, it is the one after the last of this name."""
        self.log_metrics({name: value}, step)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        for name, value in metrics.items():
            at = self._last_steps.get(name, -1) + 1 if step is None else int(step)
            self._last_steps[name] = at
            row = self._rows.get(at)
            if row is None:
                row = self._rows[at] = {"step": at, "seconds": self.run.seconds}
            row.update(finite({self._names.get(name, name): value}))
            if name == DURATIONS:
                self._trained += float(value)
                row["seconds"] = self._trained
        if time.monotonic() - self._written >= WRITE_EVERY:
            # The newest step may still get more.
            self._write(except_for=max(self._rows))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Into config.json, below `parameters`. What JSON has no word for is kept as text."""
        known = self._config.setdefault("parameters", {})
        known.update({str(name): _plain(value) for name, value in params.items()})
        write_json(self.folder / "config.json", self._config)

    def add_figure(self, name: str, figure: Any, step: int | None = None) -> None:
        """As figures/NAME-STEP.png. `figure` is one of matplotlib, or a list of them; they stay open."""
        figures = list(figure) if isinstance(figure, (list, tuple)) else [figure]
        at = self.run.step if step is None else int(step)
        for number, each in enumerate(figures):
            if not hasattr(each, "savefig"):
                raise TypeError(f"{name}: is a {type(each).__name__}; expected a figure of matplotlib, or a list of them.")
            part = f"-{number}" if len(figures) > 1 else ""
            replace_file(self.folder / "figures" / f"{_file_name(name)}-{at:08d}{part}.png", _png_of(each))

    def flush(self) -> None:
        self._write()

    def finish(self, status: str = "finished", message: str | None = None) -> None:
        """Ends the run. `status` is finished, stopped or failed."""
        if self._end.detach() is not None:
            self._write()
            self.run.finish(status, message)

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._end.detach() is not None:
            self._write()
            self.run.__exit__(kind, error, trace)

    def _write(self, except_for: int | None = None) -> None:
        self._written = time.monotonic()
        later = self._rows.pop(except_for, None) if except_for is not None else None
        self.run.merge_rows(self._rows)
        self._rows.clear()
        if later is not None and except_for is not None:
            self._rows[except_for] = later


def _end(run: Run, rows: dict[int, dict[str, float]]) -> None:
    """At the end of the process, or of the tracker."""
    run.merge_rows(rows)
    # What ended a program, but not what went wrong in a cell of a notebook.
    error = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
    if isinstance(error, KeyboardInterrupt):
        run.finish("stopped")
    elif error is not None:
        run.finish("failed", f"{type(error).__name__}: {error}"[:500])
    else:
        run.finish()


def _plain(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return str(value)


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-.")[:100] or "figure"


def _png_of(figure: Any) -> bytes:
    import io

    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
