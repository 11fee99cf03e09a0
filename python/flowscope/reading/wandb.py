"""Runs of Weights & Biases in its folders: the file run-ID.wandb, which offline runs and others have."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .tracked import TrackedRun
from .wire import Damaged, fields, part, signed, text

HEADER = b":W&B\xe1\xbe\x00"
BLOCK = 2**15
#: Checksum, length and kind of a part of a record.
HEAD = struct.Struct("<IHB")
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
#: Bytes; larger records hold no history.
LARGEST = 2**24
#: Numbers of what a record may be.
HISTORY, CONFIG, RUN, EXIT = 2, 5, 17, 18


def read_wandb(path: str | os.PathLike[str]) -> list[TrackedRun]:
    """Of every run-ID.wandb below `path`, which may also be such a file."""
    source = Path(path)
    files = [source] if source.is_file() else sorted(source.rglob("run-*.wandb"))
    return [_read(file) for file in files]


def _read(file: Path) -> TrackedRun:
    run = TrackedRun(file.stem.removeprefix("run-"), "Weights & Biases", file, status="stopped")
    try:
        for record in _records(file):
            for number, value in fields(record):
                if number in (HISTORY, CONFIG, RUN, EXIT):
                    _take(run, number, part(value))
    except Damaged as problem:
        run.notes.append(f"{file}: is damaged ({problem}). What came before was read.")
    return run


def _take(run: TrackedRun, number: int, message: bytes) -> None:
    if number == HISTORY:
        _take_history(run, message)
    elif number == CONFIG:
        _take_config(run, message)
    elif number == EXIT:
        code = next((value for key, value in fields(message) if key == 1), 0)
        run.status = "finished" if code == 0 else "failed"
    else:
        for key, value in fields(message):
            if key == 1:
                run.id = text(value)
            elif key == 4:
                _take_config(run, part(value))
            elif key == 8:
                run.name = text(value)


def _take_history(run: TrackedRun, message: bytes) -> None:
    step, values = 0, {}
    for number, value in fields(message):
        if number == 1:
            name, found = _item(part(value))
            values.update(_flat(name, found))
        elif number == 2:
            step = signed(next((one for key, one in fields(part(value)) if key == 1 and isinstance(one, int)), 0))
    # JSON has integers of any size, and NaN.
    with contextlib.suppress(ValueError, OverflowError):
        step, time = int(values.pop("_step", step)), float(values.pop("_timestamp", 0.0))
        for name, value in values.items():
            if not name.startswith("_"):
                run.add(name, step, time, float(value))


def _take_config(run: TrackedRun, message: bytes) -> None:
    for number, value in fields(message):
        if number == 1:
            name, found = _item(part(value))
            if not name.startswith("_"):
                run.parameters[name] = found


def _item(message: bytes) -> tuple[str, Any]:
    """A name, or the names that lead to it, and JSON."""
    names, value = [], None
    for key, content in fields(message):
        if key in (1, 2):
            names.append(text(content))
        elif key == 16:
            try:
                value = json.loads(part(content))
            except (ValueError, RecursionError):
                value = None
    return ".".join(filter(None, names)), value


def _flat(name: str, value: Any) -> dict[str, float]:
    """The numbers of it."""
    if isinstance(value, dict):
        return {key: one for part, inner in value.items() for key, one in _flat(f"{name}.{part}", inner).items()}
    return {name: value} if isinstance(value, (int, float)) and not isinstance(value, bool) else {}


def _records(file: Path) -> Iterator[bytes]:
    """The log of LevelDB: blocks, in which parts of records have checksums. A last part that is cut is still being written."""
    with file.open("rb") as opened:
        if opened.read(len(HEADER)) != HEADER:
            raise Damaged("it does not begin as a log of Weights & Biases does")
        parts: list[bytes] = []
        while True:
            left = BLOCK - opened.tell() % BLOCK
            if left < HEAD.size:
                opened.seek(left, os.SEEK_CUR)
            head = opened.read(HEAD.size)
            if len(head) < HEAD.size:
                return
            checksum, length, kind = HEAD.unpack(head)
            data = opened.read(length)
            if len(data) < length:
                return
            if zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
                raise Damaged(f"the part before byte {opened.tell()} has another checksum")
            if kind in (WHOLE, FIRST):
                parts = []
            parts.append(data)
            if kind in (WHOLE, LAST) and sum(map(len, parts)) <= LARGEST:
                yield b"".join(parts)
