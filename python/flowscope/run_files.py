"""What every writer of run folders does: whole files or none, one writer at a time."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

#: Seconds between two signs of life, and without one after which another machine's process may be taken for ended.
BEAT_EVERY = 15.0
SILENT_AFTER = 120.0
#: Bytes in a line of metrics.jsonl; ours have some hundred.
LONGEST_LINE = 2**20


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replace_file(file: Path, data: bytes) -> None:
    """Whoever reads it meanwhile sees the old file or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Named as the engine names its own: it removes what killed writers leave.
    temporary = file.with_name(f".{file.name}.{uuid.uuid4().hex[:24]}.tmp")
    try:
        with temporary.open("xb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(file: Path, value: Mapping[str, Any] | list[Any]) -> None:
    replace_file(file, (json.dumps(value, indent=2) + "\n").encode())


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl that are whole: a killed writer leaves half a line."""
    rows = []
    whole = True
    with file.open("rb") if file.exists() else io.BytesIO() as lines:
        while line := lines.readline(LONGEST_LINE):
            # A longer line comes in parts, none of which is a row.
            whole, is_first = line.endswith(b"\n"), whole
            try:
                row = json.loads(line) if is_first and len(line) < LONGEST_LINE else None
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                rows.append(row)
    return rows


class RunLock:
    """train.lock, which one process has at a time, and signs of life for machines that cannot see this process."""

    def __init__(self, folder: Path, *, take_over: bool = False) -> None:
        """`take_over` waits until a process of another machine that gives no sign of life has been silent for long.

        Raises FileExistsError where another process has it.
        """
        self._folder = folder
        self._file = folder / "train.lock"
        self._id = str(uuid.uuid4())
        owner = _owner(self._file)
        if owner is not None and owner["host"] == socket.gethostname() and not _lives(owner["pid"]):
            self._file.unlink(missing_ok=True)
        elif owner is not None and owner["host"] != socket.gethostname() and take_over:
            _await_silence(self._file)
        lock = {"id": self._id, "pid": os.getpid(), "host": socket.gethostname(), "since": now()}
        try:
            handle = os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            raise FileExistsError(f"{folder}: is being written by another process ({self._file.name} says which).") from None
        with os.fdopen(handle, "w", encoding="utf8") as out:
            out.write(json.dumps(lock, indent=2) + "\n")
        self._released = threading.Event()
        self._beat = threading.Thread(target=self._live, name="flowscope-run", daemon=True)
        self._beat.start()

    def check(self) -> None:
        """Raises FileExistsError where another process has taken the run over: nothing may be written any more."""
        owner = _owner(self._file)
        if owner is not None and owner["id"] != self._id:
            raise FileExistsError(f"{self._folder}: was taken over by process {owner['pid']} on {owner['host']}.")

    def release(self) -> None:
        if self._released.is_set():
            return
        self._released.set()
        self._beat.join()
        owner = _owner(self._file)
        if owner is not None and owner["id"] == self._id:
            self._file.unlink(missing_ok=True)

    def _live(self) -> None:
        while not self._released.wait(BEAT_EVERY):
            try:
                os.utime(self._file)
            except OSError:
                # The next one may reach the disk.
                continue


def _await_silence(file: Path) -> None:
    """Removes the lock once it is silent; returns where it gives a sign of life."""
    try:
        beat = file.stat().st_mtime
        while time.time() - beat < SILENT_AFTER:
            time.sleep(1)
            if file.stat().st_mtime != beat:
                return
    except FileNotFoundError:
        return
    file.unlink(missing_ok=True)


def _owner(file: Path) -> dict[str, Any] | None:
    try:
        owner = json.loads(file.read_text(encoding="utf8"))
        return {"id": str(owner.get("id", "")), "host": str(owner["host"]), "pid": int(owner["pid"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _lives(pid: int) -> bool:
    if os.name == "nt":
        # Signal 0 would end the process there.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
