"""docs/recipes.md as it is written: what a recipe records of each layer is what the library's own chains give."""

import json
import os
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from flows import FEATURES, batch, shaken
from safetensors import safe_open
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf8")
CLI = os.environ.get("FLOWSCOPE_CLI", str(ROOT / "dist" / "cli.js"))
HALF = FEATURES // 2
X = batch().numpy()


@pytest.fixture(autouse=True)
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def blocks(section):
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    return re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)


def defined(*texts):
    names = {}
    for text in texts:
        exec(text, names)
    return names


def agrees(path, chains, log_prob):
    """`chains` has the values and the log-det of the first layer, of the first two, and so on to all of them."""
    tensors = load_file(path)
    with safe_open(path, "numpy") as file:
        layers = json.loads(file.metadata()["recording"])["layers"]
    assert len(layers) == len(chains)
    total = 0
    for i, (z, log_det) in enumerate(chains):
        np.testing.assert_allclose(tensors[f"layers.{i}.output"], z, rtol=1e-5, atol=1e-5)
        total = total + tensors[f"layers.{i}.log_det"]
        np.testing.assert_allclose(total, np.broadcast_to(log_det, total.shape), rtol=1e-5, atol=1e-5)
        assert tensors.get(f"layers.{i}.round_trip", np.zeros(1)).max() < 1e-3
    np.testing.assert_allclose(total + tensors["base_log_prob"], log_prob, rtol=1e-5)
    assert [layer["name"] for layer in json.loads(command("info", path, "--json"))["layers"]] == [one["name"] for one in layers]
    assert "is finite over" in command("diagnose", path)


