"""Flows that `flowscope export --format torch` prints, of every convention, against what ONNX Runtime computes for them.

scripts/python-tests.mjs has them written (test/python/emit-flows.ts) and says where: FLOWSCOPE_EMITTED.
"""

import importlib.util
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from seen import Seen
from torch._subclasses.fake_tensor import FakeTensorMode

from flowscope.training.bfloat16 import use_bfloat16

FOLDER = Path(os.environ["FLOWSCOPE_EMITTED"])
LABELS = json.loads((FOLDER / "labels.json").read_text())
#: The module computes in float64, so this is what float32 costs ONNX Runtime.
VALUES = 1e-5
#: Of an inverse, which divides by what the forward pass multiplies with.
INVERSES = 1e-4
#: Where rounding of float32 is carried over a jump: x turned by half an interval.
LESS_EXACT = {"image, splines after half a turn": 1e-4}
#: Of a parameter's largest gradient, or of a tenth of the largest of all where its own terms nearly cancel.
GRADIENTS = 1e-5
#: Of a compiled function: another order of float32.
COMPILED = 1e-5
#: With networks in bfloat16, which has 8 bits of precision.
BFLOAT16 = 3e-2
#: By affine couplings, splines of both kinds, convolutions, and convolutions that mix.
TRACED = ["vector, realnvp", "vector, nsf", "vector, nsf-autoregressive", "image, realnvp", "image, glow"]
#: To C++, which takes longer.
COMPILES = ["vector, realnvp", "vector, splines", "image, couplings given numbers"]


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


def test_takes_no_other_weights_unless_they_are_named(tmp_path):
    for name in ("flow.py", "weights.safetensors"):
        shutil.copy(FOLDER / "0" / name, tmp_path)
    code = module(tmp_path)
    flow = code.Flow.load()
    weights = tmp_path / "weights.safetensors"
    # Of the same names and shapes, as another checkpoint of the run has.
    tensors = load_file(weights)
    name, parameter = next(flow.named_parameters())
    save_file({**tensors, name: tensors[name] + 1}, weights)
    with pytest.raises(ValueError, match=r"weights\.safetensors: is not the file that was written with flow\.py"):
        code.Flow.load()
    assert torch.equal(code.Flow.load(weights).get_parameter(name), parameter + 1)


@pytest.mark.parametrize("number", range(len(LABELS)), ids=LABELS)
def test_computes_the_same(number):
    folder = FOLDER / str(number)
    flow = module(folder).Flow.load().double()
    expected = {name: tensor.double() for name, tensor in load_file(folder / "expected.safetensors").items()}
    given = [expected["context"]] if "context" in expected else []
    count = len(expected["x"])
    exact = LESS_EXACT.get(LABELS[number], VALUES)

    with torch.no_grad():
        z, log_det = flow(expected["x"], *given)
        assert difference(z, expected["z"]) < exact
        assert difference(log_det, expected["log_det"].expand(count)) < exact
        back, log_det = flow.inverse(expected["z"], *given)
        assert difference(back, expected["back"]) < INVERSES
        assert difference(log_det, expected["back_log_det"].expand(count)) < INVERSES

    log_prob = flow.log_prob(expected["data"], *given)
    assert difference(log_prob, expected["log_prob"].expand(count)) < VALUES
    log_prob.mean().backward()
    gradients = {name: expected[f"grad:{name}"] for name, _ in flow.named_parameters()}
    largest = max((gradient.abs().max().item() for gradient in gradients.values()), default=0)
    for name, parameter in flow.named_parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        scale = max(gradients[name].abs().max().item(), largest / 10)
        assert (gradient - gradients[name]).abs().max().item() < max(exact, GRADIENTS) * scale, name

    drawn = flow.sample(*(given or [count]), generator=torch.Generator().manual_seed(1))
    assert len(drawn) == count and torch.isfinite(drawn).all()


