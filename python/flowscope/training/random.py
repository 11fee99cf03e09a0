"""The random numbers that Flowscope's engine draws: functions of seed, purpose and step, so that they need not be sent.

xoroshiro128+ (Blackman and Vigna 2018) draws one number after the other. It is linear over bits, so that its state after any
number of steps is a product with a matrix: a long stream is drawn in lanes side by side, and from any place on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

#: Numbers that each lane draws; a power of two.
STEPS = 32
SALTS = (0x9E3779B9, 0x7F4A7C15, 0xF39CC060, 0x5CEDC834)
MASK = 0xFFFFFFFF
#: Up to here an order of examples is a table.
LARGEST_TABLE = 2**22


class Stream:
    """Numbers for one purpose, for example `Stream(seed, "noise", step)`. Each method continues where the last one ended."""

    def __init__(self, seed: int, *labels: str | int) -> None:
        text = json.dumps([seed, *labels], separators=(",", ":"), ensure_ascii=False)
        words = [_hash(text, salt) for salt in SALTS]
        if not any(words):
            words[0] = 1
        self._state = (words[0] << 32 | words[1], words[2] << 32 | words[3])
        self._at = 0

    def words(self, count: int) -> npt.NDArray[np.uint32]:
        """The next raw numbers of 32 bits."""
        first = _advance(*(np.array([word], np.uint64) for word in self._state), self._at)
        self._at += count
        return _lanes(*first, count)

    def skip(self, count: int) -> Stream:
        self._at += count
        return self

    def uniform(self, count: int) -> Floats:
        """In [0, 1), multiples of 2⁻²⁴: the lowest bits of the generator are its weak ones."""
        return (self.words(count) >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)

    def normal(self, count: int) -> Floats:
        """Standard normal values by Marsaglia's polar method."""
        pairs = -(-count // 2)
        found: list[npt.NDArray[np.float64]] = []
        while sum(map(len, found)) < pairs:
            wanted = math.ceil((pairs - sum(map(len, found))) * 1.3) + 16
            words = (self.words(2 * wanted) >> np.uint32(8)).astype(np.float64).reshape(-1, 2)
            points = (words - 2**23) * 2**-23
            squares = points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1]
            inside = (squares < 1) & (squares != 0)
            points, squares = points[inside], squares[inside]
            found.append(points * np.sqrt((-2 * np.log(squares)) / squares)[:, None])
        return np.concatenate(found)[:pairs].reshape(-1)[:count].astype(np.float32)

    def integer(self, limit: int) -> int:
        """In [0, limit)."""
        accepted = 2**32 - 2**32 % limit
        while True:
            word = int(self.words(1)[0])
            if word < accepted:
                return word % limit

    def permutation(self, count: int) -> Indices:
        """The numbers 0 … count − 1 in random order."""
        order = [0] * count
        for i, j in enumerate(self._places(count)):
            order[i] = order[j]
            order[j] = i
        return np.array(order, np.int64)

    def _places(self, count: int) -> list[int]:
        """One of [0, i] for each i; what would make some likelier than others is drawn again."""
        places: list[int] = []
        while len(places) < count:
            limits = np.arange(len(places) + 1, min(count, len(places) + 65536) + 1, dtype=np.uint64)
            before = self._at
            words = self.words(len(limits)).astype(np.uint64)
            rejected = words >= np.uint64(2**32) - np.uint64(2**32) % limits
            accepted = int(np.argmax(rejected)) if rejected.any() else len(limits)
            places.extend((words[:accepted] % limits[:accepted]).tolist())
            self._at = before + accepted + (accepted < len(limits))
        return places


class Order(Protocol):
    def __call__(self, positions: Indices) -> Indices: ...


def shuffled(count: int, seed: int, *labels: str | int) -> Order:
    """An order of `count` examples."""
    if count > LARGEST_TABLE:
        return computed_order(count, seed, *labels)
    table = Stream(seed, *labels).permutation(count)
    return lambda positions: table[positions]


