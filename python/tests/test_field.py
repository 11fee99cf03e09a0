"""Vector fields: solved as what is known in closed form, and recorded in slices of time."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from fields import (
    CFM,
    MEAN,
    SD,
    WIDE,
    cfm_field,
    gaussian,
    gaussian_log_prob,
    mirrored,
    points,
    spread,
    towards_data,
    towards_noise,
)
from flows import batch, shaken
from safetensors import safe_open
from torch import nn

import flowscope
from flowscope.recorder import Subject, _prior, _walk
from flowscope.solvers import SolverStopped


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """One reference, never a finer one: what a second would change depends on how fast the machine is."""
    monkeypatch.setattr("flowscope.field_measures.PATIENCE", 0.0)


def read(path):
    with safe_open(str(path), "np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["recording"])  # noqa: SIM118


def recorded(tmp_path, flow, x, context=None, **options):
    return read(flowscope.record(flow, x, context, path=tmp_path / "field", **{"samples": 4, **options}))


def bars(tensors, about):
    return np.stack([tensors[f"layers.{i}.log_det"] for i in range(len(about["layers"]))])


def solved(flow, x, context=None, **options):
    """Last state, log-dets of the slices and log p, without a file."""
    subject = Subject(flow, x, context, **options)
    with subject.still(0):
        walked = _walk(subject.chain.steps, subject.x, subject.context)
        log_dets = torch.stack([log_det for _, log_det in walked]).double()
        prior, _ = _prior(subject.chain.base, walked[-1][0], subject.context)
    return walked[-1][0], log_dets, torch.as_tensor(prior) + log_dets.sum(0)


def normal(z):
    return -0.5 * (z**2).sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


# Gaussian to Gaussian: every solver, both conventions.

#: Steps after which log p is within 1e-4.
STEPS = {"midpoint": 40, "heun": 130, "rk4": 10}


def wide(x, t):
    return gaussian(x, t, WIDE)


@pytest.mark.parametrize("name", [*STEPS, "dopri5"])
@pytest.mark.parametrize("convention", ["data at 1", "data at 0"])
def test_gaussian_to_gaussian(name, convention):
    field = towards_data(wide, dim=2) if convention == "data at 1" else towards_noise(mirrored(wide), dim=2)
    solver = (name, 1e-6) if name == "dopri5" else (name, STEPS[name])
    _, log_dets, log_prob = solved(field, points(), solver=solver)
    np.testing.assert_allclose(log_prob, gaussian_log_prob(points(), WIDE), atol=1e-4)
    at = [spread(1 - i / 10, WIDE) for i in range(11)]
    known = [2 * math.log(b / a) for a, b in pairwise(at)]
    np.testing.assert_allclose(log_dets, np.repeat(np.array(known)[:, None], 3, 1), atol=1e-4)


def test_gaussian_to_gaussian_by_euler():
    known = gaussian_log_prob(points(), WIDE)
    coarse, fine, finer = (solved(towards_data(wide), points(), solver=("euler", n))[2] for n in (40, 80, 160))
    ratio = (fine - known).abs().max() / (finer - known).abs().max()
    assert 1.8 < ratio < 2.2
    # The terms of order 1 and 2 cancel.
    np.testing.assert_allclose((8 * finer - 6 * fine + coarse) / 3, known, atol=1e-4)


def test_a_recording_of_gaussian_to_gaussian(tmp_path):
    tensors, about = recorded(tmp_path, towards_data(gaussian, dim=2), points(), solver=("rk4", 20))
    found = bars(tensors, about)
    for layer, values in zip(about["layers"], found, strict=True):
        assert layer["kind"] == "slice"
        known = 2 * math.log(spread(layer["t1"]) / spread(layer["t0"]))
        np.testing.assert_allclose(values, known, atol=1e-5)
    np.testing.assert_allclose(found.sum(0) + tensors["base_log_prob"], gaussian_log_prob(points()), atol=1e-4)
    assert [layer["name"] for layer in about["layers"]][:2] == ["t 1.0 → 0.9", "t 0.9 → 0.8"]
    assert [layer["runs"] for layer in about["layers"]] == [8] * 10
    field = about["field"]
    assert (field["data_time"], field["noise_time"], field["solver"], field["steps"]) == (1, 0, "rk4", 20)
    assert (field["runs"], field["divergence"]) == (80, "exact")
    # The error that is reported is the one that there is, by the closed form.
    exact = solved(towards_data(gaussian), points(), solver=("rk4", 20))[2] - gaussian_log_prob(points())
    np.testing.assert_allclose(tensors["log_prob_error"], exact, atol=1e-8)
    np.testing.assert_allclose(field["log_prob_error"][0], exact.abs().mean(), rtol=0.02)
    # x is MEAN t + s(t) z all along, so that speed, rate, stiffness are known; its paths are straight for no point but MEAN.
    path, t = tensors["layers.3.path"], np.linspace(0.7, 0.6, 5)
    z = (points() - MEAN) / SD
    s = np.array([spread(value) for value in t])
    np.testing.assert_allclose(path, t[None, :, None] * MEAN.numpy() + s[None, :, None] * z[:, None].numpy(), atol=1e-4)
    slope = (t * SD**2 - (1 - t)) / s**2
    np.testing.assert_allclose(tensors["layers.3.rate"], np.tile(-2 * slope, (3, 1)), atol=1e-4)
    np.testing.assert_allclose(tensors["layers.3.stiffness"], np.tile(np.abs(slope), (3, 1)), atol=1e-4)
    np.testing.assert_allclose(
        tensors["layers.3.velocity"][:, 0], gaussian(torch.tensor(path[:, 0]).double(), torch.full((3,), 0.7)), atol=1e-4
    )


def test_the_convention_changes_no_number(tmp_path):
    one, said = recorded(tmp_path, towards_data(gaussian), points(), solver=("midpoint", 20))
    other, mirror = recorded(tmp_path, towards_noise(mirrored(gaussian)), points(), solver=("midpoint", 20))
    assert one.keys() == other.keys()
    for name, values in one.items():
        # v itself is that of the library.
        known = -values if name.endswith(".velocity") else values
        # Derivatives go forward or backward, whichever was quicker, and a bend is a small difference of them.
        rtol = 1e-4 if name.endswith(".bend") else 1e-5
        np.testing.assert_allclose(other[name], known, rtol=rtol, atol=1e-6, err_msg=name)
    assert [layer["name"] for layer in mirror["layers"]][:2] == ["t 0.0 → 0.1", "t 0.1 → 0.2"]
    assert said["field"]["log_prob_error"] == pytest.approx(mirror["field"]["log_prob_error"])


# Linear fields.

MATRIX = torch.tensor([[0.3, -1.2], [0.8, -0.5]], dtype=torch.float64)


def linear(matrix):
    return lambda x, t: x @ matrix.T


def test_a_linear_field(tmp_path):
    tensors, about = recorded(tmp_path, towards_noise(linear(MATRIX)), points(), solver=("rk4", 40))
    whole = torch.linalg.matrix_exp(MATRIX)
    np.testing.assert_allclose(bars(tensors, about), np.full((10, 3), MATRIX.trace() / 10), atol=1e-6)
    np.testing.assert_allclose(tensors["layers.9.output"], points() @ whole.T, atol=1e-5)
    part = torch.linalg.matrix_exp(0.1 * MATRIX)
    for i in range(10):
        np.testing.assert_allclose(tensors[f"layers.{i}.jacobian"], part.expand(3, 2, 2), atol=1e-5)
    # Turning is what the matrix does to the direction of A x; here by complex eigenvalues.
    v = points() @ MATRIX.T
    a = v @ MATRIX.T
    across = (v[:, 0] * a[:, 1] - v[:, 1] * a[:, 0]).abs() / (v**2).sum(1)
    np.testing.assert_allclose(tensors["layers.0.bend"][:, 0], across * 18 / math.pi, rtol=1e-4)


@pytest.mark.parametrize("solver", [("euler", 20), ("midpoint", 20), ("rk4", 20), ("dopri5", 1e-4)])
def test_jacobians_are_those_of_the_slices(solver, tmp_path):
    """By differences of the slices themselves."""
    field = cfm_field()
    x = batch(3, 2)
    tensors, about = recorded(tmp_path, field, x, solver=solver, slices=4)
    step = replace(Subject(field, x, solver=solver, slices=4).chain.steps[0].slice, field=field.in_double(x, 1.0, None))
    columns = []
    for unit in torch.eye(2, dtype=torch.float64):
        ahead, behind = (step.forward(x.double() + sign * 1e-4 * unit, None)[0] for sign in (1, -1))
        columns.append((ahead - behind) / 2e-4)
    np.testing.assert_allclose(tensors["layers.0.jacobian"], torch.stack(columns, 2), atol=1e-3)
    assert about["layers"][0]["structure"] == "dense"


def test_a_shear_and_its_estimate():
    shear = torch.tensor([[0.0, 0.7], [0.7, 0.0]], dtype=torch.float64)
    field, x = towards_noise(linear(shear)), points()
    _, exact, _ = solved(field, x, solver=("rk4", 10))
    np.testing.assert_allclose(exact, 0, atol=1e-12)
    # One probe gives 2c or -2c and nothing between, the whole way.
    _, one, _ = solved(field, x, solver=("rk4", 10), divergence=1)
    np.testing.assert_allclose(one.sum(0).abs(), 1.4, atol=1e-10)


def test_hutchinsons_spread_is_that_of_the_formula(tmp_path):
    generator = torch.Generator().manual_seed(2)
    matrix = 0.5 * torch.randn(4, 4, generator=generator, dtype=torch.float64)
    symmetric = (matrix + matrix.T) / 2
    off = symmetric - torch.diag(symmetric.diagonal())
    deviation = math.sqrt(2 * float((off**2).sum()))
    x = batch(4, 4).double()
    tensors, about = recorded(tmp_path, towards_noise(linear(matrix)), x, solver=("rk4", 10), divergence=400)
    total = bars(tensors, about).sum(0)
    error = deviation / 20
    assert abs(total[0] - float(matrix.trace())) < 4 * error
    # 128 draws tell a deviation within 20 %.
    assert about["field"]["spread"] == pytest.approx(error, rel=0.2)
    assert (about["field"]["divergence"], about["field"]["probes"]) == ("hutchinson", 400)
    found = tensors["layers.0.log_det_spread"]
    np.testing.assert_allclose(found, 0.1 * error, rtol=0.15)


def test_a_rotation_has_an_exact_estimate():
    rotation = torch.tensor([[0.4, -1.0], [1.0, 0.4]], dtype=torch.float64)
    _, found, _ = solved(towards_noise(linear(rotation)), points(), solver=("rk4", 10), divergence=3)
    np.testing.assert_allclose(found.sum(0), 0.8, atol=1e-10)


# Orders, and fields that are not linear.


@pytest.mark.parametrize(("name", "order", "stages"), [("euler", 1, 1), ("midpoint", 2, 2), ("heun", 2, 2), ("rk4", 4, 4)])
def test_orders(name, order, stages, tmp_path):
    field = towards_noise(lambda x, t: t[:, None] * x)
    known = points() * math.exp(0.5)
    off = []
    for n in (10, 20):
        z, log_dets, _ = solved(field, points(), solver=(name, n))
        off.append(float((z - known).abs().max()))
        # D/2; Euler is off by D/2n.
        np.testing.assert_allclose(log_dets.sum(0), 1 - (1 / n if name == "euler" else 0), atol=1e-12)
    assert math.log2(off[0] / off[1]) == pytest.approx(order, abs=0.2)
    _, about = recorded(tmp_path, field, points(), solver=(name, 20))
    assert about["field"]["runs"] == 20 * stages


def test_a_field_that_is_not_linear():
    x = torch.tensor([[-0.65], [0.05]], dtype=torch.float64)
    z, log_dets, _ = solved(towards_noise(lambda x, t: 0.8 * (1 + x**2)), x, solver=("rk4", 60))
    end = torch.tan(0.8 + torch.atan(x))
    np.testing.assert_allclose(z, end, atol=1e-6)
    np.testing.assert_allclose(log_dets.sum(0), torch.log((1 + end**2) / (1 + x**2))[:, 0], atol=1e-6)


def mixture(x, t):
    """To two Gaussians at ±2, data at t = 1."""
    t, sd, means = t[:, None], 0.5, torch.tensor([-2.0, 2.0]).to(x)
    variance = t**2 * sd**2 + (1 - t) ** 2
    share = torch.softmax(-0.5 * (x - t * means) ** 2 / variance, -1)
    return (share * (means + (t * sd**2 - (1 - t)) / variance * (x - t * means))).sum(-1, keepdim=True)


def test_a_mixture(tmp_path):
    x = torch.tensor([[-2.2], [0.1], [1.4], [0.0]], dtype=torch.float64)
    tensors, about = recorded(tmp_path, towards_data(mixture), x, solver=("rk4", 60))
    means = torch.tensor([-2.0, 2.0]).double()
    known = torch.logsumexp(-0.5 * ((x - means) / 0.5) ** 2, -1) - math.log(2 * 0.5 * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(bars(tensors, about).sum(0) + tensors["base_log_prob"], known, atol=1e-4)
    # At 0 by symmetry.
    np.testing.assert_allclose(tensors["layers.9.output"][3], 0, atol=1e-12)


@pytest.mark.parametrize("inputs", [1.0, -1.0])
def test_a_kink(inputs):
    x = torch.full((2, 1), inputs, dtype=torch.float64)
    z, log_dets, _ = solved(towards_noise(lambda x, t: 0.9 * x.clamp(min=0)), x, solver=("rk4", 40))
    grown = math.exp(0.9) if inputs > 0 else 1
    np.testing.assert_allclose(z, inputs * grown, atol=1e-6)
    np.testing.assert_allclose(log_dets.sum(0), 0.9 if inputs > 0 else 0, atol=1e-9)


@pytest.mark.parametrize(("steps", "factor"), [(20, -1.5), (40, -0.25), (50, 0.0)])
def test_a_stiff_field_names_its_step(steps, factor, tmp_path):
    field = towards_noise(lambda x, t: -50 * x)
    tensors, about = recorded(tmp_path, field, points(), solver=("euler", steps))
    known = points() * factor**steps
    np.testing.assert_allclose(tensors[f"layers.{len(about['layers']) - 1}.output"], known, rtol=1e-5, atol=1e-12)
    notes = [note for note in about["notes"] if "unstable" in note]
    # A step of 1/20 is above 2/50, one of 1/40 below it.
    assert len(notes) == (len(about["layers"]) if steps == 20 else 0)
    if notes:
        assert "2/50 = 0.04, or 25 in all" in notes[0]


# Slices.


def test_a_slice_that_holds_most_is_cut_in_half(tmp_path):
    """Data of deviation 0.001 make most of their log-det in the last bit of the way."""

    def narrow(x, t):
        t = t[:, None]
        return (t * 1e-6 - (1 - t)) / (t**2 * 1e-6 + (1 - t) ** 2) * x

    tensors, about = recorded(tmp_path, towards_data(narrow), 0.001 * points(), solver=("dopri5", 1e-5), reference=False)
    layers = about["layers"]
    assert [layer["number"] for layer in layers][:2] in (["1aa", "1ab"], ["1aaa", "1aab"])
    assert [layer["number"] for layer in layers][-9:] == [str(n) for n in range(2, 11)]
    assert layers[0]["t0"] == 1 and layers[-1]["t1"] == 0
    for layer, after in pairwise(layers):
        assert layer["t1"] == after["t0"]
    for layer in layers:
        assert layer["t0"] - layer["t1"] == pytest.approx(0.1 / 2 ** layer["number"].count("a") / 2 ** layer["number"].count("b"))
    sizes = np.abs(bars(tensors, about)).mean(1)
    assert sizes.max() < sizes.sum() / 2
    # Steps of one size are not divided.
    _, fixed = recorded(tmp_path, towards_data(narrow), 0.001 * points(), solver=("midpoint", 20), reference=False)
    assert [layer["runs"] for layer in fixed["layers"]] == [2, 2, *[4] * 9]
    assert fixed["field"]["steps"] == 20
    assert "log_prob_error" not in fixed["field"]


@pytest.mark.parametrize(("steps", "slices", "taken"), [(4, 10, [1] * 4), (67, 10, [7] * 10), (20, 5, [4] * 5)])
def test_slices_have_whole_steps(steps, slices, taken, tmp_path):
    _, about = recorded(tmp_path, towards_noise(linear(MATRIX)), points(), solver=("euler", steps), slices=slices)
    assert [layer["runs"] for layer in about["layers"]] == taken
    assert about["field"]["steps"] == sum(taken)


def test_the_error_of_a_slice_is_its_own(tmp_path):
    """It starts from the reference's state, as the whole one for the first slice does."""
    tensors, about = recorded(tmp_path, towards_data(gaussian), points(), solver=("midpoint", 20))
    at = [spread(layer["t0"]) for layer in about["layers"]] + [spread(0)]
    z = (points() - MEAN) / SD
    for i, layer in enumerate(about["layers"]):
        start = layer["t0"] * MEAN + at[i] * z
        one = Subject(towards_data(gaussian), points(), solver=("midpoint", 20)).chain.steps[i]
        y, log_det = one.forward(start, None)
        np.testing.assert_allclose(tensors[f"layers.{i}.log_det_error"], log_det - 2 * math.log(at[i + 1] / at[i]), atol=1e-6)
        end = layer["t1"] * MEAN + at[i + 1] * z
        np.testing.assert_allclose(tensors[f"layers.{i}.error"], (y - end).abs().amax(1), atol=1e-6)


