"""Writes recordings: what a flow did to a batch, layer by layer, for the Flowscope inspector.

Needs NumPy and safetensors only, so that flows of any library can be recorded. docs/recording.md specifies the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors.numpy import save

from .run_files import replace_file

FORMAT = "flowscope-recording"
FORMAT_VERSION = 1
ENDING = ".flowrec.safetensors"
BINS = 32

Structure = Literal["elementwise", "coupling", "autoregressive", "permutation", "dense"]


@dataclass
class Parameter:
    """What is kept of a tensor of parameters: its size, moments of its finite values, and their histogram."""

    name: str
    shape: list[int]
    norm: float
    stats: dict[str, float]
    edges: list[float]
    counts: list[int]


@dataclass
class Slice:
    """What a layer that is a slice of time has besides: a vector field followed from t0 to t1. Arrays are over N examples, and M
    equal times of the slice, both ends included."""

    t0: float
    t1: float
    #: Evaluations of the network.
    runs: int
    #: "1", or "1a" and "1b" where a slice was cut in half.
    number: str = ""
    #: The log-det minus that of a finer solver from the same state, nats, and the largest difference of x. [N] each; NaN where it
    #: was not compared.
    log_det_error: Any = None
    error: Any = None
    #: Standard error of the log-det where it is estimated by probes, [N].
    log_det_spread: Any = None
    #: States and velocities, [N, M, ...].
    path: Any = None
    velocity: Any = None
    #: d log-det for a unit of t towards noise; degrees by which the path turns in 0.1 of t; largest |Re λ| of dv/dx. [N, M] each.
    rate: Any = None
    bend: Any = None
    stiffness: Any = None


@dataclass
class Layer:
    """One layer over N examples, from data to latent. Arrays are [N, D], or [N, H, W, C] with channels last."""

    name: str
    #: [N, ...]
    output: Any
    #: log|det dy/dx| in nats, [N]; one number stands for all examples.
    log_det: Any
    #: [N, ...]; the output of the layer before it (x for the first) where it is absent.
    input: Any = None
    #: What the layer is called in its library, for example "AffineCouplingTransform".
    type: str = ""
    #: Terms of the log-det by element of the input, which add up to it. [N, ...]
    log_det_elements: Any = None
    #: Largest |x - inverse(y)| of the layer alone, [N].
    round_trip: Any = None
    #: Largest difference at the layer's input when the whole inverse starts at z, [N].
    way_error: Any = None
    #: dy/dx of the first J examples, [J, outputs, inputs]; rows and columns count elements row-major.
    jacobian: Any = None
    #: 1 where an output moved with an input for any example, [outputs, inputs].
    dependencies: Any = None
    #: 1 where an element passes through unchanged, in the shape of the input.
    passes: Any = None
    #: What the dependencies show.
    structure: Structure | None = None
    #: Order of an autoregressive layer's features, from the first, which depends on none, to the last.
    order: Sequence[int] | None = None
    #: Values inside of the layer by name, [N, ...] each.
    activations: Mapping[str, Any] = field(default_factory=dict)
    parameters: Sequence[Parameter] = ()
    parameter_count: int | None = None
    #: Of a slice of time.
    slice: Slice | None = None


@dataclass
class Samples:
    """Samples and their way from z to x."""

    #: [S, ...]
    z: Any
    #: Values at the input of each layer, from data to latent: the first is x. [S, ...] each.
    inputs: Sequence[Any]
    #: ln p(z) of the base, [S]; a standard normal is computed by the reader.
    base_log_prob: Any = None
    #: [S, C]
    context: Any = None


def summarize(name: str, values: Any) -> Parameter:
    """Moments are over finite values, as float64."""
    array = np.asarray(values)
    flat = array.astype(np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    some = finite.size > 0
    low, high = (float(finite.min()), float(finite.max())) if some else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(finite, bins=BINS, range=(low, high))
    return Parameter(
        name=name,
        shape=list(array.shape),
        norm=float(np.sqrt(np.sum(finite**2))),
        stats={
            "count": int(flat.size),
            "min": float(finite.min()) if some else 0.0,
            "max": float(finite.max()) if some else 0.0,
            "mean": float(finite.mean()) if some else 0.0,
            "std": float(finite.std()) if some else 0.0,
            "nan": int(np.isnan(flat).sum()),
            "inf": int(np.isinf(flat).sum()),
        },
        edges=[float(edge) for edge in edges],
        counts=[int(count) for count in counts],
    )


def recording_path(path: str | os.PathLike[str]) -> Path:
    """The path with the ending by which Flowscope knows a recording."""
    text = os.fspath(path)
    return Path(text if text.endswith(ENDING) else text.removesuffix(".safetensors") + ENDING)


def write(path: str | os.PathLike[str], **parts: Any) -> Path:
    """Writes a recording and returns its path, which ends in .flowrec.safetensors. The file is replaced as a whole. Takes
    what `encode` takes."""
    file = recording_path(path)
    replace_file(file, encode(**parts))
    return file


def encode(
    *,
    x: Any,
    layers: Sequence[Layer],
    z: Any = None,
    base: Literal["standard-normal", "other"] = "standard-normal",
    base_log_prob: Any = None,
    context: Any = None,
    samples: Samples | None = None,
    title: str = "Flow",
    library: str | None = None,
    step: int | None = None,
    parameter_count: int | None = None,
    feature_names: Sequence[str] | None = None,
    context_names: Sequence[str] | None = None,
    examples_given: int | None = None,
    notes: Sequence[str] = (),
    field: Mapping[str, Any] | None = None,
    log_prob_error: Any = None,
    recorded_at: datetime | None = None,
) -> bytes:
    """The bytes of a recording.

    x is the batch, [N, D] or [N, H, W, C]; z is the output of the last layer where it is absent. `base_log_prob` is ln p(z)
    for each example; it has to be given where the base is no standard normal. `field` says of a vector field which end of t is
    data and how it was solved, as docs/recording.md has it; `log_prob_error` is how far log p is off that of a finer solver, [N].
    """
    tensors: dict[str, np.ndarray] = {"x": _values(x, "x")}
    count = len(tensors["x"])
    if not layers:
        raise ValueError("A recording needs at least one layer.")
    if base == "other" and base_log_prob is None:
        raise ValueError('base="other" needs base_log_prob: ln p(z) of each example.')
    if z is not None:
        tensors["z"] = _values(z, "z", count)
    if base_log_prob is not None:
        tensors["base_log_prob"] = _per_example(base_log_prob, "base_log_prob", count)
    if context is not None:
        tensors["context"] = _values(context, "context", count)
    at = tensors["x"]
    infos = []
    for index, layer in enumerate(layers):
        infos.append(_add_layer(tensors, index, layer, at))
        at = tensors[f"layers.{index}.output"]
    if log_prob_error is not None:
        tensors["log_prob_error"] = _per_example(log_prob_error, "log_prob_error", count)
    if samples is not None:
        _add_samples(tensors, samples, len(layers))
    about = {
        "title": title,
        "recordedAt": (recorded_at or datetime.now(timezone.utc)).isoformat(timespec="seconds"),
        "writer": f"flowscope {_version()}",
        "base": base,
        "examplesGiven": count if examples_given is None else examples_given,
        "notes": list(notes),
        "layers": infos,
    }
    for key, value in (
        ("library", library),
        ("step", step),
        ("parameterCount", parameter_count),
        ("featureNames", feature_names and list(feature_names)),
        ("contextNames", context_names and list(context_names)),
        ("field", field and dict(field)),
    ):
        if value is not None:
            about[key] = value
    metadata = {"format": FORMAT, "format_version": str(FORMAT_VERSION), "recording": json.dumps(about, allow_nan=False)}
    return save(tensors, metadata=metadata)


def _add_layer(tensors: dict[str, np.ndarray], index: int, layer: Layer, before: np.ndarray) -> dict[str, Any]:
    prefix = f"layers.{index}"
    count = len(before)
    inputs = before
    if layer.input is not None:
        inputs = tensors[f"{prefix}.input"] = _values(layer.input, f"{layer.name}: input", count)
    tensors[f"{prefix}.output"] = _values(layer.output, f"{layer.name}: output", count)
    for name in ("log_det", "round_trip", "way_error"):
        value = getattr(layer, name)
        if value is not None:
            tensors[f"{prefix}.{name}"] = _per_example(value, f"{layer.name}: {name}", count)
    if layer.log_det_elements is not None:
        elements = _values(layer.log_det_elements, f"{layer.name}: log_det_elements", count)
        _same_shape(elements.shape, inputs.shape, f"{layer.name}: log_det_elements")
        tensors[f"{prefix}.log_det_elements"] = elements
    if layer.passes is not None:
        passes = np.ascontiguousarray(np.asarray(layer.passes), dtype=np.uint8)
        _same_shape(passes.shape, inputs.shape[1:], f"{layer.name}: passes")
        tensors[f"{prefix}.passes"] = passes
    size = (int(np.prod(tensors[f"{prefix}.output"].shape[1:])), int(np.prod(inputs.shape[1:])))
    if layer.jacobian is not None:
        jacobian = np.ascontiguousarray(np.asarray(layer.jacobian), dtype=np.float32)
        _same_shape(jacobian.shape[1:], size, f"{layer.name}: jacobian")
        tensors[f"{prefix}.jacobian"] = jacobian[:count]
    if layer.dependencies is not None:
        dependencies = np.ascontiguousarray(np.asarray(layer.dependencies) != 0, dtype=np.uint8)
        _same_shape(dependencies.shape, size, f"{layer.name}: dependencies")
        tensors[f"{prefix}.dependencies"] = dependencies
    for number, (name, value) in enumerate(layer.activations.items()):
        tensors[f"{prefix}.activations.{number}"] = _values(value, f"{layer.name}: activation {name}", count)
    info: dict[str, Any] = {"name": layer.name}
    if layer.type:
        info["type"] = layer.type
    if layer.structure:
        info["structure"] = layer.structure
    if layer.order is not None:
        info["order"] = [int(feature) for feature in layer.order]
    if layer.activations:
        info["activations"] = list(layer.activations)
    if layer.parameters:
        info["parameters"] = [vars(parameter) for parameter in layer.parameters]
    if layer.parameter_count is not None:
        info["parameterCount"] = int(layer.parameter_count)
    if layer.slice is not None:
        info.update(_add_slice(tensors, prefix, layer.name, layer.slice, count))
    return info


def _add_slice(tensors: dict[str, np.ndarray], prefix: str, name: str, time_slice: Slice, count: int) -> dict[str, Any]:
    for part in ("log_det_error", "error", "log_det_spread"):
        value = getattr(time_slice, part)
        if value is not None:
            tensors[f"{prefix}.{part}"] = _per_example(value, f"{name}: {part}", count)
    shape = tensors[f"{prefix}.output"].shape
    for part in ("path", "velocity", "rate", "bend", "stiffness"):
        value = getattr(time_slice, part)
        if value is None:
            continue
        array = np.ascontiguousarray(np.asarray(value).astype(np.float32))
        rest = shape[1:] if part in ("path", "velocity") else ()
        if array.ndim < 2 or array.shape[0] != count or array.shape[2:] != rest:
            raise ValueError(f"{name}: {part} has the shape {array.shape}; expected {(count, 'times', *rest)}.")
        tensors[f"{prefix}.{part}"] = array
    info = {"kind": "slice", "t0": float(time_slice.t0), "t1": float(time_slice.t1), "runs": int(time_slice.runs)}
    return {**info, "number": time_slice.number} if time_slice.number else info


def _add_samples(tensors: dict[str, np.ndarray], samples: Samples, layers: int) -> None:
    tensors["samples.z"] = _values(samples.z, "samples: z")
    count = len(tensors["samples.z"])
    if len(samples.inputs) != layers:
        raise ValueError(f"samples: has the inputs of {len(samples.inputs)} layers; expected {layers}, the first is x.")
    for index, value in enumerate(samples.inputs):
        tensors[f"samples.inputs.{index}"] = _values(value, f"samples: input {index}", count)
    if samples.base_log_prob is not None:
        tensors["samples.base_log_prob"] = _per_example(samples.base_log_prob, "samples: base_log_prob", count)
    if samples.context is not None:
        tensors["samples.context"] = _values(samples.context, "samples: context", count)


def _values(values: Any, name: str, count: int | None = None) -> np.ndarray:
    """Float32, [N, D] or [N, H, W, C]; two axes of an example get a channel, more than three become one."""
    array = np.asarray(values).astype(np.float32)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"{name}: has the shape {array.shape}; expected [examples, ...] with at least one value each.")
    if count is not None and len(array) != count:
        raise ValueError(f"{name}: holds {len(array)} examples; the batch has {count}.")
    if array.ndim == 3:
        array = array[..., None]
    elif array.ndim > 4:
        array = array.reshape(len(array), -1)
    return np.ascontiguousarray(array)


def _per_example(values: Any, name: str, count: int) -> np.ndarray:
    array = np.asarray(values).astype(np.float32)
    if array.ndim == 0:
        array = np.full(count, array, dtype=np.float32)
    if array.shape != (count,):
        raise ValueError(f"{name}: has the shape {array.shape}; expected ({count},), one number for each example.")
    return np.ascontiguousarray(array)


def _same_shape(shape: tuple[int, ...], expected: tuple[int, ...], name: str) -> None:
    if tuple(shape) != tuple(expected):
        raise ValueError(f"{name}: has the shape {tuple(shape)}; expected {tuple(expected)}.")


def _version() -> str:
    from . import __version__

    return __version__
