"""Cases of libraries that build on Keras, which runs on TensorFlow here."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without oneDNN's own order of sums, which differs between machines.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras  # noqa: E402
import numpy as np  # noqa: E402

from case import LATENTS, ROWS, Case, normal  # noqa: E402


def in_both(build, rng: np.random.Generator):
    """The same model of random weights in both precisions; `build` makes it with weights of Keras' usual precision."""
    models = {}
    values = None
    for precision in ("float32", "float64"):
        keras.config.set_floatx(precision)
        keras.config.set_dtype_policy(precision)
        try:
            models[precision] = build()
        finally:
            keras.config.set_floatx("float32")
            keras.config.set_dtype_policy("float32")
        if values is None:
            values = [random_value(weight, rng) for weight in models[precision].weights]
        for weight, value in zip(models[precision].weights, values, strict=True):
            weight.assign(np.asarray(value, weight.dtype))
    return models


def random_value(weight, rng: np.random.Generator) -> np.ndarray:
    """As far from the identity as that of a flow that was trained; of what is not trained only statistics change."""
    value = np.asarray(weight)
    if weight.name in ("moving_mean", "moving_variance"):
        return rng.uniform(*((-0.3, 0.3) if weight.name == "moving_mean" else (0.5, 2)), value.shape).astype(np.float32)
    if not weight.trainable or not np.issubdtype(value.dtype, np.floating):
        return value
    scale = 0.5 / np.sqrt(value.shape[0]) if value.ndim > 1 else 0.2
    return (value + rng.normal(0, scale, value.shape)).astype(np.float32)


def keras_case(
    rng: np.random.Generator,
    models: dict,
    *,
    features: int,
    context: int | None = None,
    forward,
    inverse,
    **rest,
) -> Case:
    """`forward(model, x, context)` and `inverse(model, z, context)` compute with tensors of the model's precision."""

    def call(function, precision, *given):
        keras.config.set_floatx(precision)
        try:
            tensors = (None if values is None else keras.ops.convert_to_tensor(values, precision) for values in given)
            out = function(models[precision], *tensors)
        finally:
            keras.config.set_floatx("float32")
        return tuple(np.asarray(part) for part in out) if isinstance(out, tuple) else np.asarray(out)

    return Case(
        x=normal(rng, ROWS, (features,), 1.2),
        z_in=normal(rng, LATENTS, (features,)),
        context=normal(rng, ROWS, (context,)) if context else None,
        forward=lambda precision, *given: call(forward, precision, *given),
        inverse=lambda precision, *given: call(inverse, precision, *given),
        **rest,
    )


def saved(model, name: str, how: str):
    """The "whole" model, or its "weights"."""

    def write(folder):
        file = f"{name}.keras" if how == "whole" else f"{name}.weights.h5"
        (model.save if how == "whole" else model.save_weights)(folder / file)
        return file

    return write
