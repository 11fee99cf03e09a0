"""What is recorded is what the libraries themselves compute."""

import json

import numpy as np
import pytest
import torch
from flows import (
    FEATURES,
    Mix,
    PixelCoupling,
    Scale,
    batch,
    freia_flow,
    nflows_flow,
    normflows_flow,
    shaken,
    zuko_flow,
)
from layers import LAYERS, layer
from safetensors import safe_open
from safetensors.numpy import load_file

import flowscope
from flowscope.steps import standard_normal


def read(path):
    with safe_open(path, "numpy") as file:
        return load_file(path), json.loads(file.metadata()["recording"])


def nflows_whole(flow, x, context=None):
    z, log_det = flow._transform(x, None if context is None else flow._embedding_net(context))
    return z, log_det, flow.log_prob(x, context)


def zuko_whole(flow, x, _=None):
    z, log_det = flow().transform.call_and_ladj(x)
    # Of transforms that map each feature by itself, zuko gives it feature by feature.
    return z, log_det.reshape(len(x), -1).sum(1), flow().log_prob(x)


def normflows_whole(flow, x, context=None):
    given = [] if context is None else [context]
    if not hasattr(flow, "inverse_and_log_det"):
        z, log_det = flow.flows[0].inverse(x)
        return z, log_det, flow.log_prob(x, context)
    z, log_det = flow.inverse_and_log_det(x, *given)
    return z, log_det, flow.log_prob(x, *given)


def freia_whole(flow, x, context=None):
    with torch.enable_grad():
        z, log_det = flow(x, None if context is None else [context])
    z, log_det = z.detach(), torch.as_tensor(log_det).detach()
    return z, log_det, log_det + standard_normal(z).float()


FLOWS = {
    "nflows": (nflows_flow, nflows_whole),
    "zuko": (zuko_flow, zuko_whole),
    "normflows": (normflows_flow, normflows_whole),
    "FrEIA": (freia_flow, freia_whole),
    "FrEIA graph": (lambda: freia_flow(graph=True), freia_whole),
}


@pytest.mark.parametrize("name", [*FLOWS, *LAYERS])
def test_the_whole_is_what_the_library_says(name, tmp_path):
    library = name.split()[0]
    _, whole = FLOWS[library]
    flow, x, context = layer(name) if name in LAYERS else (FLOWS[name][0](), batch(), None)
    tensors, about = read(flowscope.record(flow, x, context, path=tmp_path / "a", samples=2))
    with torch.no_grad():
        z, log_det, log_prob = (value.numpy() for value in whole(flow, x, context))
    count = len(about["layers"])
    assert about["library"] == library
    # Float32, each layer once: the same operations in the same order.
    np.testing.assert_allclose(tensors[f"layers.{count - 1}.output"], channels_last(z), atol=1e-6)
    total = sum(tensors[f"layers.{i}.log_det"] for i in range(count))
    np.testing.assert_allclose(total, np.broadcast_to(log_det, total.shape), atol=1e-5)
    np.testing.assert_allclose(tensors["base_log_prob"] + total, log_prob, atol=1e-5)


def channels_last(values):
    return np.moveaxis(values, 1, -1) if values.ndim == 4 else values


@pytest.mark.parametrize("name", FLOWS)
def test_log_dets_are_those_of_the_jacobians(name, tmp_path):
    """Of float64 determinants; 1e-4 is what float32 derivatives of splines keep."""
    tensors, about = read(flowscope.record(FLOWS[name][0](), batch(), path=tmp_path / "a"))
    for i in range(len(about["layers"])):
        jacobian = tensors[f"layers.{i}.jacobian"].astype(np.float64)
        assert jacobian.shape == (32, FEATURES, FEATURES)
        _, found = np.linalg.slogdet(jacobian)
        np.testing.assert_allclose(found, tensors[f"layers.{i}.log_det"], atol=1e-4)
        if f"layers.{i}.log_det_elements" in tensors:
            elements = tensors[f"layers.{i}.log_det_elements"].sum(1)
            np.testing.assert_allclose(elements, tensors[f"layers.{i}.log_det"], atol=1e-4)


@pytest.mark.parametrize("name", FLOWS)
def test_inverses_lead_back(name, tmp_path):
    tensors, about = read(flowscope.record(FLOWS[name][0](), batch(), path=tmp_path / "a", samples=16))
    for i in range(len(about["layers"])):
        assert tensors[f"layers.{i}.round_trip"].max() < 1e-3
        assert tensors[f"layers.{i}.way_error"].max() < 1e-3
    assert tensors["samples.inputs.0"].shape == (16, FEATURES)


