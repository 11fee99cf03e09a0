"""Trains the run that `flowscope train --launcher ray` prepared: `python -m flowscope.train_ray RUN --workers N`.

Ray starts the workers, places them, and says when one has died. What they compute together goes through torch.distributed.
"""

from __future__ import annotations

import argparse
import io
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch
import torch.distributed as dist

from .train import PATIENCE, heed, train
from .train_processes import loopback
from .training.loop import Signals
from .training.plan import TrainingError
from .training.report import log, say, say_line

#: Seconds between two looks at whether to stop, and until waiting for room is worth a word.
LOOK_EVERY = 0.25
WORTH_A_WORD = 30.0
#: Seconds for a cluster to answer, and for the other workers to end after one has.
TO_ANSWER = 10.0
TO_END = 30.0
#: Seconds for the agents and workers of a Ray of our own to start.
TO_START = 300
BUSY = "Ray did not start: this machine is too busy for it. Train again when it has less to do, or with --launcher torchrun."
#: Bytes. Nothing goes through it, and Ray would take a third of the memory.
OBJECT_STORE = 2**27
#: How threads wait, which workers on a cluster do as this process.
PASSIVE = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
#: What is wrong with a run, which stays wrong however often it is started again.
OURS = (TrainingError, FileExistsError)


class Lines(io.TextIOBase):
    """Lines that are printed, for a reader that takes them from the queue."""

    def __init__(self, lines: SimpleQueue[str | None]) -> None:
        self._lines = lines

    def write(self, text: str) -> int:
        if text.strip():
            self._lines.put(text)
        return len(text)


class Worker:
    """A process of the training, where Ray has started it."""

    def __init__(self) -> None:
        self._signals = Signals()
        self._store: dist.TCPStore | None = None

    def meeting_place(self, file: str | None) -> tuple[str, int] | str:
        """Where the others find this one: in the file, or at an address."""
        import ray

        if file is not None:
            return file
        host = ray.util.get_node_ip_address()
        self._store = dist.TCPStore(host, 0, is_master=True, wait_for_workers=False)
        return host, self._store.port

    def stop(self) -> None:
        self._signals.stop = True

    def train(self, rank: int, meeting_place: tuple[str, int] | str, options: argparse.Namespace) -> Iterator[str]:
        """Gives what the training says, line by line."""
        lines: SimpleQueue[str | None] = SimpleQueue()
        # On a thread: this one passes on what the training says meanwhile.
        with ThreadPoolExecutor(1) as pool, redirect_stdout(Lines(lines)):
            training = pool.submit(self._train, rank, meeting_place, options)
            training.add_done_callback(lambda _: lines.put(None))
            while (line := lines.get()) is not None:
                yield line
            training.result()

    def _train(self, rank: int, meeting_place: tuple[str, int] | str, options: argparse.Namespace) -> None:
        torch.set_num_threads(options.threads)
        self._signals.followed = options.until_closed
        if options.workers > 1:
            if isinstance(meeting_place, str):
                store: dist.Store = dist.FileStore(meeting_place, options.workers)
            else:
                store = self._store or dist.TCPStore(*meeting_place, is_master=False)
            dist.init_process_group("gloo", store=store, rank=rank, world_size=options.workers, timeout=PATIENCE)
        try:
            train(options.run, self._signals, take_over=options.take_over)
        finally:
            if options.workers > 1:
                dist.destroy_process_group()