def test_standardized_data_have_a_layer(tmp_path):
    mean, std = torch.tensor([3.0, -1.0]), torch.tensor([2.0, 0.5])
    x = points().float() * std + mean
    flow = [flowscope.Step.standardize("z-score", mean, std), cfm_field()]
    # Adaptive steps may change with the last bit of their input.
    tensors, about = recorded(tmp_path, flow, x, solver=("rk4", 10))
    assert about["layers"][0]["name"] == "z-score"
    assert "kind" not in about["layers"][0]
    np.testing.assert_allclose(tensors["layers.0.log_det"], 0, atol=1e-6)
    np.testing.assert_allclose(tensors["layers.0.output"], points(), atol=1e-6)
    alone, _ = recorded(tmp_path, cfm_field(), points().float(), solver=("rk4", 10))
    np.testing.assert_allclose(tensors["layers.4.log_det"], alone["layers.3.log_det"], atol=1e-6)
    np.testing.assert_allclose(tensors["log_prob_error"], alone["log_prob_error"], atol=1e-5)


def test_images(tmp_path):
    class Pixels(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 3, padding=1)

        def forward(self, x, t):
            return torch.tanh(self.conv(x)) * t[:, None, None, None]

    torch.manual_seed(0)
    x = torch.randn(3, 2, 6, 5)
    field = flowscope.Field(Pixels(), (2, 6, 5), data_time=1, noise_time=0)
    field._forward_mode = True
    tensors, about = recorded(tmp_path, field, x, solver=("midpoint", 4), slices=2)
    assert tensors["layers.0.output"].shape == (3, 6, 5, 2)
    assert tensors["layers.0.path"].shape == (3, 5, 6, 5, 2)
    exact = bars(tensors, about).sum(0)
    # The trace of the whole map's derivative, step by step, by backward passes.
    field._forward_mode = False
    _, again, _ = solved(field, x, solver=("midpoint", 4), slices=2)
    np.testing.assert_allclose(exact, again.sum(0), atol=1e-4)
    # Above 64 values it is estimated, and says so.
    large = torch.randn(2, 2, 8, 6)
    wide = flowscope.Field(field.module, data_time=1, noise_time=0)
    tensors, about = recorded(tmp_path, wide, large, solver=("midpoint", 4), slices=2)
    assert (about["field"]["divergence"], about["field"]["probes"]) == ("hutchinson", 16)
    whole, _ = recorded(tmp_path, wide, large, solver=("midpoint", 4), slices=2, divergence="exact")
    off = bars(tensors, about).sum(0) - bars(whole, about).sum(0)
    assert 0 < np.abs(off).max() < 5 * about["field"]["spread"]


def test_a_network_is_one(tmp_path):
    """Its parameters are listed once, its activations are those at the start of each slice, and it stays as it was."""
    field = cfm_field()
    before = {name: value.clone() for name, value in field.module.state_dict().items()}
    field.module.train()
    tensors, about = recorded(tmp_path, field, batch(5, 2), activations=True)
    assert all(torch.equal(value, before[name]) for name, value in field.module.state_dict().items())
    assert field.module.training
    assert about["title"] == "CFM"
    assert [p["name"] for p in about["layers"][0]["parameters"]][:2] == ["net.0.weight", "net.0.bias"]
    assert all("parameters" not in layer for layer in about["layers"][1:])
    assert about["layers"][3]["activations"][0] == "net.0"
    at = torch.cat([torch.tensor(tensors["layers.2.output"]), torch.full((5, 1), 0.7)], 1)
    np.testing.assert_allclose(tensors["layers.3.activations.0"], field.module.net[0](at).detach(), atol=1e-6)
    # The bars and ln|det| of the Jacobians are two computations; the kinks of SELU keep them apart.
    jacobian = np.linalg.slogdet(tensors["layers.0.jacobian"].astype(np.float64))[1]
    np.testing.assert_allclose(jacobian, tensors["layers.0.log_det"], atol=1e-3)
    assert max(tensors[f"layers.{i}.way_error"].max() for i in range(10)) < 1e-3


