"""Cases of libraries that build on JAX: random weights, the same model in both precisions."""

import os
from functools import cache

# Each case has shapes of its own, so that compiling takes longer than running.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")
# Checks of values are not compiled as they are written.
os.environ.setdefault("EQX_ON_ERROR", "off")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from case import LATENTS, ROWS, Case, normal  # noqa: E402


def in_precision(precision: str):
    """JAX makes arrays of this precision inside of it."""
    return jax.enable_x64(precision == "float64")


def is_real(leaf) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)


def random_leaves(tree, rng: np.random.Generator, size: float = 1.0):
    """Real leaves of these shapes, in float64, as far from the identity as those of a flow that was trained."""

    def drawn(leaf):
        scale = size / np.sqrt(max(leaf.shape[-1], 1) if len(leaf.shape) > 1 else 10)
        return rng.normal(0, scale, leaf.shape)

    return [drawn(leaf) if is_real(leaf) else None for leaf in jax.tree.leaves(tree)]


def jax_case(
    rng: np.random.Generator,
    *,
    features: int,
    context: int | None = None,
    forward,
    inverse,
    x: np.ndarray | None = None,
    z_in: np.ndarray | None = None,
    **rest,
) -> Case:
    """`forward(precision)` and `inverse(precision)` give functions of x or z and a context, which are compiled."""
    # Compiled code of the cases before.
    jax.clear_caches()

    @cache
    def compiled(function, precision):
        return jax.jit(function(precision))

    def call(function, precision, *given):
        with in_precision(precision):
            arrays = (None if values is None else jnp.asarray(values, precision) for values in given)
            out = compiled(function, precision)(*arrays)
        return tuple(np.asarray(part) for part in out) if isinstance(out, tuple) else np.asarray(out)

    return Case(
        x=normal(rng, ROWS, (features,), 1.2) if x is None else x.astype(np.float32),
        z_in=normal(rng, LATENTS, (features,)) if z_in is None else z_in.astype(np.float32),
        context=normal(rng, ROWS, (context,)) if context else None,
        forward=lambda precision, *given: call(forward, precision, *given),
        inverse=lambda precision, *given: call(inverse, precision, *given),
        **rest,
    )