@pytest.mark.parametrize(
    "number", [i for i, _ in enumerate(LABELS) if "context" in load_file(FOLDER / str(i) / "expected.safetensors")]
)
def test_says_what_context_is_expected(number):
    folder = FOLDER / str(number)
    code = module(folder)
    flow = code.Flow.load()
    expected = load_file(folder / "expected.safetensors")
    size = expected["context"].shape[1]
    assert f"A conditional flow: context [N, {size}]: " in code.__doc__
    for wrong in (torch.tensor([0, 1, 2]), torch.zeros(4, size + 1), torch.zeros(4, size, dtype=torch.int64)):
        message = (
            re.escape(f"expected float numbers, context [N, {size}]: ")
            + ".*; got (int64|float32) "
            + re.escape(str(list(wrong.shape)))
        )
        for method, *given in (
            (flow, expected["x"]),
            (flow.inverse, expected["z"]),
            (flow.log_prob, expected["data"]),
            (flow.sample,),
        ):
            with pytest.raises(ValueError, match=message):
                method(*given, wrong)


def given_to_log_prob(folder):
    expected = load_file(folder / "expected.safetensors")
    return [expected[name] for name in ("data", "context") if name in expected]


@pytest.mark.parametrize("label", TRACED)
def test_is_traced_whole_for_compilers(label):
    folder = FOLDER / str(LABELS.index(label))
    flow = module(folder).Flow.load()
    given = given_to_log_prob(folder)
    compiled = torch.compile(flow.log_prob, fullgraph=True, backend="aot_eager")(*given)
    gradients = torch.autograd.grad(compiled.mean(), list(flow.parameters()), allow_unused=True)
    plain = flow.log_prob(*given)
    assert difference(compiled, plain) < COMPILED
    expected = torch.autograd.grad(plain.mean(), list(flow.parameters()), allow_unused=True)
    for found, wanted in zip(gradients, expected, strict=True):
        assert (found is None) == (wanted is None)
        assert found is None or difference(found, wanted) < COMPILED


@torch.no_grad()
@pytest.mark.parametrize("label", COMPILES)
def test_computes_the_same_when_compiled(label):
    folder = FOLDER / str(LABELS.index(label))
    flow = module(folder).Flow.load()
    given = given_to_log_prob(folder)
    torch._dynamo.reset()
    assert difference(torch.compile(flow.log_prob, fullgraph=True)(*given), flow.log_prob(*given)) < COMPILED


@torch.no_grad()
@pytest.mark.parametrize("label", [*TRACED, "vector, (x − t)·e⁻ˢ, exp, separate nets", "vector, dense nets, batch norm"])
def test_only_networks_compute_in_bfloat16(label):
    folder = FOLDER / str(LABELS.index(label))
    flow = module(folder).Flow.load()
    given = given_to_log_prob(folder)
    plain = flow.log_prob(*given)
    use_bfloat16(flow)
    with Seen() as seen:
        found = flow.log_prob(*given)
    seen.check_bfloat16()
    assert found.dtype == torch.float32
    assert 0 < difference(found, plain) < BFLOAT16


@torch.no_grad()
@pytest.mark.parametrize("number", range(len(LABELS)), ids=LABELS)
def test_makes_nothing_on_another_device(number):
    """Fake tensors have a device without there being one, and refuse what is on two."""
    folder = FOLDER / str(number)
    shapes = {name: tensor.shape for name, tensor in load_file(folder / "expected.safetensors").items()}
    with FakeTensorMode():
        with torch.device("cuda"):
            flow = module(folder).Flow()
        on_gpu = {name: torch.empty(shape, device="cuda") for name, shape in shapes.items()}
        given = [on_gpu["context"]] if "context" in on_gpu else []
        z, log_det = flow(on_gpu["x"], *given)
        back, back_log_det = flow.inverse(z, *given)
        drawn = flow.sample(*(given or [4]))
        found = [z, log_det, back, back_log_det, drawn, flow.log_prob(on_gpu["data"], *given)]
    assert {tensor.device.type for tensor in found} == {"cuda"}
