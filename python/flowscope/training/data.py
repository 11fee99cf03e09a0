"""Examples as the engine's training sees them: the same order, flips and noise at each step."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .collective import World
from .plan import Plan, TrainingError
from .random import Floats, Indices, Order, Stream, shuffled

#: Examples of one validation step, whose noise is a stream of its own.
VALIDATION_BLOCK = 256


class Rows:
    """An array on disk, of which the rows that are asked for are read."""

    def __init__(self, array: npt.NDArray[np.generic]) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    def read(self, indices: Indices, _: Floats | None = None) -> Floats:
        return self._array[indices].astype(np.float32)


class Pictures:
    """Pictures on disk, whole and one behind the other, which are cropped as they are read."""

    def __init__(self, pixels: npt.NDArray[np.uint8], sizes: npt.NDArray[np.int32], shape: tuple[int, ...]) -> None:
        self._pixels = pixels
        self._sizes = sizes
        self._shape = shape
        self._ends = np.cumsum(sizes.astype(np.int64).prod(1) * shape[2])

    def __len__(self) -> int:
        return len(self._sizes)

    def read(self, indices: Indices, crops: Floats | None) -> Floats:
        """`crops` [2 · indices]: where each lies, vertically and horizontally, in [0, 1)."""
        assert crops is not None
        side, _, channels = self._shape
        out = np.empty((len(indices), *self._shape), np.float32)
        for row, index in enumerate(indices):
            height, width = (int(size) for size in self._sizes[index])
            end = int(self._ends[index])
            picture = self._pixels[end - height * width * channels : end].reshape(height, width, channels)
            rooms = (height - side, width - side)
            top, left = (
                min(room, int(float(at) * (room + 1))) for room, at in zip(rooms, crops[2 * row : 2 * row + 2], strict=True)
            )
            out[row] = picture[top : top + side, left : left + side]
        return out


@dataclass(frozen=True)
class Examples:
    features: Rows | Pictures
    context: Rows | None

    def __len__(self) -> int:
        return len(self.features)


def open_split(plan: Plan, name: str, count: int) -> Examples:
    def opened(kind: str, shape: tuple[int, ...], types: str = "f4 u1") -> npt.NDArray[np.generic]:
        file = plan.folder / f"{name}{kind}.npy"
        try:
            array = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise TrainingError(f"{file}: cannot be read ({error}). Prepare the run again with flowscope train.") from None
        expected = [np.dtype(f"<{name}") for name in types.split()]
        if array.shape != (count, *shape) or array.dtype not in expected:
            raise TrainingError(
                f"{file}: holds {array.dtype} {list(array.shape)}; "
                f"expected {' or '.join(map(str, expected))} {[count, *shape]}. "
                "Prepare the run again with flowscope train."
            )
        return array

    def pictures() -> Pictures:
        file = plan.folder / f"{name}.pixels"
        sizes = opened(".sizes", (2,), "i4")
        try:
            pixels = np.memmap(file, np.uint8, "r")
        except (OSError, ValueError) as error:
            raise TrainingError(f"{file}: cannot be read ({error}). Prepare the run again with flowscope train.") from None
        side, _, channels = plan.shape
        expected = int((sizes.astype(np.int64).prod(1) * channels).sum())
        if (sizes < side).any() or len(pixels) != expected:
            raise TrainingError(
                f"{file}: holds {len(pixels)} bytes; expected {expected}, of pictures of {side}×{side} or more. "
                "Prepare the run again with flowscope train."
            )
        return Pictures(pixels, sizes, plan.shape)

    crops = plan.crops_at_random and name == "train"
    features = pictures() if crops else Rows(opened("", plan.shape))
    return Examples(features, Rows(opened(".context", (plan.context,))) if plan.context else None)


@dataclass(frozen=True)
class Batch:
    """Rows as the flow's functions take them: data units, dequantized."""

    x: Tensor
    context: Tensor | None
    #: The noise where the line of each row ends, and how far on the way there it is looked at; in flow matching alone.
    lines: tuple[Tensor, ...] = ()

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return (self.x, *self.lines, *(() if self.context is None else (self.context,)))


