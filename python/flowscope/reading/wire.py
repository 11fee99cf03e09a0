"""The little of protocol buffers and of checksums that logs of trackers need."""

from __future__ import annotations

import struct
from collections.abc import Iterator

#: A field: its number, and an integer, or bytes for what has a length or a fixed size.
Field = tuple[int, int | bytes]
#: Digits of seven bits in the longest integer.
LONGEST_INTEGER = 10


class Damaged(ValueError):
    """It is not what it says, or was cut in the middle."""


def fields(message: bytes) -> Iterator[Field]:
    """Raises Damaged where it is no message."""
    at, end = 0, len(message)
    while at < end:
        key, at = _integer(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _integer(message, at)
            yield number, value
            continue
        if kind == 2:
            size, at = _integer(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise Damaged(f"a field of kind {kind}")
        if size > end - at:
            raise Damaged(f"a field of {size} bytes, of which {end - at} are there")
        yield number, message[at : at + size]
        at += size


def _integer(message: bytes, at: int) -> tuple[int, int]:
    """It, and where the next thing begins."""
    value = 0
    for place, byte in enumerate(message[at : at + LONGEST_INTEGER]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise Damaged("an integer without an end")


def integers(value: int | bytes) -> Iterator[int]:
    """One, or several that are packed."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        one, at = _integer(value, at)
        yield one


def signed(value: int) -> int:
    """Of 64 bits."""
    return value - 2**64 if value >= 2**63 else value


def double(value: int | bytes) -> float:
    if not isinstance(value, bytes) or len(value) != 8:
        raise Damaged("a double of another size")
    return struct.unpack("<d", value)[0]


def single(value: int | bytes) -> float:
    if not isinstance(value, bytes) or len(value) != 4:
        raise Damaged("a float of another size")
    return struct.unpack("<f", value)[0]


def text(value: int | bytes) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def part(value: int | bytes) -> bytes:
    """A message in a message, or bytes."""
    if not isinstance(value, bytes):
        raise Damaged("a number in the place of a message")
    return value


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC32C = _table()


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """As both logs have it: a checksum of what holds a checksum would be no good one."""
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF
