"""One writer per run folder. The engine (src/checkpoint/run-lock.ts) and Python judge each other's locks."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import stat
import sys
import threading
import time
import unicodedata
import uuid
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from .run_files import now, patiently, process_space, temporary_tag

NAME = "train.lock"
#: Bytes; longer files were not written by Flowscope.
LARGEST = 4096
#: Seconds between two heartbeats, each of which sets the time of the file.
BEAT_EVERY = 15.0
#: Seconds. A process that cannot be seen from here may have ended when its last heartbeat is older.
SILENT_AFTER = 120.0
#: How often to look again at a lock that does not say whose it is: it is being written, which takes a moment.
LOOKS = 20
#: Some file systems, such as exFAT, have no second names for a file.
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK}

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z| ?[+-]\d\d(:?\d\d)?)", re.ASCII)


class TakenOver(FileExistsError):
    """Another process writes the run now."""


class RunLock:
    """train.lock in a run folder, which one process has at a time, and its heartbeat."""

    def __init__(self, folder: Path, *, take_over: bool = False, every: float = BEAT_EVERY) -> None:
        """Takes a run, whose folder has to exist. A lock that a process of this machine has left behind is replaced.

        `take_over`: also from a process that cannot be seen from here and gives no sign of life for two minutes, which are
        waited for. `every`: seconds between heartbeats. Raises FileExistsError, which names who writes the run.
        """
        self._folder = folder
        self._file = folder / NAME
        self._handle, self._text = _take(self._file, take_over)
        self._every = every
        self._released = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="flowscope-run", daemon=True)
        self._heartbeat.start()

    def check(self) -> None:
        """Raises TakenOver where another process has taken the run over: nothing may be written any more."""
        owner = None if self._is_ours() else _read(self._file)
        if owner is not None:
            raise TakenOver(f"{self._folder}: was taken over by {owner.name}. This training ends and writes nothing more.")

    def release(self) -> None:
        """May be called again."""
        if self._released.is_set():
            return
        self._released.set()
        self._heartbeat.join()
        os.close(self._handle)
        if self._is_ours():
            _remove(self._file)

    def _is_ours(self) -> bool:
        try:
            return self._file.read_bytes() == self._text
        except OSError:
            return False

    def _beat(self) -> None:
        """Through the file that was created: the time is the file server's, and a lock of another process is not touched."""
        while not self._released.wait(self._every):
            try:
                os.lseek(self._handle, 0, os.SEEK_SET)
                os.write(self._handle, self._text)
                os.fsync(self._handle)
            except OSError:
                # The next one may reach the disk.
                continue


@dataclass(frozen=True)
class Owner:
    """What a lock says."""

    id: str
    pid: int
    host: str
    since: str
    #: Tells the process from a later one with the same id, where the system says (Linux).
    start: str | None
    #: The namespace that the process id counts in (Linux): containers share folders and may share a host name.
    space: str | None

    @property
    def name(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since[:19].replace('T', ' ')} UTC"


@dataclass(frozen=True)
class Holder:
    #: Whether the process lives, where it can be seen from here.
    lives: bool | None
    #: None where the lock is being written or damaged.
    owner: Owner | None
    #: Seconds since the last heartbeat, by the file server's clock; 0 where the process can be seen.
    age: float
    #: Time of the last heartbeat, by the file server's clock.
    beat: int

    @property
    def has_ended(self) -> bool:
        return self.lives is False

    @property
    def is_silent(self) -> bool:
        return self.lives is None and self.age > SILENT_AFTER


def _take(file: Path, take_over: bool) -> tuple[int, bytes]:
    """An open handle of the new lock, and what it holds."""
    text = _text_of_this_process()
    watched: tuple[int, float] | None = None
    for look in count(1):
        handle = _create(file, text)
        if handle is not None:
            return handle, text
        holder = _look_at(file)
        if holder is not None and (holder.has_ended or (take_over and holder.is_silent)):
            _remake(file, holder, take_over)
        elif holder is None or (holder.owner is None and look < LOOKS):
            time.sleep(0.05)
        elif not take_over or holder.lives:
            raise FileExistsError(_refusal(file.parent, holder))
        elif watched is None:
            watched = holder.beat, time.monotonic()
        elif holder.beat != watched[0]:
            # A sign of life.
            raise FileExistsError(_refusal(file.parent, holder))
        elif time.monotonic() - watched[1] > SILENT_AFTER:
            # Its time may be ahead of all clocks.
            _remake(file, holder, take_over, watched[0])
        else:
            time.sleep(1)
    raise AssertionError


def _remake(file: Path, found: Holder, take_over: bool, quiet: int | None = None) -> None:
    """Removes a lock that was left behind. `quiet`: a heartbeat that none has followed for long.

    Only who holds the lock named after it may do so, and looks once more: of two that found it, the later one would remove
    the new lock of the first.
    """
    name = found.owner.id if found.owner else "damaged"
    right = file.with_name(f"{file.name}.{name}")
    handle, _ = _take(right, take_over)
    os.close(handle)
    try:
        holder = _look_at(file)
        if holder is None or (holder.owner and holder.owner.id) != (found.owner and found.owner.id):
            return
        if holder.has_ended or (take_over and (holder.is_silent or holder.beat == quiet)):
            _remove(file)
    finally:
        _remove(right)