def as_tensor(values: Floats) -> Tensor:
    """Values as a tensor of the type that is computed with."""
    return torch.from_numpy(values).to(torch.get_default_dtype())


class Batches:
    """Which examples each step sees, and this process's part of them."""

    def __init__(self, plan: Plan, examples: Examples | None, world: World) -> None:
        self._plan = plan
        self._examples = examples
        self._part = world.share(plan.batch)
        self._epoch = -1
        self._order: Order = lambda positions: positions

    def at(self, step: int) -> Batch:
        """Steps count from 1."""
        assert self._examples is not None
        seed = self._plan.training["seed"]
        epoch, place = divmod(step - 1, self._plan.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, shuffled(self._plan.train, seed, "order", epoch)
        part = self._part
        indices = self._order(place * self._plan.batch + np.arange(part.start, part.stop))
        crops = flipped = None
        if self._plan.crops_at_random:
            crops = Stream(seed, "crops", step).skip(2 * part.start).uniform(2 * len(indices))
        if self._plan.training["flips"] and self._plan.is_image:
            flipped = Stream(seed, "flips", step).uniform(self._plan.batch)[part] >= 0.5
        noise = Stream(seed, "noise", step)
        batch = read_batch(self._plan, self._examples, indices, noise, first=part.start, crops=crops, flipped=flipped)
        return replace(batch, lines=self._lines(step)) if self._plan.matches else batch

    def _lines(self, step: int) -> tuple[Tensor, ...]:
        """As the engine draws them for all rows of the step."""
        size = self._plan.batch
        places = (np.arange(size) + Stream(self._plan.training["seed"], "places", step).uniform(size)) / size
        return self.noise(step), as_tensor(places.astype(np.float32)[self._part, None])

    def noise(self, step: int) -> Tensor:
        """This process's part of the step's noise of the base."""
        size, shape = self._plan.batch, self._plan.noise_shape
        noise = Stream(self._plan.training["seed"], "latents", step).normal(size * math.prod(shape))
        return as_tensor(noise.reshape(size, *shape)[self._part])


def read_batch(
    plan: Plan,
    examples: Examples,
    indices: Indices,
    noise: Stream,
    *,
    first: int = 0,
    crops: Floats | None = None,
    flipped: npt.NDArray[np.bool_] | None = None,
) -> Batch:
    """`first`: the place of the first row among those that share the stream of noise."""
    x = examples.features.read(indices, crops)
    context = None if examples.context is None else examples.context.read(indices)
    if flipped is not None:
        x[flipped] = x[flipped, :, ::-1]
        if context is not None and len(plan.context_shape) == 3:
            images = context.reshape(len(context), *plan.context_shape)
            images[flipped] = images[flipped, :, ::-1]
    if plan.is_image:
        x = _dequantized(plan, x, noise, first)
    elif plan.integers:
        _add_noise(x, plan.integers, noise.skip(first * x.shape[1]))
    return Batch(as_tensor(x), None if context is None else as_tensor(context))


def _dequantized(plan: Plan, x: Floats, noise: Stream, first: int) -> Floats:
    edge = (plan.pad, plan.pad)
    padded = np.pad(x, ((0, 0), edge, edge, (0, 0))) if plan.pad else x
    size = int(np.prod(plan.input_shape))
    return padded + noise.skip(first * size).uniform(padded.size).reshape(padded.shape)


def _add_noise(x: Floats, integers: tuple[int, ...], noise: Stream) -> None:
    """Makes integers numbers strictly between them and the next, in place. Other numbers have their noise already."""
    columns = list(integers)
    value = x[:, columns]
    u = noise.uniform(x.size).reshape(x.shape)[:, columns]
    above = (value + np.maximum(u, np.float32(2**-25))).astype(np.float32)
    between = np.clip(above, np.nextafter(value, np.float32(np.inf)), np.nextafter(value + 1, np.float32(-np.inf)))
    x[:, columns] = np.where(value == np.floor(value), between, value)