# Networks are called as they are.


@pytest.mark.parametrize(
    ("call", "module"),
    [
        ("net(x, t)", lambda x, t: x * t[:, None]),
        ("net(t, x)", lambda t, x: x * t[:, None]),
        ("net(cat(x, t))", lambda both: both[:, :2] * both[:, 2:]),
        ("net(cat(t, x))", lambda both: both[:, 1:] * both[:, :1]),
        (None, lambda x, t: x * t[:, None]),
    ],
)
def test_calls(call, module):
    _, log_dets, _ = solved(flowscope.Field(module, 2, data_time=0, noise_time=1, call=call), points())
    np.testing.assert_allclose(log_dets.sum(0), 1, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "module"),
    [
        ("net(x, c, t)", lambda x, c, t: x * t[:, None] * c[:, :1]),
        ("net(cat(x, t, c))", lambda all: all[:, :2] * all[:, 2:3] * all[:, 3:4]),
        (None, lambda x, t, c: x * t[:, None] * c[:, :1]),
    ],
)
def test_calls_with_a_context(call, module, tmp_path):
    context = torch.tensor([[1.0, 5], [2.0, 5], [-1.0, 5]], dtype=torch.float64)
    field = flowscope.Field(module, 2, data_time=0, noise_time=1, call=call)
    tensors, about = recorded(tmp_path, field, points(), context, context_names=["k", "unused"])
    np.testing.assert_allclose(bars(tensors, about).sum(0), [1, 2, -1], atol=1e-5)
    assert about["contextNames"] == ["k", "unused"]


