"""The example of docs/recording.md, which writes a recording with NumPy's arrays alone."""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))


def test_flowjax_is_recorded_without_pytorch(tmp_path):
    import jax
    from flowjax_recording import make_flow, record

    flow = make_flow(jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (16, 4))
    tensors = load_file(record(flow, x, tmp_path / "flow"))
    log_det = sum(tensors[f"layers.{i}.log_det"] for i in range(3))
    z = tensors["layers.2.output"]
    prior = -0.5 * (z**2 + np.log(2 * np.pi)).sum(1)
    np.testing.assert_allclose(prior + log_det, jax.vmap(flow.log_prob)(x), atol=1e-5)
