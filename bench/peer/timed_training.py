"""Trains a prepared run as `python -m flowscope.train` does, for some steps, and says what each step took and sent.

    python timed_training.py RUN --steps N        alone, or under torchrun; the package flowscope is found by PYTHONPATH

The first process prints a line of JSON: the median time from one step to the next in milliseconds, the calls to other processes and the
bytes given to them in a step, and the bytes that a step put on the loopback interface, where the system counts them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from pathlib import Path

import torch
import torch.distributed as dist
from flowscope import train
from flowscope.training.loop import Loop, Signals

#: Steps before counting starts.
WARMUP = 20


class Counts:
    """What had been done when each step started."""

    def __init__(self) -> None:
        self.starts: list[tuple[float, int, int, int]] = []
        self.calls = self.given = 0

    def counted(self, collective):
        def called(values: torch.Tensor, *more):
            self.calls += 1
            self.given += values.numel() * values.element_size()
            return collective(values, *more)

        return called

    def step_starts(self) -> None:
        self.starts.append((time.perf_counter(), self.calls, self.given, loopback()))

    def report(self) -> dict:
        counted = self.starts[WARMUP:]
        steps = len(counted) - 1
        intervals = [after[0] - before[0] for before, after in itertools.pairwise(counted)]
        calls, given, sent = ((counted[-1][i] - counted[0][i]) / steps for i in (1, 2, 3))
        return {"ms": 1e3 * statistics.median(intervals), "calls": calls, "given": round(given), "sent": round(sent)}


def loopback() -> int:
    """Bytes since the system started; 0 where it does not say."""
    try:
        lines = Path("/proc/net/dev").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[9]) for line in lines if line.split()[0] == "lo:"), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    given = parser.parse_args()
    counts = Counts()
    step = Loop._step

    def timed(loop: Loop, rate: float) -> None:
        counts.step_starts()
        step(loop, rate)
        if len(counts.starts) > given.steps:
            loop.signals.stop = True

    Loop._step = timed
    if torch.distributed.is_torchelastic_launched():
        dist.init_process_group("gloo")
        dist.all_reduce = counts.counted(dist.all_reduce)
        dist.broadcast = counts.counted(dist.broadcast)
    train.train(given.run, Signals(), take_over=False)
    if not dist.is_initialized() or dist.get_rank() == 0:
        print(json.dumps({"timed": counts.report()}), flush=True)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