def test_another_base(tmp_path):
    base = torch.distributions.Independent(torch.distributions.Laplace(torch.zeros(2), torch.ones(2)), 1)
    field = towards_noise(linear(torch.zeros(2, 2).double()), dim=2, base=base)
    tensors, about = recorded(tmp_path, field, points())
    assert about["base"] == "other"
    np.testing.assert_allclose(tensors["base_log_prob"], base.log_prob(points()), atol=1e-6)


# Errors.


def test_a_missing_convention_is_told():
    with pytest.raises(ValueError, match=r"data_time=1, noise_time=0 as in torchcfm.*cannot be seen from the numbers"):
        flowscope.Field(gaussian, 2)
    with pytest.raises(ValueError, match="both 1"):
        flowscope.Field(gaussian, 2, data_time=1, noise_time=1)
    with pytest.raises(TypeError, match=r"flowscope\.Field\(v, dim=…, data_time=…, noise_time=…\)"):
        flowscope.record(CFM(), points())


def test_a_call_that_is_not_understood_is_told():
    for call in ("net(x)", "x, t", "net(x, time)", "net(x + t)"):
        with pytest.raises(ValueError, match="expected the arguments of the network by the names x, t and c"):
            flowscope.Field(gaussian, 2, data_time=1, noise_time=0, call=call)
    field = flowscope.Field(lambda x, c, t: x, data_time=1, noise_time=0, call="net(x, c, t)")
    with pytest.raises(ValueError, match="no context is given"):
        flowscope.record(field, points())


