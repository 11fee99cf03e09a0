"""Flows that `flowscope export --format torch` prints, of every convention, against what ONNX Runtime computes for them.

scripts/python-tests.mjs has them written (test/python/emit-flows.ts) and says where: FLOWSCOPE_EMITTED.
"""

import importlib.util
import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

FOLDER = Path(os.environ["FLOWSCOPE_EMITTED"])
LABELS = json.loads((FOLDER / "labels.json").read_text())
#: Both compute in float32, sums in different orders.
VALUES = 1e-5
#: Of an inverse, which divides by what the forward pass multiplies with, and of passes one after the other.
INVERSES = 1e-4
#: Of the largest entry of each gradient: sums over a batch cancel.
GRADIENTS = 1e-5


def module(folder):
    spec = importlib.util.spec_from_file_location("flow", folder / "flow.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def difference(found, expected):
    """The largest, absolute for values within ±1, relative beyond."""
    assert found.shape == expected.shape
    if found.numel() == 0:
        return 0.0
    return ((found - expected).abs() / expected.abs().clamp(min=1)).max().item()


@pytest.mark.parametrize("number", range(len(LABELS)), ids=LABELS)
def test_computes_the_same(number):
    folder = FOLDER / str(number)
    flow = module(folder).Flow.load()
    expected = load_file(folder / "expected.safetensors")
    given = [expected["context"]] if "context" in expected else []
    count = len(expected["x"])

    with torch.no_grad():
        z, log_det = flow(expected["x"], *given)
        assert difference(z, expected["z"]) < VALUES
        assert difference(log_det, expected["log_det"].expand(count)) < VALUES
        back, log_det = flow.inverse(expected["z"], *given)
        assert difference(back, expected["back"]) < INVERSES
        assert difference(log_det, expected["back_log_det"].expand(count)) < INVERSES

    log_prob = flow.log_prob(expected["data"], *given)
    assert difference(log_prob, expected["log_prob"].expand(count)) < VALUES
    log_prob.mean().backward()
    for name, parameter in flow.named_parameters():
        wanted = expected[f"grad:{name}"]
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        scale = wanted.abs().max().clamp(min=1e-3)
        assert ((gradient - wanted).abs().max() / scale).item() < GRADIENTS, name

    drawn = flow.sample(*(given or [count]), generator=torch.Generator().manual_seed(1))
    assert len(drawn) == count and torch.isfinite(drawn).all()