def _create(file: Path, text: bytes) -> int | None:
    """An open handle; None where there is one already. The lock has its content from the start."""
    if os.name == "nt":
        # A file that is open keeps all its names there.
        return _create_plain(file, text)
    temporary = file.with_name(f".{NAME}.{temporary_tag()}.tmp")
    handle = _write_new(temporary, text)
    try:
        os.link(temporary, file)
        return handle
    except OSError as error:
        os.close(handle)
        if isinstance(error, FileExistsError):
            return None
        if error.errno in NO_LINKS:
            return _create_plain(file, text)
        raise
    finally:
        _remove(temporary)


def _create_plain(file: Path, text: bytes) -> int | None:
    try:
        return patiently(lambda: _write_new(file, text))
    except FileExistsError:
        return None


def _write_new(file: Path, text: bytes) -> int:
    handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o644)
    try:
        os.write(handle, text)
        os.fsync(handle)
        return handle
    except BaseException:
        os.close(handle)
        _remove(file)
        raise


def _remove(file: Path) -> None:
    patiently(lambda: file.unlink(missing_ok=True))


def _look_at(file: Path) -> Holder | None:
    try:
        beat = file.lstat().st_mtime_ns
        owner = _read(file)
    except FileNotFoundError:
        return None
    lives = None if owner is None else _lives(owner)
    age = 0.0 if lives is not None else _server_time(file.parent) - beat / 1e9
    return Holder(lives, owner, age, beat)


def _server_time(folder: Path) -> float:
    """The time of the file server, whose clock set the heartbeats; our own where nothing can be written."""
    probe = folder / f".{NAME}.{temporary_tag()}.tmp"
    try:
        with probe.open("xb"):
            return probe.lstat().st_mtime
    except OSError:
        return time.time()
    finally:
        _remove(probe)


def _read(file: Path) -> Owner | None:
    """None for a file that is no lock, or not yet a whole one. Raises FileNotFoundError where there is none."""
    found = file.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
        return None
    try:
        fields: Any = json.loads(file.read_bytes())
        owner = Owner(fields["id"], fields["pid"], fields["host"], fields["since"], fields.get("start"), fields.get("space"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return owner if _makes_sense(owner) else None


def _makes_sense(owner: Owner) -> bool:
    """As media/schemas/lock.schema.json has it. The id becomes part of a name, the host is shown in terminals."""
    texts = (owner.id, owner.host, owner.since, owner.start or "", owner.space or "")
    if not all(isinstance(text, str) and len(text) < 256 for text in texts) or type(owner.pid) is not int:
        return False
    is_host = owner.host and not any(unicodedata.category(character)[0] == "C" for character in owner.host)
    return bool(UUID.fullmatch(owner.id) and TIME.fullmatch(owner.since) and is_host and 0 < owner.pid < 2**31)


def _text_of_this_process() -> bytes:
    fields = {"id": str(uuid.uuid4()), "pid": os.getpid(), "host": socket.gethostname()}
    fields |= {"start": _start_of(os.getpid()), "space": process_space(), "since": now()}
    return (json.dumps({key: value for key, value in fields.items() if value}, indent=2) + "\n").encode()


def _lives(owner: Owner) -> bool | None:
    """What the system says of the process where it can be seen from here; None elsewhere. A stopped process lives."""
    if owner.host != socket.gethostname() or owner.space != process_space():
        return None
    found = _start_of(owner.pid)
    if found is None:
        return False
    # Where the system does not say when a process began, this may be another one with the same id.
    return found == owner.start if owner.start and found else None


def _start_of(pid: int) -> str | None:
    """None where there is no such process; empty where there is one of which the system does not say when it began."""
    if not (_is_there_on_windows(pid) if os.name == "nt" else _is_there(pid)):
        return None
    if sys.platform != "linux":
        return ""
    try:
        # The name of the program is in parentheses and may hold any character.
        fields = Path(f"/proc/{pid}/stat").read_text("latin1").rpartition(")")[2].split()
        # A killed process stays in the table until its parent has asked for its end.
        if fields[0] in ("Z", "X"):
            return None
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text('latin1').strip()}/{fields[19]}"
    except (OSError, IndexError):
        return ""


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # A process of another user may not be asked, but is there.
        pass
    return True


def _is_there_on_windows(pid: int) -> bool:
    """Signal 0 of os.kill would be Ctrl-C there."""
    import ctypes

    kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.OpenProcess.restype = ctypes.c_void_p
    to_wait, invalid_parameter, still_runs = 0x00100000, 87, 258
    process = kernel.OpenProcess(to_wait, False, pid)
    if not process:
        # One of another user may not be asked, but is there.
        return ctypes.get_last_error() != invalid_parameter  # type: ignore[attr-defined]
    try:
        return kernel.WaitForSingleObject(ctypes.c_void_p(process), 0) == still_runs
    finally:
        kernel.CloseHandle(ctypes.c_void_p(process))


def _refusal(folder: Path, holder: Holder) -> str:
    if holder.lives and holder.owner and holder.owner.pid == os.getpid():
        return f"{folder}: is being written by this process already. Finish that run first, or choose another folder."
    who = holder.owner.name if holder.owner else f"a process that is not named in {NAME} yet"
    if holder.is_silent:
        why = f"which has given no sign of life for {round(holder.age / 60)} minutes and cannot be checked from here"
    elif holder.age < -SILENT_AFTER:
        why = f"which cannot be checked from here: {NAME} is {round(-holder.age / 60)} minutes ahead of the folder's clock"
    else:
        advice = "Two trainings would corrupt the run. Stop that one first, or choose another folder."
        return f"{folder}: is being trained by {who}. {advice}"
    advice = "If you are sure that it has ended, take over the run (take_over=True of flowscope.Run, or --take-over)."
    return f"{folder}: was being trained by {who}, {why}. {advice}"
