"""Examples as the engine's training sees them: the same order, flips and noise at each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .collective import World
from .plan import Plan, TrainingError
from .random import Floats, Indices, Order, Stream, shuffled

#: Examples of one validation step, whose noise is a stream of its own.
VALIDATION_BLOCK = 256


@dataclass(frozen=True)
class Examples:
    """Arrays on disk, of which the rows that are asked for are read."""

    features: npt.NDArray[np.generic]
    context: npt.NDArray[np.generic] | None

    def __len__(self) -> int:
        return len(self.features)


def open_split(plan: Plan, name: str, count: int) -> Examples:
    def opened(kind: str, shape: tuple[int, ...]) -> npt.NDArray[np.generic]:
        file = plan.folder / f"{name}{kind}.npy"
        try:
            array = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise TrainingError(f"{file}: cannot be read ({error}). Prepare the run again with flowscope train.") from None
        if array.shape != (count, *shape) or array.dtype not in (np.dtype("<f4"), np.dtype("u1")):
            raise TrainingError(
                f"{file}: holds {array.dtype} {list(array.shape)}; expected float32 or uint8 {[count, *shape]}. "
                "Prepare the run again with flowscope train."
            )
        return array

    return Examples(opened("", plan.shape), opened(".context", (plan.context,)) if plan.context else None)


@dataclass(frozen=True)
class Batch:
    """Rows as the flow's functions take them: data units, dequantized."""

    x: Tensor
    context: Tensor | None

    @property
    def given(self) -> tuple[Tensor, ...]:
        return (self.x,) if self.context is None else (self.x, self.context)


def as_tensor(values: Floats) -> Tensor:
    """Of the type that is computed with."""
    return torch.from_numpy(values).to(torch.get_default_dtype())


class Batches:
    """Which examples each step sees, and this process's part of them."""

    def __init__(self, plan: Plan, examples: Examples, world: World) -> None:
        self._plan = plan
        self._examples = examples
        self._part = world.share(plan.batch)
        self._epoch = -1
        self._order: Order = lambda positions: positions

    def at(self, step: int) -> Batch:
        """Steps count from 1."""
        seed = self._plan.training["seed"]
        epoch, place = divmod(step - 1, self._plan.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, shuffled(self._plan.train, seed, "order", epoch)
        indices = self._order(place * self._plan.batch + np.arange(self._part.start, self._part.stop))
        flipped = None
        if self._plan.training["flips"] and self._plan.is_image:
            flipped = Stream(seed, "flips", step).uniform(self._plan.batch)[self._part] >= 0.5
        noise = Stream(seed, "noise", step)
        return read_batch(self._plan, self._examples, indices, noise, first=self._part.start, flipped=flipped)


def read_batch(
    plan: Plan,
    examples: Examples,
    indices: Indices,
    noise: Stream,
    *,
    first: int = 0,
    flipped: npt.NDArray[np.bool_] | None = None,
) -> Batch:
    """`first`: the place of the first row among those that share the stream of noise."""
    x = examples.features[indices].astype(np.float32)
    context = None if examples.context is None else examples.context[indices].astype(np.float32)
    if flipped is not None:
        x[flipped] = x[flipped, :, ::-1]
        if context is not None and len(plan.context_shape) == 3:
            images = context.reshape(len(context), *plan.context_shape)
            images[flipped] = images[flipped, :, ::-1]
    if plan.is_image:
        x = _dequantized(plan, x, noise, first)
    return Batch(as_tensor(x), None if context is None else as_tensor(context))


def _dequantized(plan: Plan, x: Floats, noise: Stream, first: int) -> Floats:
    edge = (plan.pad, plan.pad)
    padded = np.pad(x, ((0, 0), edge, edge, (0, 0))) if plan.pad else x
    size = int(np.prod(plan.input_shape))
    return padded + noise.skip(first * size).uniform(padded.size).reshape(padded.shape)
