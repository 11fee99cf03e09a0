"""Records a flow of flowjax by arrays alone: `flowscope.recording.write` needs NumPy, and no PyTorch.

python python/examples/flowjax_recording.py [FILE]
"""

import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from flowjax.bijections import Affine, Chain, Coupling, Flip
from flowjax.distributions import StandardNormal, Transformed

import flowscope


def make_flow(key, features: int = 4):
    """Two couplings; flowjax leads from latent to data."""
    first, second = (
        Coupling(key, transformer=Affine(), untransformed_dim=features // 2, dim=features, nn_width=16, nn_depth=1)
        for key in jr.split(key)
    )
    return Transformed(StandardNormal((features,)), Chain([first, Flip((features,)), second]))


def record(flow, x, path):
    """From data to latent: the inverses of the chain's bijections, the last one first."""
    layers, h = [], x
    for index, bijection in reversed(list(enumerate(flow.bijection.bijections))):
        inverse = jax.vmap(bijection.inverse_and_log_det)
        y, log_det = eqx.filter_jit(inverse)(h)
        jacobian = jax.vmap(jax.jacobian(bijection.inverse))(h)
        back = jax.vmap(bijection.transform)(y)
        layers.append(
            flowscope.recording.Layer(
                name=f"bijection.bijections.{index}",
                type=type(bijection).__name__,
                output=y,
                log_det=log_det,
                jacobian=jacobian,
                round_trip=jnp.abs(back - h).max(axis=1),
            )
        )
        h = y
    return flowscope.recording.write(path, x=x, layers=layers, title="flowjax couplings", library="flowjax")


if __name__ == "__main__":
    flow = make_flow(jr.key(0))
    rows = jr.normal(jr.key(1), (32, 4))
    file = record(flow, rows, sys.argv[1] if len(sys.argv) > 1 else "flowjax")
    print(f"wrote {file}: log p(x) of the first example is {flow.log_prob(rows[0]):.4f}")