def test_a_field_of_another_shape_is_told():
    field = flowscope.Field(CFM(3), data_time=1, noise_time=0, call="net(cat(x, t))")
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        flowscope.record(field, points())
    with pytest.raises(ValueError, match=r"v gives the shape \(3, 1\) for x \(3, 2\) and t \(3,\); expected that of x"):
        flowscope.record(towards_data(lambda x, t: x[:, :1]), points())
    with pytest.raises(TypeError, match="v gives a tuple; expected a tensor"):
        flowscope.record(towards_data(lambda x, t: (x, t)), points())
    with pytest.raises(ValueError, match=r"dim is 3; x has the shape \(3, 2\)"):
        flowscope.record(towards_data(gaussian, dim=3), points())


def test_a_field_without_derivatives_is_told():
    with pytest.raises(TypeError, match="no derivative in x, although it changes with x"):
        flowscope.record(towards_data(lambda x, t: x.detach() * 2), points())


def test_nan_says_where(tmp_path):
    def broken(x, t):
        return torch.where((x[:, :1] > 1) & (t[:, None] < 0.55), torch.nan, 1.0) * gaussian(x, t)

    x = torch.tensor([[1.0, -0.5], [6.0, -0.5]], dtype=torch.float64)
    tensors, about = recorded(tmp_path, towards_data(broken), x, solver=("midpoint", 20))
    assert any(
        note == "t 0.6 → 0.5: the field is NaN or Inf before t = 0.5, for 1 of 2 examples"
        or note.startswith("t 0.6 → 0.5: the field is NaN or Inf from t = 0.55 on, for 1 of 2")
        for note in about["notes"]
    ), about["notes"]
    assert np.isfinite(tensors["layers.4.output"][0]).all()
    assert np.isnan(tensors["layers.5.output"][1]).all()
    with pytest.raises(
        SolverStopped, match=r"dopri5 stopped in slice 5 \(t 0\.6 → 0\.5\) at t = 0\.[56].*NaN or Inf for 1 of 2 examples"
    ):
        flowscope.record(towards_data(broken), x, solver=("dopri5", 1e-5), path=tmp_path / "a")


