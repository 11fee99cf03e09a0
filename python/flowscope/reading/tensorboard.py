"""TensorBoard's event files: scalars, as TensorFlow, Keras, PyTorch and Lightning write them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from .tracked import Measured, TrackedRun
from .wire import Damaged, crc32c, double, fields, integers, masked, part, signed, single, text

#: Bytes of a record; larger ones hold pictures and graphs.
LARGEST = 2**20
#: Numbers of types in a tensor's message, and how `struct` calls them.
TYPES = {1: "f", 2: "d", 3: "i", 9: "q"}
MARK = "tfevents"


def read_tensorboard(path: str | os.PathLike[str]) -> list[TrackedRun]:
    """Every folder below `path` that holds event files is a run, as in TensorBoard; `path` may also be a file.

    Keras writes the folders train and validation, which are one run. A last record that is cut is still being written.
    """
    source = Path(path)
    if source.is_file():
        return [_read(source.parent, [source])]
    found = {folder: sorted(Path(folder) / name for name in names if MARK in name) for folder, _, names in os.walk(source)}
    runs = {Path(folder): _read(Path(folder), files) for folder, files in found.items() if files}
    for folder, run in list(runs.items()):
        sibling = runs.get(folder.with_name("train"))
        if folder.name == "validation" and sibling is not None:
            for name, measured in run.measured.items():
                sibling.measured[f"val_{name.removeprefix('epoch_')}"] = measured
            sibling.notes += run.notes
            sibling.name = folder.parent.name
            del runs[folder]
    return list(runs.values())


def _read(folder: Path, files: list[Path]) -> TrackedRun:
    run = TrackedRun(folder.resolve().name, "TensorBoard", folder)
    # A training that was resumed writes another file, and counts on from the step where it was saved.
    for file in files:
        try:
            for record in _records(file):
                for name, measured in _scalars(record):
                    run.add(name, measured.step, measured.time, measured.value)
        except Damaged as problem:
            run.notes.append(f"{file}: is damaged ({problem}). What came before was read.")
    return run


def _records(file: Path) -> Iterator[bytes]:
    """Length, its checksum, the record, its checksum."""
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        while len(head := opened.read(12)) == 12:
            length, checksum = struct.unpack("<QI", head)
            if masked(crc32c(head[:8])) != checksum:
                raise Damaged(f"the length of the record at byte {opened.tell() - 12} has another checksum")
            if length + 4 > size - opened.tell():
                return
            if length > LARGEST:
                opened.seek(length + 4, os.SEEK_CUR)
                continue
            record, checksum = opened.read(length), opened.read(4)
            if struct.pack("<I", masked(crc32c(record))) != checksum:
                raise Damaged(f"the record before byte {opened.tell()} has another checksum")
            yield record


def _scalars(event: bytes) -> Iterator[tuple[str, Measured]]:
    time, step, summaries = 0.0, 0, []
    for number, value in fields(event):
        if number == 1:
            time = double(value)
        elif number == 2 and isinstance(value, int):
            step = signed(value)
        elif number == 5:
            summaries.append(part(value))
    for summary in summaries:
        for number, value in fields(summary):
            if number != 1:
                continue
            name, scalar = "", None
            for key, content in fields(part(value)):
                if key == 1:
                    name = text(content)
                elif key == 2:
                    scalar = single(content)
                elif key == 8:
                    scalar = _number_in(part(content))
            if scalar is not None:
                yield name, Measured(step, time, scalar)


def _number_in(tensor: bytes) -> float | None:
    """That of a tensor with one number."""
    kind, numbers = "", []
    for key, value in fields(tensor):
        if key == 1 and isinstance(value, int):
            kind = TYPES.get(value, "")
        elif key in (4, 5, 6) and kind:
            content, size = part(value), struct.calcsize(kind)
            if len(content) == size:
                numbers += struct.unpack(f"<{kind}", content)
            elif len(content) > size:
                return None
        elif key in (7, 10) and kind:
            numbers += [signed(one) for one in integers(value)]
    return float(numbers[0]) if len(numbers) == 1 else None