def computed_order(count: int, seed: int, *labels: str | int) -> Order:
    """The same without a table: a Feistel network, where results outside of the range are sent through again."""
    half = max(1, math.ceil(math.log2(max(2, count)) / 2))
    stream = Stream(seed, *labels, "rounds")
    keys = [np.uint64(stream.integer(2**32)) for _ in range(4)]
    low, shift = np.uint64(2**half - 1), np.uint64(half)

    def once(values: Words) -> Words:
        left, right = values >> shift, values & low
        for key in keys:
            left, right = right, (left ^ _mix(right ^ key)) & low
        return (left << shift) | right

    def order(positions: Indices) -> Indices:
        values = once(positions.astype(np.uint64))
        while (outside := values >= np.uint64(count)).any():
            values[outside] = once(values[outside])
        return values.astype(np.int64)

    return order


def _mix(values: Words) -> Words:
    """The finalizer of MurmurHash3 (Austin Appleby, public domain) on 32 bits."""
    h = values ^ (values >> np.uint64(16))
    h = (h * np.uint64(0x85EBCA6B)) & np.uint64(MASK)
    h ^= h >> np.uint64(13)
    h = (h * np.uint64(0xC2B2AE35)) & np.uint64(MASK)
    return h ^ (h >> np.uint64(16))


def _hash(text: str, salt: int) -> int:
    """MurmurHash3 (x86, 32 bit; Austin Appleby, public domain), one block for each UTF-16 code unit."""
    units = text.encode("utf-16-le")
    h = salt
    for at in range(0, len(units), 2):
        k = int.from_bytes(units[at : at + 2], "little") * 0xCC9E2D51 & MASK
        k = ((k << 15 | k >> 17) & MASK) * 0x1B873593 & MASK
        h ^= k
        h = ((h << 13 | h >> 19) & MASK) * 5 + 0xE6546B64 & MASK
    h ^= len(units) // 2
    return int(_mix(np.array([h], np.uint64))[0])


def _turned(words: Words, by: int) -> Words:
    return (words << np.uint64(by)) | (words >> np.uint64(64 - by))


def _step(a: Words, b: Words) -> tuple[Words, Words]:
    mixed = a ^ b
    return _turned(a, 24) ^ mixed ^ (mixed << np.uint64(16)), _turned(mixed, 37)


def _lanes(a: Words, b: Words, count: int) -> npt.NDArray[np.uint32]:
    """`count` numbers from one state on. Lane i begins STEPS · i numbers later."""
    lanes = -(-count // STEPS)
    while len(a) < lanes:
        later = _jump((STEPS * len(a)).bit_length() - 1)(a, b)
        a, b = np.concatenate([a, later[0]]), np.concatenate([b, later[1]])
    a, b = a[:lanes], b[:lanes]
    out = np.empty((lanes, STEPS), np.uint32)
    for step in range(STEPS):
        out[:, step] = (a + b).astype(np.uint32)
        a, b = _step(a, b)
    return out.reshape(-1)[:count]


def _advance(a: Words, b: Words, steps: int) -> tuple[Words, Words]:
    for power in range(steps.bit_length()):
        if steps >> power & 1:
            a, b = _jump(power)(a, b)
    return a, b


@lru_cache(maxsize=64)
def _jump(power: int) -> Callable[[Words, Words], tuple[Words, Words]]:
    """The states 2^power steps later: a product of bits, of eight at a time by tables."""
    bits = np.uint64(1) << np.arange(64, dtype=np.uint64)
    nothing = np.zeros(64, np.uint64)
    columns = np.concatenate([bits, nothing]), np.concatenate([nothing, bits])
    if power == 0:
        columns = _step(*columns)
    else:
        half = _jump(power - 1)
        columns = half(*half(*columns))
    tables = np.zeros((2, 16, 256), np.uint64)
    for word in range(2):
        for byte in range(16):
            for bit in range(8):
                tables[word, byte, 1 << bit : 2 << bit] = tables[word, byte, : 1 << bit] ^ columns[word][8 * byte + bit]

    def jump(a: Words, b: Words) -> tuple[Words, Words]:
        found = np.zeros((2, len(a)), np.uint64)
        for byte in range(16):
            word, shift = (a, b)[byte // 8], np.uint64(8 * (byte % 8))
            found ^= tables[:, byte, ((word >> shift) & np.uint64(255)).astype(np.intp)]
        return found[0], found[1]

    return jump