def zuko_kind(name, **arguments):
    import zuko

    return getattr(zuko.flows, name)(2, **({"transforms": 2} if name != "CNF" else {}), hidden_features=(8,), **arguments)


#: Flows of zuko with what its constructor takes; GF has no networks where nothing is given.
ZUKO = {
    "NICE": {},
    "RealNVP": {},
    "MAF": {},
    "NSF": {"bins": 3},
    "NCSF": {"bins": 3},
    "SOSPF": {"degree": 2, "polynomials": 2},
    "BPF": {"degree": 4},
    "NAF": {"signal": 3, "network": {"hidden_features": (4,)}},
    "UNAF": {"signal": 3, "network": {"hidden_features": (4,)}},
    "CNF": {},
    "GF": {"components": 2, "context": 1},
}


@pytest.mark.parametrize("name", ZUKO)
def test_every_kind_of_zuko_flow(name, tmp_path):
    torch.manual_seed(0)
    arguments = ZUKO[name]
    flow = shaken(zuko_kind(name, **arguments))
    # Within the circle of NCSF, and where NAF, UNAF and GF have an inverse.
    x, context = batch(4, 2).tanh(), torch.linspace(-1, 1, 4)[:, None] if "context" in arguments else None
    if name == "CNF":
        # At its defaults zuko's own log-det is 2e-4 off.
        flow, x = flow.double(), x.double()
        flow.transform.atol = flow.transform.rtol = 1e-9
    path = flowscope.record(flow, x, context, path=tmp_path / "a", samples=2, reference=False)
    tensors, about = read(path)
    given = flow(context)
    _, log_det = given.transform.call_and_ladj(x)
    total = sum(tensors[f"layers.{i}.log_det"] for i in range(len(about["layers"])))
    np.testing.assert_allclose(total, log_det.detach(), atol=1e-5)
    np.testing.assert_allclose(tensors["base_log_prob"] + total, given.log_prob(x).detach(), atol=1e-5)
    assert tensors["samples.inputs.0"].shape == (2, 2)
    for i in range(len(about["layers"])):
        assert tensors[f"layers.{i}.round_trip"].max() < 1e-3


def test_structure_is_measured(tmp_path):
    flow = nflows_flow()
    tensors, about = read(flowscope.record(flow, batch(), path=tmp_path / "a"))
    assert [layer["structure"] for layer in about["layers"]] == [
        "coupling",
        "permutation",
        "autoregressive",
        "elementwise",
    ]
    # The coupling of nflows changes features whose mask is positive.
    assert tensors["layers.0.passes"].tolist() == [0, 1, 0, 1]
    assert about["layers"][2]["order"] == [0, 1, 2, 3]
    assert (np.triu(tensors["layers.2.dependencies"], 1) == 0).all()
    assert about["layers"][0]["type"] == "AffineCouplingTransform"


def test_a_list_of_layers(tmp_path):
    tensors, about = read(flowscope.record([Scale(), Mix()], batch(), path=tmp_path / "a", title="Mine"))
    assert about["title"] == "Mine" and "library" not in about
    assert [layer["structure"] for layer in about["layers"]] == ["elementwise", "dense"]
    np.testing.assert_allclose(tensors["layers.0.log_det_elements"][3], np.linspace(-0.5, 0.5, FEATURES), atol=1e-6)
    assert "layers.1.log_det_elements" not in tensors
    assert about["layers"][0]["parameters"][0]["name"] == "0.s"
    assert about["layers"][0]["parameters"][0]["norm"] == pytest.approx(np.linalg.norm(np.linspace(-0.5, 0.5, FEATURES)))


class InPlace(Scale):
    """Changes what it is given, both ways."""

    def forward(self, x):
        return x.mul_(self.s.exp()).add_(self.t), self.s.sum()

    def inverse(self, y):
        return y.sub_(self.t).div_(self.s.exp())


def test_layers_that_work_in_place(tmp_path):
    given = batch()
    in_place, _ = read(flowscope.record([InPlace(inverse=False), Mix()], given, path=tmp_path / "a"))
    other, _ = read(flowscope.record([Scale(), Mix()], batch(), path=tmp_path / "b"))
    assert torch.equal(given, batch())
    for name, values in other.items():
        np.testing.assert_allclose(in_place[name], values, atol=1e-6, err_msg=name)


def test_a_layer_without_inverse_says_so(tmp_path):
    tensors, _ = read(flowscope.record([Scale(inverse=False), Mix()], batch(), path=tmp_path / "a"))
    assert "layers.0.round_trip" not in tensors and "layers.1.round_trip" in tensors
    assert not any(name.startswith("samples") for name in tensors)