def wait_for_no_agent() -> None:
    """Has Ray start without waiting for the ports of its agents.

    It gives up on an agent that needs 15 seconds to start, as on a busy machine, and no setting changes that
    (ray-project/ray#65983). Nothing here uses the agent of the dashboard.
    """
    from ray._private.node import Node

    try:
        from ray._raylet import DASHBOARD_AGENT_LISTEN_PORT_NAME, METRICS_AGENT_PORT_NAME, METRICS_EXPORT_PORT_NAME, persist_port
    except ImportError:
        # An older Ray chooses the ports itself.
        return
    start = Node.start_raylet

    def start_raylet(node: Any, *arguments: Any, **options: Any) -> None:
        for name in (METRICS_AGENT_PORT_NAME, METRICS_EXPORT_PORT_NAME, DASHBOARD_AGENT_LISTEN_PORT_NAME):
            # As the agent itself says that it does not listen.
            persist_port(node.get_session_dir_path(), node.node_id, name, -1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            node._ray_params.runtime_env_agent_port = free.getsockname()[1]
        start(node, *arguments, **options)

    Node.start_raylet = start_raylet


def start_ray(address: str | None, processors: int) -> None:
    """Joins the cluster at the address, or starts one in this process, which ends with it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Where one worker ends, so do the others, each with an error. The first error is the one to report.
    os.environ["RAY_IGNORE_UNHANDLED_ERRORS"] = "1"
    if address is None:
        # Any other user of this machine could have it run anything.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        os.environ["GLOO_SOCKET_IFNAME"] = loopback()
        # Ray would start workers at 15, where a machine that has anything else to do leaves them 3% of it.
        os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112, its name in Ray
        # On every system, this is how Ray learns that it need not be reached from other machines.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ["RAY_agent_register_timeout_ms"] = str(1000 * TO_START)  # noqa: SIM112
        os.environ["RAY_worker_register_timeout_seconds"] = str(TO_START)  # noqa: SIM112
    # It reads these when it is loaded.
    import ray

    if address is None:
        resources = {"num_cpus": processors, "num_gpus": 0, "object_store_memory": OBJECT_STORE, "include_dashboard": False}
        wait_for_no_agent()
        try:
            ray.init("local", logging_level="warning", **resources)
        except Exception as error:
            # No class of its own.
            if "timed out during startup" not in str(error):
                raise
            ray.shutdown()
            raise TrainingError(BUSY) from None
        return
    host, _, port = address.rpartition(":")
    try:
        # Ray would try for minutes.
        socket.create_connection((host, int(port)), TO_ANSWER).close()
        # It brings our package to machines that do not have it.
        waiting = {name: os.environ[name] for name in PASSIVE if name in os.environ}
        package = [str(Path(__file__).parent)]
        ray.init(address, logging_level="warning", runtime_env={"py_modules": package, "env_vars": waiting})
    except (OSError, RuntimeError, ValueError) as error:
        raise TrainingError(f"The Ray cluster at {address} cannot be joined from this machine: {error}") from None


def train_once(options: argparse.Namespace, signals: Signals, places: Any, meeting_file: str | None) -> None:
    """Raises a RayError where a worker has died, or what the training has raised in it."""
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy as Place

    # Two calls at once: a worker gets the call to stop while it trains.
    start = ray.remote(num_cpus=options.threads, max_concurrency=2)(Worker).options
    workers = [start(scheduling_strategy=Place(places, rank)).remote() for rank in range(options.workers)]
    outputs = []
    try:
        meeting_place = workers[0].meeting_place.remote(meeting_file)
        word_at = time.monotonic() + WORTH_A_WORD
        while not ray.wait([meeting_place], timeout=LOOK_EVERY)[0]:
            if signals.stop:
                # Nothing has begun. One process is enough to say so in the run.
                return train(options.run, signals, take_over=options.take_over)
            if time.monotonic() > word_at:
                word_at = float("inf")
                log(f"Waiting until Ray has room for {options.workers} workers with {options.threads} processors each.")
        outputs = [
            worker.train.options(num_returns="streaming").remote(rank, ray.get(meeting_place), options)
            for rank, worker in enumerate(workers)
        ]
        pass_on(outputs, workers[0], signals)
    except ray.exceptions.RayError as error:
        # The first one saves. It could not go on without the one that has ended.
        workers[0].stop.remote()
        until = time.monotonic() + TO_END
        # If the run itself is at fault, the first worker's message is enough; there is no need to wait for the others.
        for lines in outputs[:1] if isinstance(error, OURS) else outputs:
            try:
                has_ended, _ = ray.wait([lines.completed()], timeout=max(0, until - time.monotonic()))
                for line in lines if has_ended else []:
                    ray.get(line)
            except OURS:
                # The others have ended because of it.
                raise
            except ray.exceptions.RayError:
                continue
        raise
    finally:
        for worker in workers:
            ray.kill(worker)


def pass_on(outputs: list[Any], first: Any, signals: Signals) -> None:
    """What the workers say, until all of them have ended; and to the first one, that it has to stop."""
    import ray

    pending, is_told = list(outputs), False
    while pending:
        for lines in ray.wait(pending, timeout=LOOK_EVERY)[0]:
            try:
                say_line(ray.get(next(lines)))
            except StopIteration:
                pending.remove(lines)
        if signals.stop and not is_told:
            is_told = True
            first.stop.remote()


def train_with_ray(options: argparse.Namespace, signals: Signals) -> None:
    heed(signals, options.until_closed)
    start_ray(options.address, options.workers * options.threads)
    import ray

    # Ray has set handlers of its own.
    heed(signals, False)
    places = ray.util.placement_group([{"CPU": options.threads}] * options.workers)
    left = options.max_restarts
    while True:
        try:
            # On this machine, in a folder of this user alone.
            with tempfile.TemporaryDirectory(prefix="flowscope-", ignore_cleanup_errors=True) as folder:
                return train_once(options, signals, places, str(Path(folder) / "meeting") if options.address is None else None)
        except OURS:
            raise
        except ray.exceptions.RayError as error:
            if left == 0:
                raise
            left -= 1
            # The first worker may be on another machine now.
            options.take_over = True
            why = str(getattr(error, "cause", error)).strip().split("\n")[0]
            log(f"All workers start again from what was saved last, because one has ended: {why}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m flowscope.train_ray", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run, at the same place on all machines")
    parser.add_argument("--workers", type=int, default=1, help="processes that share each batch")
    parser.add_argument("--threads", type=int, default=1, help="threads of each worker")
    parser.add_argument("--address", help="HOST:PORT of a cluster that this machine is part of; otherwise this machine is one")
    parser.add_argument("--max-restarts", type=int, default=0, help="how often all workers start again after one has died")
    parser.add_argument("--until-closed", action="store_true", help="stop when the standard input is closed")
    parser.add_argument("--take-over", action="store_true", help="also from a machine that has been silent for two minutes")
    options = parser.parse_args()
    options.run = options.run.resolve()
    try:
        train_with_ray(options, Signals())
    except OURS as error:
        say({"error": str(getattr(error, "cause", error))})
        return 2
    finally:
        import ray

        ray.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
