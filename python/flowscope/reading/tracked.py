"""A run as it was tracked elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Measured:
    step: int
    #: Seconds since 1970.
    time: float
    value: float


@dataclass
class TrackedRun:
    name: str
    #: TensorBoard, Weights & Biases or MLflow.
    software: str
    #: Where it was read, and what it is called there.
    place: Path
    id: str = ""
    #: By name, in the order in which they were written.
    measured: dict[str, list[Measured]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    #: As run.json has it.
    status: str = "finished"
    #: What could not be read.
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, step: int, time: float, value: float) -> None:
        """Values that are not finite are left out, as in every run folder."""
        if math.isfinite(value) and math.isfinite(time) and 0 <= step < 2**53:
            self.measured.setdefault(name, []).append(Measured(step, time, value))