def test_a_solver_that_stops_says_where(tmp_path, monkeypatch):
    """In float32, rounding is taken for error."""
    monkeypatch.setattr("flowscope.solvers.MOST_RUNS", 500)
    with pytest.raises(SolverStopped) as caught:
        flowscope.record(cfm_field(), batch(8, 2), solver=("dopri5", 1e-9, 1e-9), path=tmp_path / "a")
    message = str(caught.value)
    assert message.startswith("dopri5 stopped in slice 1 (t 1.0 → 0.9) at t = ")
    assert 'Try solver=("midpoint", 20)' in message
    assert "a larger rtol than 1e-09" in message
    assert caught.value.runs > 0 and 0.9 <= caught.value.t <= 1


@pytest.mark.parametrize("solver", ["midpoint", ("midpoint",), ("midpoint", 0), ("ab4", 20), ("dopri5", 20), ("rk4", 1e-5), 20])
def test_a_solver_that_is_not_known_is_told(solver):
    with pytest.raises(ValueError, match=r'expected \("midpoint", 20\), a name \(euler, midpoint, heun, rk4\)'):
        flowscope.record(towards_data(gaussian), points(), solver=solver)


def test_other_options_are_told():
    with pytest.raises(ValueError, match="slices is 0"):
        flowscope.record(towards_data(gaussian), points(), slices=0)
    with pytest.raises(ValueError, match="divergence is 'hutch'"):
        flowscope.record(towards_data(gaussian), points(), divergence="hutch")


# Libraries.


def cnf(context=0, hidden=(8,)):
    import zuko

    torch.manual_seed(0)
    return shaken(zuko.flows.CNF(2, context, hidden_features=hidden))


@pytest.mark.parametrize(("tolerance", "atol"), [(1e-10, 1e-5), (1e-8, 1e-4), (1e-5, 5e-3)])
def test_zukos_cnf(tolerance, atol, tmp_path):
    flow = cnf(context=1).double()
    flow.transform.atol = flow.transform.rtol = tolerance
    x, context = batch(6, 2).double(), torch.linspace(-1, 1, 6, dtype=torch.float64)[:, None]
    tensors, about = recorded(tmp_path, flow, x, context, solver=("rk4", 80))
    total = bars(tensors, about).sum(0) + tensors["base_log_prob"]
    np.testing.assert_allclose(total, flow(context).log_prob(x).detach(), atol=atol)
    assert (about["library"], about["field"]["data_time"], about["field"]["noise_time"]) == ("zuko", 0, 1)
    assert about["layers"][0]["type"] == "FFJTransform"


def test_zukos_solver_is_used(tmp_path):
    flow = cnf()
    _, about = recorded(tmp_path, flow, batch(4, 2))
    assert (about["field"]["solver"], about["field"]["rtol"], about["field"]["atol"]) == ("dopri5", 1e-5, 1e-6)


def test_a_cnf_inside_of_a_flow(tmp_path):
    import zuko

    torch.manual_seed(1)
    affine = zuko.flows.MaskedAutoregressiveTransform(2, hidden_features=(8,))
    inside = cnf().transform
    flow = shaken(
        zuko.flows.Flow(
            [affine, inside, affine],
            zuko.flows.UnconditionalDistribution(zuko.distributions.DiagNormal, torch.zeros(2), torch.ones(2), buffer=True),
        )
    ).double()
    inside.atol = inside.rtol = 1e-10
    x = batch(4, 2).double()
    tensors, about = recorded(tmp_path, flow, x, solver=("rk4", 40))
    kinds = [layer.get("kind") for layer in about["layers"]]
    assert kinds == [None, *["slice"] * 10, None]
    total = bars(tensors, about).sum(0) + tensors["base_log_prob"]
    np.testing.assert_allclose(total, flow().log_prob(x).detach(), atol=2e-5)
    assert np.abs(tensors["log_prob_error"]).max() < 1e-4


@pytest.fixture(scope="module")
def posteriors(tmp_path_factory):
    """Barely trained posteriors of FMPE and NPSE."""
    import os

    from sbi.inference import FMPE, NPSE
    from sbi.utils import BoxUniform

    torch.manual_seed(0)
    prior = BoxUniform(-2 * torch.ones(3), 2 * torch.ones(3))
    theta = prior.sample((200,))
    x = theta[:, :2] + 0.1 * torch.randn(200, 2)
    made = {}
    # sbi writes its logs where it is.
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("sbi"))
    for name, method in (("FMPE", FMPE), ("NPSE", NPSE)):
        trainer = method(prior)
        estimator = trainer.append_simulations(theta, x).train(max_num_epochs=2)
        made[name] = trainer.build_posterior(estimator)
    os.chdir(before)
    return made, theta, x