def command(name, path, *options):
    ended = subprocess.run(["node", CLI, name, str(path), *options], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_page_names_the_versions():
    libraries = {"Pyro": "pyro-ppl", "NumPyro": "numpyro", "Distrax": "distrax", "flowjax": "flowjax", "JAX": "jax"}
    for said, package in {**libraries, "nightly": "tfp-nightly"}.items():
        assert f"{said} {version(package)}" in PAGE.replace("\n", " ")


def torch_chains(transforms, x):
    """From the last transform back: ComposeTransform starts at the latent."""
    with torch.no_grad():
        for start in reversed(range(len(transforms))):
            inverse = torch.distributions.ComposeTransform(transforms[start:]).inv
            z = inverse(x)
            log_det = inverse.log_abs_det_jacobian(x, z)
            yield z, log_det if inverse.domain.event_dim else log_det.sum(-1)


def test_pyro():
    import pyro.distributions as dist
    import pyro.distributions.transforms as t

    import flowscope

    torch.manual_seed(0)
    doubled = t.AffineTransform(torch.ones(FEATURES), 2 * torch.ones(FEATURES))
    flows = [
        t.affine_coupling(FEATURES, [8]),
        t.permute(FEATURES),
        t.spline_coupling(FEATURES, hidden_dims=[8]),
        t.batchnorm(FEATURES),
        t.planar(FEATURES).inv,
        t.spline_autoregressive(FEATURES, [8]),
        doubled,
    ]
    for flow in flows:
        one = flow if isinstance(flow, torch.nn.Module) else flow.inv
        if isinstance(one, torch.nn.Module):
            shaken(one)
    names, x = defined(*blocks("Pyro")), batch()
    normal = dist.Normal(torch.zeros(FEATURES), torch.ones(FEATURES))
    flow = dist.TransformedDistribution(normal, flows)
    agrees(names["record"](flow, x), list(torch_chains(flows, x)), flow.log_prob(x).detach())

    context = torch.linspace(-1, 1, 3 * len(x)).reshape(-1, 3)
    conditional = [
        t.conditional_affine_coupling(FEATURES, 3, [8]),
        t.permute(FEATURES),
        t.conditional_spline(FEATURES, 3, [8]),
        t.conditional_planar(FEATURES, 3, [8]).inv,
    ]
    for one in conditional:
        if isinstance(one, torch.nn.Module):
            shaken(one)
    flow = dist.conditional.ConditionalTransformedDistribution(normal, conditional)
    path = names["record"](flow, x, context)
    flow = flow.condition(context)
    agrees(path, list(torch_chains(flow.transforms, x)), flow.log_prob(x).detach())

    # Another base, as the page says.
    loc, scale = torch.full((FEATURES,), -0.5), torch.full((FEATURES,), 0.5)
    last = re.search(r"append `(flowscope\.Step\.standardize.*?)`", PAGE).group(1)
    layers = [names["step"]("0", doubled), eval(last, names | {"loc": loc, "scale": scale})]
    flow = dist.TransformedDistribution(dist.Normal(loc, scale), [doubled])
    chains = torch_chains([t.AffineTransform(loc, scale), doubled], x)
    agrees(flowscope.record(layers, x), list(chains), flow.log_prob(x).sum(-1))


def numpyro_net(made, seed):
    import jax

    init, apply = made
    _, params = init(jax.random.key(seed), (FEATURES,))
    return lambda x: apply(params, x)


def test_numpyro():
    import jax.numpy as jnp
    import numpyro.distributions as dist
    from numpyro.distributions.flows import BlockNeuralAutoregressiveTransform, InverseAutoregressiveTransform
    from numpyro.nn import AutoregressiveNN, BlockNeuralAutoregressiveNN

    transforms = [
        InverseAutoregressiveTransform(numpyro_net(AutoregressiveNN(FEATURES, [8], permutation=jnp.arange(FEATURES)), 0)),
        dist.transforms.PermuteTransform(jnp.arange(FEATURES)[::-1]),
        dist.transforms.AffineTransform(0.5, 2.0),
        BlockNeuralAutoregressiveTransform(numpyro_net(BlockNeuralAutoregressiveNN(FEATURES, [4]), 1)).inv,
    ]
    flow = dist.TransformedDistribution(dist.Normal(jnp.zeros(FEATURES), 2).to_event(1), transforms)
    chains = []
    for start in reversed(range(len(transforms))):
        inverse = dist.transforms.ComposeTransform(transforms[start:]).inv
        z = inverse(X)
        chains.append((z, inverse.log_abs_det_jacobian(X, z)))
    agrees(defined(*blocks("NumPyro"))["record"](flow, X), chains, flow.log_prob(X))


@pytest.mark.parametrize("kind", ["AutoIAFNormal", "AutoBNAFNormal"])
def test_guides_of_numpyro(kind):
    import jax
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import SVI, Trace_ELBO, autoguide

    def model():
        first = numpyro.sample("first", dist.Normal(0, 1))
        numpyro.sample("others", dist.Normal(first**2, 0.5).expand([FEATURES - 1]).to_event(1))

    guide = getattr(autoguide, kind)(model, num_flows=2)
    training = SVI(model, guide, numpyro.optim.Adam(0.01), Trace_ELBO())
    params = training.get_params(training.init(jax.random.key(0)))
    key, count = jax.random.key(1), 16
    path = defined(*blocks("NumPyro"))["record_guide"](guide, params, key, count)
    parts = guide.get_transform(params).parts
    flow = dist.TransformedDistribution(guide.get_base_dist(), parts)
    z = flow.base_dist.sample(key, (count,))
    x, inside = flow.sample_with_intermediates(key, (count,))
    chains = []
    for start in reversed(range(len(parts))):
        h = dist.transforms.ComposeTransform(parts[:start])(z)
        chains.append((h, -dist.transforms.ComposeTransform(parts[start:]).log_abs_det_jacobian(h, x)))
    np.testing.assert_allclose(load_file(path)["x"], x, rtol=1e-5)
    agrees(path, chains, flow.log_prob(x, inside))


def network(seed, inputs, outputs):
    import jax

    first, second = jax.random.split(jax.random.key(seed))
    into, out = jax.random.normal(first, (inputs, 8)), jax.random.normal(second, (8, outputs))
    return lambda h: jax.numpy.tanh(h @ into / 2) @ out / 2


def distrax_layers(conditioners):
    import distrax
    import jax.numpy as jnp

    mask = jnp.arange(FEATURES) % 2 == 0
    first, second = (
        distrax.MaskedCoupling(where, net, lambda params: distrax.RationalQuadraticSpline(params, -4.0, 4.0))
        for where, net in zip((mask, ~mask), conditioners, strict=True)
    )
    return [first, distrax.Block(distrax.ScalarAffine(0.5, 2.0), 1), second]


def test_distrax():
    import distrax
    import jax.numpy as jnp

    [recipe, _], [more] = blocks("Distrax"), blocks("More than log-dets")
    layers = distrax_layers(
        lambda h, net=net: net(h).reshape(*h.shape, 13) for net in (network(seed, FEATURES, 13 * FEATURES) for seed in (0, 1))
    )
    normal = distrax.MultivariateNormalDiag(jnp.zeros(FEATURES))
    names = defined(recipe)
    # A chain in the inverse of a chain: from data through the second and first layer, then back through the third.
    chain = distrax.Inverse(distrax.Chain([distrax.Inverse(layers[2]), distrax.Chain(layers[:2])]))
    flow = distrax.Transformed(normal, chain)
    order = [layers[1], layers[0], distrax.Inverse(layers[2])]
    chains = [distrax.Chain(order[: i + 1][::-1]).forward_and_log_det(X) for i in range(3)]
    agrees(names["record"](flow, X), chains, flow.log_prob(X))
    # The other way round, by functions of arrays.
    flow = distrax.Transformed(normal, distrax.Chain(layers))
    exec(more, names := names | {"flow": flow, "x": torch.tensor(X)})
    chains = [distrax.Chain(layers[: i + 1]).inverse_and_log_det(X) for i in range(3)]
    agrees("model.flowrec.safetensors", chains, flow.log_prob(X))
    assert load_file("model.flowrec.safetensors")["layers.0.passes"].tolist() == [1, 0, 1, 0]


def test_distrax_with_haiku():
    import distrax
    import haiku as hk
    import jax
    import jax.numpy as jnp

    def net():
        return hk.Sequential([hk.Linear(8), jnp.tanh, hk.Linear(13 * FEATURES), hk.Reshape((FEATURES, 13))])

    def make_layers():
        return distrax_layers([net() for _ in range(2)])

    def make_flow():
        uniform = distrax.Independent(distrax.Uniform(jnp.full(FEATURES, -20.0), jnp.full(FEATURES, 20.0)), 1)
        return distrax.Transformed(uniform, distrax.Inverse(distrax.Chain(make_layers())))

    def by_haiku(function):
        return hk.transform(function).apply(params, None, X)

    params = hk.transform(lambda x: make_flow().log_prob(x)).init(jax.random.key(0), X)
    [recipe, call] = blocks("Distrax")
    names = defined(recipe) | {"hk": hk, "make_flow": make_flow, "params": params, "x": X}
    exec(call, names)
    chains = [by_haiku(lambda x, i=i: distrax.Chain(make_layers()[2 - i :]).forward_and_log_det(x)) for i in range(3)]
    agrees("model.flowrec.safetensors", chains, by_haiku(lambda x: make_flow().log_prob(x)))


@pytest.mark.parametrize("inverted", [False, True])
def test_tensorflow_probability(inverted):
    import jax.numpy as jnp

    names = defined(*blocks("TensorFlow Probability"))
    tfb, tfd = names["tfp"].bijectors, names["tfp"].distributions

    def coupling(seed):
        net = network(seed, HALF, 2 * HALF)
        return tfb.RealNVP(HALF, shift_and_log_scale_fn=lambda h, units, **_: jnp.split(net(h), 2, -1))

    earlier = jnp.tril(jnp.ones((FEATURES, FEATURES)), -1)
    layers = [
        coupling(0),
        tfb.Permute([3, 1, 0, 2]),
        tfb.MaskedAutoregressiveFlow(lambda h: (h @ earlier.T, jnp.tanh(h @ earlier.T) / 3)),
        tfb.Scale(jnp.arange(1.0, 1 + FEATURES)),
        coupling(1),
    ]
    chain = tfb.Chain([layers[0], tfb.Chain(layers[1:])])
    if inverted:
        layers, chain = [tfb.Invert(layer) for layer in reversed(layers)], tfb.Invert(chain)
    flow = tfd.TransformedDistribution(tfd.MultivariateNormalDiag(jnp.zeros(FEATURES), jnp.full(FEATURES, 2.0)), chain)
    parts = [tfb.Chain(layers[: i + 1]) for i in range(len(layers))]
    chains = [(part.inverse(X), part.inverse_log_det_jacobian(X, 1)) for part in parts]
    agrees(names["record"](flow, X), chains, flow.log_prob(X))


def test_flowjax():
    import jax
    from flowjax.bijections import Affine, Chain, Coupling, Flip
    from flowjax.distributions import StandardNormal, Transformed

    sizes = {"untransformed_dim": HALF, "dim": FEATURES, "nn_width": 16, "nn_depth": 1}
    first, second = (Coupling(key, transformer=Affine(), **sizes) for key in jax.random.split(jax.random.key(0)))
    layers = [first, Flip((FEATURES,)), second]
    flow = Transformed(StandardNormal((FEATURES,)), Chain(layers))
    chains = [jax.vmap(Chain(layers[start:]).inverse_and_log_det)(X) for start in (2, 1, 0)]
    path = defined(*blocks("flowjax"))["record"](flow, X)
    agrees(path, chains, jax.vmap(flow.log_prob)(X))
    _, found = np.linalg.slogdet(load_file(path)["layers.0.jacobian"])
    np.testing.assert_allclose(found, load_file(path)["layers.0.log_det"], atol=1e-5)
