"""What every writer of run folders does: whole files or none."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
#: Bytes in a line of metrics.jsonl; ours have some hundred.
LONGEST_LINE = 2**20


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replace_file(file: Path, data: bytes) -> None:
    """Whoever reads it meanwhile sees the old file or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{temporary_tag()}.tmp")
    try:
        with temporary.open("xb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        patiently(lambda: os.replace(temporary, file))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def temporary_tag() -> str:
    """24 hexadecimal digits: place, process and chance. The engine knows by them what killed processes have left."""
    place = sha256(f"{socket.gethostname()} {process_space() or ''}".encode()).hexdigest()[:8]
    return f"{place}{os.getpid():08x}{os.urandom(4).hex()}"


def process_space() -> str | None:
    """The namespace that process ids count in (Linux): containers share folders and may share a host name."""
    if sys.platform != "linux":
        return None
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def patiently(work: Callable[[], T]) -> T:
    """On Windows a virus scanner or a reader can hold a file for a moment: it is tried again."""
    for attempt in range(8 if os.name == "nt" else 0):
        try:
            return work()
        except PermissionError:
            time.sleep(0.02 * 2**attempt)
    return work()


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
