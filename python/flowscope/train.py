"""Trains the run that `flowscope train --launcher …` prepared: `python -m flowscope.train RUN`.

It is one process of several where train_processes.py or torchrun has started it.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from .train_processes import MEETING_FILE
from .training.collective import World
from .training.data import open_split
from .training.folder import RunFolder, read_resume
from .training.loop import Loop, Signals
from .training.model import Trainer
from .training.plan import TrainingError, read_plan
from .training.report import log, say
from .training.steering import Steering

#: A pause may last; that a process was killed is noticed by the process that started them.
PATIENCE = timedelta(days=30)
#: Seconds for the other processes to appear once the process that started them is gone.
TO_APPEAR = 60.0


def train(run: Path, signals: Signals, *, take_over: bool) -> None:
    plan = read_plan(run)
    world = World()
    if world.size > plan.batch:
        raise TrainingError(f"{world.size} processes are more than the {plan.batch} examples of a batch. Start fewer.")
    trainer = Trainer(plan, world, open_split(plan, "train", plan.train) if plan.train else None)
    is_first = world.rank == 0
    # Taken before anything of the run is read: what another process still changes would be old at once.
    keep = plan.training["keepCheckpoints"]
    folder = RunFolder(run, plan.metadata, keep, take_over=take_over) if is_first else None
    try:
        moment, state = read_resume(run)
        trainer.restore(state)
        loop = Loop(plan, world, trainer, moment, signals)
        try:
            if folder is not None:
                folder.rewind(moment.step)
                folder.forget_requests()
                loop.folder, loop.steering = folder, Steering(run, log, folder.check)
                folder.status("running", moment)
            ended = loop.run()
        except FileExistsError:
            # Another process writes the run now.
            raise
        except OSError as error:
            wrong = in_words(run, error)
            loop.keep(wrong)
            raise wrong from error
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


def in_words(run: Path, error: OSError) -> TrainingError:
    """What is wrong with the disk, in words."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return TrainingError(f"{run}: cannot be written, because the disk is full. Free some space, then resume the run.")
    return TrainingError(f"{error.filename or run}: {error.strerror or error}. The run can be resumed once this is mended.")


def join(size: int) -> None:
    """Meets the other processes."""
    file = os.environ.get(MEETING_FILE)
    if file is None:
        # torchrun has put their addresses in the environment.
        return dist.init_process_group("gloo", timeout=PATIENCE)
    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo", store=dist.FileStore(file, size), rank=rank, world_size=size, timeout=PATIENCE)


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
            if MEETING_FILE in os.environ:
                # Those that it waits for may not have been started any more.
                time.sleep(TO_APPEAR)
                if not dist.is_initialized():
                    os._exit(1)

        threading.Thread(target=wait, name="flowscope-input", daemon=True).start()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m flowscope.train", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--until-closed", action="store_true", help="stop when the standard input is closed")
    parser.add_argument("--take-over", action="store_true", help="also from a machine that has been silent for two minutes")
    parser.add_argument("--double", action="store_true", help="compute in float64, for comparisons; files stay float32")
    options = parser.parse_args()
    if options.double:
        torch.set_default_dtype(torch.float64)
    signals = Signals()
    signals.followed = options.until_closed
    heed(signals, options.until_closed or MEETING_FILE in os.environ)
    # Each of several processes finds in its environment which of how many it is.
    size = int(os.environ.get("WORLD_SIZE", "1"))
    is_one_of_several = size > 1
    if is_one_of_several:
        join(size)
    try:
        train(options.run, signals, take_over=options.take_over)
    except (TrainingError, FileExistsError) as error:
        say({"error": str(error)})
        return 2
    except OSError as error:
        say({"error": str(in_words(options.run, error))})
        return 2
    finally:
        if is_one_of_several:
            dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
