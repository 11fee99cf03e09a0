"""What to train, as Flowscope prepared it in RUN/torch: plan.json, flow.py and its weights, and the data as arrays."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1
LARGEST_PLAN = 2**26
#: Most values of a tensor or of all tensors, far beyond what fits in memory.
MOST_VALUES = 2**40


class TrainingError(Exception):
    """An error whose message is for the user as it is."""


@dataclass(frozen=True)
class Tensors:
    """Named tensors that lie one behind the other in a vector."""

    shapes: Mapping[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes.values())


@dataclass(frozen=True)
class Plan:
    folder: Path
    #: The section of the config.
    training: Mapping[str, Any]
    #: What each checkpoint says of itself.
    metadata: Mapping[str, str]
    #: One example: [D], or [H, W, C] without the pixels that are padded at each edge.
    shape: tuple[int, ...]
    noise_shape: tuple[int, ...]
    pad: int
    #: Levels of a pixel; 0 for vectors.
    levels: int
    #: Features of vectors that are integers.
    integers: tuple[int, ...]
    #: Numbers of a context, and its shape where it is an image.
    context: int
    context_shape: tuple[int, ...]
    #: Whether a vector field is trained, by flow matching.
    matches: bool
    #: nats of an example = quantization − prior − log_det − preprocessing
    quantization: float
    parameters: Tensors
    #: Number of parameter values that weight decay applies to. They come first.
    decayed: int
    statistics: Tensors
    #: Running statistics in the order in which the training pass gives them.
    updates: tuple[str, ...]
    batch: int
    #: Examples; none where a flow is trained on a target alone.
    train: int
    #: Training pictures are whole, and cropped where each step says.
    crops_at_random: bool
    validation: int
    total_steps: int
    max_seconds: float
    #: Whether weights of another run are validated before the first step.
    validate_first: bool
    #: Samples of a picture; 0 for none.
    samples: int
    #: Whether the training pass is compiled by torch.compile.
    compile: bool
    #: Precision of products and convolutions in the networks: "float32" or "bfloat16".
    precision: str

    @property
    def is_image(self) -> bool:
        return self.levels > 0

    @property
    def is_reverse(self) -> bool:
        """Whether the flow is trained by draws of its own."""
        return bool(self.training["objective"] != "likelihood")

    @property
    def input_shape(self) -> tuple[int, ...]:
        if not self.is_image:
            return self.shape
        height, width, channels = self.shape
        return (height + 2 * self.pad, width + 2 * self.pad, channels)

    @property
    def per_epoch(self) -> int:
        return max(1, self.train // self.batch)

    def bits_per_dim(self, nats: float) -> float | None:
        return nats / (math.prod(self.input_shape) * math.log(2)) if self.is_image else None


def read_plan(run: Path) -> Plan:
    folder = run / "torch"
    file = folder / "plan.json"
    try:
        if file.stat().st_size > LARGEST_PLAN:
            raise TrainingError(f"{file}: is larger than {LARGEST_PLAN} bytes. Prepare the run again with flowscope train.")
        values = json.loads(file.read_text(encoding="utf8"))
    except OSError:
        raise TrainingError(
            f"{run}: is not prepared for PyTorch ({file} cannot be read). Start it with flowscope train --launcher torch."
        ) from None
    except ValueError:
        raise TrainingError(f"{file}: is not JSON. Prepare the run again with flowscope train.") from None
    if not isinstance(values, dict) or values.get("version") != VERSION:
        raise TrainingError(f"{file}: is of another version of Flowscope. Prepare the run again with flowscope train.")
    return _plan_of(folder, _Fields(file, values))


class _Fields:
    """Values of a JSON object, each checked for its type."""

    def __init__(self, file: Path, values: Mapping[str, Any]) -> None:
        self.file = file
        self.values = values

    def wrong(self, key: str, expected: str) -> TrainingError:
        return TrainingError(f"{self.file}: {key} is {str(self.values.get(key))[:80]}; expected {expected}.")

    def number(self, key: str, least: float = -math.inf) -> float:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
            raise self.wrong(key, "a number" if least == -math.inf else f"a number from {least}")
        return float(value)

    def count(self, key: str, least: int = 0) -> int:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST_VALUES:
            raise self.wrong(key, f"a whole number from {least}")
        return value

    def flag(self, key: str) -> bool:
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def one_of(self, key: str, values: tuple[str, ...]) -> str:
        value = self.values.get(key)
        if value not in values:
            raise self.wrong(key, " or ".join(f'"{name}"' for name in values))
        return str(value)

    def shape(self, key: str) -> tuple[int, ...]:
        value = self.values.get(key)
        if not _is_shape(value):
            raise self.wrong(key, "sizes")
        return tuple(value)

    def tensors(self, key: str) -> Tensors:
        value = self.values.get(key)
        if not isinstance(value, dict) or not all(_is_shape(shape) for shape in value.values()):
            raise self.wrong(key, "names and shapes")
        tensors = Tensors({name: tuple(shape) for name, shape in value.items()})
        if tensors.size > MOST_VALUES:
            raise self.wrong(key, f"at most {MOST_VALUES} values")
        return tensors

    def table(self, key: str) -> dict[str, Any]:
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, "names and values")
        return value


def _is_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in value)
        and math.prod(value) <= MOST_VALUES
    )


def _plan_of(folder: Path, fields: _Fields) -> Plan:
    statistics = fields.tensors("statistics")
    updates = fields.values.get("updates")
    if not isinstance(updates, list) or any(name not in statistics.shapes for name in updates):
        raise fields.wrong("updates", "names of statistics")
    metadata = fields.table("metadata")
    if any(not isinstance(value, str) for value in metadata.values()):
        raise fields.wrong("metadata", "texts")
    training = _training_of(_Fields(fields.file, fields.table("training")))
    return Plan(
        folder=folder,
        training=training,
        metadata=metadata,
        shape=fields.shape("shape"),
        noise_shape=fields.shape("noiseShape"),
        pad=fields.count("pad"),
        levels=fields.count("levels"),
        integers=fields.shape("integers"),
        context=fields.count("context"),
        context_shape=fields.shape("contextShape"),
        matches=fields.flag("matches"),
        quantization=fields.number("quantization"),
        parameters=fields.tensors("parameters"),
        decayed=fields.count("decayed"),
        statistics=statistics,
        updates=tuple(updates),
        batch=fields.count("batch", 1),
        train=fields.count("train", 0 if training["objective"] == "reverseKl" else 1),
        crops_at_random=fields.flag("cropsAtRandom"),
        validation=fields.count("validation"),
        total_steps=fields.count("totalSteps"),
        max_seconds=fields.number("maxSeconds", 0) if fields.values.get("maxSeconds") is not None else math.inf,
        validate_first=fields.flag("validateFirst"),
        samples=fields.count("samples"),
        compile=fields.flag("compile"),
        precision=fields.one_of("precision", ("float32", "bfloat16")),
    )


def _training_of(fields: _Fields) -> dict[str, Any]:
    counts = ("seed", "steps", "warmupSteps", "validateEvery", "patience", "checkpointEvery", "keepCheckpoints", "sampleEvery")
    numbers = ("learningRate", "finalLearningRate", "beta1", "beta2", "epsilon", "weightDecay", "clipNorm", "ema")
    objective = "likelihood"
    if fields.values.get("objective") is not None:
        objective = fields.one_of("objective", ("likelihood", "reverseKl", "mixed"))
    return {
        **{key: fields.count(key) for key in counts},
        **{key: fields.number(key, 0) for key in numbers},
        "flips": fields.flag("flips"),
        "objective": objective,
        "target": str(fields.values.get("target")),
        "schedule": fields.one_of("schedule", ("constant", "cosine", "exponential")),
    }