def test_a_base_that_draws_nothing_says_so(tmp_path):
    flow, x, _ = layer("nflows Flow from DiagonalNormal")
    tensors, about = read(flowscope.record(flow, x, path=tmp_path / "a"))
    assert about["notes"] == ["There are no samples: the base could not be drawn from (NotImplementedError)"]
    assert "layers.0.way_error" in tensors and "samples.z" not in tensors


@pytest.mark.parametrize("flow", [lambda: nflows_flow(3), lambda: zuko_flow(3)])
def test_contexts_are_kept(flow, tmp_path):
    context = torch.linspace(-1, 1, 96).reshape(32, 3)
    tensors, _ = read(flowscope.record(flow(), batch(), context, path=tmp_path / "a"))
    np.testing.assert_allclose(tensors["context"], context, atol=0)
    assert "samples.context" in tensors


def test_images_get_channels_last(tmp_path):
    x = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    layer = PixelCoupling(3, 8, 8)
    tensors, about = read(flowscope.record([layer], x, path=tmp_path / "a", activations=True))
    np.testing.assert_array_equal(tensors["x"], x.permute(0, 2, 3, 1))
    np.testing.assert_array_equal(tensors["layers.0.passes"], layer.mask.permute(1, 2, 0))
    with torch.no_grad():
        s, _ = layer.parts(x)
    np.testing.assert_allclose(tensors["layers.0.log_det_elements"], s.permute(0, 2, 3, 1), atol=1e-5)
    assert about["layers"][0]["activations"] == ["net.0", "net.1", "net.2"]
    assert tensors["layers.0.activations.1"].shape == (6, 8, 8, 8)


def test_files_stay_as_small_as_asked(tmp_path):
    x = torch.randn(64, 3, 32, 32)
    path = flowscope.record([PixelCoupling(3, 32, 32)] * 8, x, path=tmp_path / "a", max_bytes=2_000_000)
    tensors, about = read(path)
    assert path.stat().st_size <= 2_000_000
    assert about["examplesGiven"] == 64 and 1 <= len(tensors["x"]) < 64
    assert any("of the 64 examples are kept" in note for note in about["notes"])


def test_recording_changes_nothing(tmp_path):
    flow = nflows_flow().train()
    flow._transform._transforms[3].eval()
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    modes = [module.training for module in flow.modules()]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    flowscope.record(flow, batch(), path=tmp_path / "a")
    assert torch.rand(1) == expected
    assert [module.training for module in flow.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in flow.state_dict().items())
    assert all(parameter.grad is None for parameter in flow.parameters())


@pytest.mark.parametrize("kind, given", [("Radial", [(FEATURES,)]), ("Planar", [(FEATURES,)]), ("BatchNorm", [])])
def test_a_layer_that_leads_to_data_only_is_told(kind, given, tmp_path):
    import normflows as nf

    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(FEATURES), [getattr(nf.flows, kind)(*given)])
    with pytest.raises(TypeError, match=rf"flows\.0 \({kind}\): leads from latent to data only"):
        flowscope.record(flow, batch(), path=tmp_path / "a")


def test_what_is_no_flow_is_told(tmp_path):
    import FrEIA.framework as ff
    import FrEIA.modules as fm
    import normflows as nf
    import zuko

    with pytest.raises(TypeError, match="no layers were found"):
        flowscope.record(torch.nn.Linear(2, 2), batch(4, 2), path=tmp_path / "a")
    with pytest.raises(TypeError, match="GMM: no layers were found"):
        flowscope.record(zuko.flows.GMM(2, components=2), batch(4, 2), path=tmp_path / "a")
    with pytest.raises(TypeError, match="A MultiscaleFlow has several bases"):
        flowscope.record(nf.MultiscaleFlow([nf.distributions.DiagGaussian(4)], [[]], []), batch(), path=tmp_path / "a")
    start = ff.InputNode(FEATURES)
    split = ff.Node(start, fm.Split, {})
    whole = ff.Node([split.out0, split.out1], fm.Concat, {})
    with pytest.raises(TypeError, match="no chain"):
        flowscope.record(ff.GraphINN([start, split, whole, ff.OutputNode(whole)]), batch(), path=tmp_path / "a")
    with pytest.raises(TypeError, match=r"expected \(y, log_det\)"):
        flowscope.record([torch.nn.Linear(4, 4)], batch(), path=tmp_path / "a")