@pytest.mark.parametrize("name", ["FMPE", "NPSE"])
def test_sbis_posteriors(name, posteriors, tmp_path):
    made, theta, x = posteriors
    posterior = made[name]
    rows, given = theta[:3], x[:3]
    tensors, about = recorded(tmp_path, posterior, rows, given, solver=("rk4", 40))
    total = bars(tensors, about).sum(0) + tensors["base_log_prob"]
    known = []
    for row, one in zip(rows, given, strict=True):
        flow = posterior.potential_fn.neural_ode(one[None])
        known.append(float(flow.log_prob(row[None]).detach()))
        inside = float(posterior.log_prob(row[None], x=one[None], ode_kwargs=None).detach())
        assert inside == pytest.approx(known[-1], abs=2e-2)
    np.testing.assert_allclose(total, known, atol=2e-3)
    estimator = posterior.vector_field_estimator
    assert about["library"] == "sbi"
    assert (about["field"]["data_time"], about["field"]["noise_time"]) == (estimator.t_min, estimator.t_max)
    assert about["base"] == ("standard-normal" if name == "FMPE" else "other")
    # The estimator alone is the same.
    again, _ = recorded(tmp_path, estimator, rows, given, solver=("rk4", 40))
    np.testing.assert_allclose(again["layers.0.log_det"], tensors["layers.0.log_det"], atol=1e-6)
    with pytest.raises(ValueError, match="its field depends on the observation"):
        flowscope.record(posterior, rows, path=tmp_path / "b")


class ModelWrapper(nn.Module):
    """flow_matching.utils.ModelWrapper by its published code; its module says whose it is."""

    __module__ = "flow_matching.utils.model_wrapper"

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x, t, **extras):
        return self.model(x=x, t=t, **extras)


class ODESolver:
    """flow_matching.solver.ODESolver: what it samples with."""

    __module__ = "flow_matching.solver.ode_solver"

    def __init__(self, velocity_model):
        self.velocity_model = velocity_model


class torch_wrapper(nn.Module):
    """torchcfm.utils.torch_wrapper."""

    __module__ = "torchcfm.utils"

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, t, x, *args, **kwargs):
        return self.model(torch.cat([x, t.repeat(x.shape[0])[:, None]], 1))


class Model(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, t):
        return self.net(torch.cat([x, t[:, None]], 1))


def test_flow_matching_and_torchcfm(tmp_path):
    field = cfm_field()
    known, _ = recorded(tmp_path, field, batch(4, 2))
    wrapped = ModelWrapper(Model(field.module.net))
    for flow, library in (
        (wrapped, "flow_matching"),
        (ODESolver(wrapped), "flow_matching"),
        (torch_wrapper(field.module), "torchcfm"),
    ):
        tensors, about = recorded(tmp_path, flow, batch(4, 2))
        assert about["library"] == library
        assert about["parameterCount"] == sum(p.numel() for p in field.module.parameters())
        np.testing.assert_array_equal(tensors["layers.9.output"], known["layers.9.output"])
    with pytest.raises(ValueError, match=r"by name. Say which: flowscope\.Field"):
        flowscope.record(wrapped, batch(4, 2), torch.ones(4, 1))


# What asks a running field.


def test_a_running_field_answers():
    field = cfm_field()
    live = flowscope.Live(field, batch(6, 2), solver=("midpoint", 10), slices=5)
    x = np.array([[0.3, -0.2]], dtype="<f4")

    def asked(**request):
        from base64 import b64encode

        from safetensors.numpy import load

        h = {"shape": list(x.shape), "data": b64encode(x.tobytes()).decode()}
        reply = live.answer(json.dumps({"version": live.version, "h": h, **request}))
        assert "error" not in reply, reply
        return load(reply["bytes"])

    forward = asked(op="forward")
    z, log_dets, _ = solved(field, torch.tensor(x), solver=("midpoint", 10), slices=5)
    np.testing.assert_allclose(forward["outputs.4"], z, atol=1e-6)
    np.testing.assert_allclose(forward["log_det.2"], log_dets[2], atol=1e-6)
    back = asked(op="backward", **{"from": 5})
    assert back["inputs.0"].shape == (1, 2)
    inside = asked(op="inside")
    assert inside["layers.0.jacobian"].shape == (1, 2, 2)
    assert not live.changed()
    with torch.no_grad():
        field.module.net[0].bias += 1
    assert live.changed()
