"""Trains a prepared run in several processes of this machine: `python -m flowscope.train_processes RUN --processes N`.

They meet through a file in a folder that only this user can open, and talk over the loopback interface, which no other machine
reaches. This process starts them, and starts all of them again where one has died. Options that are not named here are those of
flowscope.train.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from .training.report import log

#: Seconds between two looks at the processes.
LOOK_EVERY = 0.1
#: Seconds for the others to end after one has failed, or all of them after a signal. The first one saves meanwhile.
TO_END = 60.0
#: Exit code of a process that has reported what is wrong, which stays wrong however often it is started again.
WRONG = 2
#: The variable that names the file where the processes meet.
MEETING_FILE = "FLOWSCOPE_MEETING_FILE"


class Wish:
    """What is wanted from outside."""

    #: Save and stop.
    stop = False
    #: Signals: after the first one the time is short, and after the second one it is up.
    signals = 0


def heed(wish: Wish, until_closed: bool) -> None:
    def asked(*_: object) -> None:
        wish.stop = True
        wish.signals += 1

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, asked)
    if until_closed:

        def wait() -> None:
            while os.read(0, 4096):
                pass
            wish.stop = True

        threading.Thread(target=wait, name="flowscope-input", daemon=True).start()


def loopback() -> str:
    """The name of the interface that only this machine reaches, as gloo takes it. Raises OSError where there is none."""
    if os.name == "nt":
        return "Loopback Pseudo-Interface 1"
    import fcntl

    # SIOCGIFFLAGS and IFF_LOOPBACK, which Python does not name.
    get_flags, is_loopback = (0xC0206911 if sys.platform == "darwin" else 0x8913), 0x8
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            with suppress(OSError):
                answer = fcntl.ioctl(asked, get_flags, struct.pack("16sH22x", name.encode(), 0))
                if struct.unpack("16sH22x", answer)[1] & is_loopback:
                    return name
    raise OSError("This machine has no loopback interface, over which processes could talk.")


def train_once(arguments: argparse.Namespace, options: list[str], wish: Wish) -> int:
    """The exit code: 0 where the first process has finished, WRONG where one has reported what is wrong."""
    workers: list[subprocess.Popen[bytes]] = []
    hears, says = os.pipe()
    # The folder is this user's alone. The processes stop when their input ends, which it also does when this process is killed.
    with (
        tempfile.TemporaryDirectory(prefix="flowscope-", ignore_cleanup_errors=True) as folder,
        open(hears, "rb") as hearing,
        open(says, "wb") as saying,
    ):
        meeting = {MEETING_FILE: str(Path(folder) / "meeting"), "GLOO_SOCKET_IFNAME": loopback()}
        environment = {"OMP_NUM_THREADS": "1", **os.environ, **meeting, "WORLD_SIZE": str(arguments.processes)}
        command = [sys.executable, "-m", "flowscope.train", arguments.run, *options]
        try:
            for rank in range(arguments.processes):
                workers.append(subprocess.Popen(command, stdin=hearing, env={**environment, "RANK": str(rank)}))
            return watch(workers, wish, saying)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def watch(workers: list[subprocess.Popen[bytes]], wish: Wish, saying: BinaryIO) -> int:
    """Waits until all have ended, or until their time is up. Gives what `train_once` gives."""
    until = float("inf")
    while None in (codes := [worker.poll() for worker in workers]) and time.monotonic() < until and wish.signals < 2:
        if wish.stop:
            saying.close()
        failed = [code for code in codes if code]
        if until == float("inf") and (failed or codes[0] == 0 or wish.signals):
            until = time.monotonic() + TO_END
            if failed and WRONG not in failed and not wish.stop:
                code = min(failed)
                log(f"A process of the training {f'was ended by signal {-code}' if code < 0 else f'ended with {code}'}.")
        time.sleep(LOOK_EVERY)
    if codes[0] == 0:
        return 0
    return WRONG if WRONG in codes else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m flowscope.train_processes", description=__doc__)
    parser.add_argument("run", help="folder of the run")
    parser.add_argument("--processes", type=int, default=1, help="processes that share each batch")
    parser.add_argument("--max-restarts", type=int, default=0, help="how often all start again after one has died")
    parser.add_argument("--until-closed", action="store_true", help="stop when the standard input is closed")
    arguments, options = parser.parse_known_args()
    wish = Wish()
    heed(wish, arguments.until_closed)
    if arguments.until_closed:
        options.append("--until-closed")
    left = arguments.max_restarts
    while (code := train_once(arguments, options, wish)) not in (0, WRONG) and left > 0 and not wish.stop:
        left -= 1
        log("All processes start again from what was saved last.")
    return code


if __name__ == "__main__":
    sys.exit(main())
