"""Trains the run that `flowscope train --launcher …` prepared: `python -m flowscope.train RUN`, alone or under torchrun."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from .training.collective import World
from .training.data import open_split
from .training.folder import RunFolder, read_resume
from .training.loop import Loop, Signals, say
from .training.model import Trainer
from .training.plan import TrainingError, read_plan
from .training.steering import Steering

#: A pause may last; that a process was killed is noticed by torchrun.
PATIENCE = timedelta(days=30)


def train(run: Path, signals: Signals, *, take_over: bool) -> None:
    plan = read_plan(run)
    world = World()
    if world.size > plan.batch:
        raise TrainingError(f"{world.size} processes are more than the {plan.batch} examples of a batch. Start fewer.")
    trainer = Trainer(plan, world, open_split(plan, "train", plan.train))
    is_first = world.rank == 0
    # Taken before anything of the run is read: what another process still changes would be old at once.
    keep = plan.training["keepCheckpoints"]
    folder = RunFolder(run, plan.metadata, keep, take_over=take_over) if is_first else None
    try:
        moment, state = read_resume(run)
        trainer.restore(state)
        loop = Loop(plan, world, trainer, moment, signals)
        if folder is not None:
            folder.rewind(moment.step)
            folder.forget_requests()
            loop.folder, loop.steering = folder, Steering(run, log, folder.check)
            folder.status("running", moment)
        try:
            ended = loop.run()
        except BaseException as error:
            loop.keep(error)
            raise
        if is_first:
            best = moment.progress.best
            result = {"status": ended.status, "message": str(ended), "step": moment.step, "seconds": moment.seconds}
            say({"result": {**result, **({} if best is None else {"best": best})}})
    finally:
        if folder is not None:
            folder.release()


def log(line: str) -> None:
    say({"log": line})


def heed(signals: Signals, until_closed: bool) -> None:
    def stop(*_: object) -> None:
        signals.stop = True

    if os.environ.get("RANK", "0") == "0":
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, stop)
    else:
        # The first process says when to stop. Who waits for it, or for one that was killed, could not answer a SIGTERM.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if until_closed:

        def wait() -> None:
            while os.read(0, 4096):
                pass
            stop()

        threading.Thread(target=wait, name="flowscope-input", daemon=True).start()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m flowscope.train", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--until-closed", action="store_true", help="stop when the standard input is closed")
    parser.add_argument("--take-over", action="store_true", help="also from a machine that has been silent for two minutes")
    parser.add_argument("--double", action="store_true", help="compute in float64, for comparisons; files stay float32")
    given = parser.parse_args()
    if given.double:
        torch.set_default_dtype(torch.float64)
    signals = Signals()
    signals.followed = given.until_closed
    heed(signals, given.until_closed)
    # Under torchrun each process finds in its environment which of how many it is.
    is_one_of_several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if is_one_of_several:
        dist.init_process_group("gloo", timeout=PATIENCE)
    try:
        train(given.run, signals, take_over=given.take_over)
    except (TrainingError, FileExistsError) as error:
        say({"error": str(error)})
        return 2
    finally:
        if is_one_of_several:
            dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
