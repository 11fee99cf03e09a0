"""Writes the fixtures of vector flows under test/fixtures/peers that this repository makes itself.

Each case is a flow built and trained for a moment by the library that is tested: its state dict, inputs and what the
library computes for them. Run it by the Python that `npm run test:peers` installs:

    python test/peers/make_fixtures.py [CASE ...]

Numbers change with other versions of PyTorch; nothing depends on their values. Arrays of io.npz: x (data side), z,
logdet = log|det dz/dx| per example, logdet_layers [N, layers without permutations] from data to latent.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

folder = Path(__file__).resolve().parent.parent / "fixtures" / "peers"


def data(count, features, seed):
    """Correlated, skewed rows, so that no layer of a trained flow stays the identity."""
    random = np.random.RandomState(seed)
    mix = random.randn(features, features) / np.sqrt(features)
    rows = random.randn(count, features) @ mix
    rows[:, 1:] += 0.3 * rows[:, :-1] ** 2
    return torch.tensor(rows, dtype=torch.float32)


def normal_log_prob(z):
    return -0.5 * (z**2 + np.log(2 * np.pi)).sum(1)


def train(parameters, loss, steps, features, seed):
    optimizer = torch.optim.Adam(parameters, lr=1e-2)
    rows = data(256, features, seed)
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(rows)
        value.backward()
        optimizer.step()
    return value.item()


def write(case, state, layers, features, seed, about):
    """layers: functions from data to latent, each giving (value, log-det or None for a permutation)."""
    x = data(32, features, seed + 1000)
    with torch.no_grad():
        h, columns = x, []
        for layer in layers:
            h, logdet = layer(h)
            if logdet is not None:
                columns.append(torch.as_tensor(logdet).expand(len(x)) if torch.as_tensor(logdet).dim() == 0 else logdet)
    columns = torch.stack(columns, 1)
    total = columns.sum(1)
    reference = about.pop("reference")
    with torch.no_grad():
        z, logdet = reference(x)
    assert torch.allclose(z, h, atol=1e-5), (z - h).abs().max()
    assert torch.allclose(logdet, total, atol=1e-5), (logdet - total).abs().max()
    check_jacobian(reference, x[:4], logdet[:4])
    target = folder / case
    target.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, str(target / "state_dict.safetensors"))
    np.savez(target / "io.npz", x=x.numpy(), z=z.numpy(), logdet=logdet.numpy(), logdet_layers=columns.numpy())
    (target / "case.json").write_text(json.dumps({"case": case, **about}, indent=2) + "\n")
    print(f"{case}: |z| up to {z.abs().max():.2f}, log-det {logdet.min():.2f} to {logdet.max():.2f}")


def check_jacobian(reference, x, logdet):
    """The library's log-det is that of the library's own map."""
    for row, expected in zip(x, logdet):
        jacobian = torch.autograd.functional.jacobian(lambda v: reference(v[None])[0][0], row)
        assert abs(torch.linalg.slogdet(jacobian)[1] - expected) < 1e-3


def about(library, version, answers, reference, note):
    return {"library": library, "version": version, "torch": torch.__version__, "answers": answers, "note": note, "reference": reference}


def nflows_case(case, features, flow, steps, seed, answers, note):
    loss = train(flow.parameters(), lambda rows: -flow.log_prob(rows).mean(), steps, features, seed)
    flow.eval()

    def layer(transform):
        if type(transform).__name__ == "RandomPermutation":
            return lambda h: (transform(h)[0], None)
        return lambda h: transform(h)

    reference = lambda x: flow._transform(x)
    described = about("nflows", "0.14", answers, reference, f"{note}; {loss:.3f} nats after {steps} steps")
    write(case, flow.state_dict(), [layer(t) for t in flow._transform._transforms], features, seed, described)


def nflows_norms():
    """SimpleRealNVP with batch normalization inside the blocks and between the layers, and another activation."""
    from nflows.flows.realnvp import SimpleRealNVP

    torch.manual_seed(61)
    flow = SimpleRealNVP(3, 8, 4, 2, activation=torch.tanh, batch_norm_within_layers=True, batch_norm_between_layers=True)
    nflows_case("nflows-norms", 3, flow, 60, 61, {"activation": "tanh"}, nflows_norms.__doc__)


def nflows_permuted():
    """Affine couplings with random permutations between them, all with the same mask."""
    from nflows.distributions.normal import StandardNormal
    from nflows.flows.base import Flow
    from nflows.nn.nets import ResidualNet
    from nflows.transforms import AffineCouplingTransform, CompositeTransform, RandomPermutation

    torch.manual_seed(62)
    mask = torch.tensor([-1, -1, 1, 1, 1])
    net = lambda inputs, outputs: ResidualNet(inputs, outputs, hidden_features=8, num_blocks=1)
    transforms = []
    for _ in range(3):
        transforms += [AffineCouplingTransform(mask, net), RandomPermutation(5)]
    flow = Flow(CompositeTransform(transforms), StandardNormal([5]))
    nflows_case("nflows-permuted", 5, flow, 60, 62, {}, nflows_permuted.__doc__)


def nflows_additive():
    """SimpleRealNVP that preserves volume: networks give shifts only."""
    from nflows.flows.realnvp import SimpleRealNVP

    torch.manual_seed(63)
    flow = SimpleRealNVP(4, 8, 3, 1, use_volume_preserving=True)
    nflows_case("nflows-additive", 4, flow, 60, 63, {}, nflows_additive.__doc__)


def normflows_case(case, features, flow, steps, seed, answers, note):
    loss = train(flow.parameters(), flow.forward_kld, steps, features, seed)
    flow.eval()
    q0 = flow.q0
    layers = []
    for module in reversed(flow.flows):
        if type(module).__name__ == "Permute":
            layers.append(lambda h, m=module: (m.inverse(h)[0], None))
        else:
            layers.append(lambda h, m=module: m.inverse(h))
    standard = lambda z: ((z - q0.loc) * torch.exp(-q0.log_scale), -q0.log_scale.sum())
    if q0.loc.abs().sum() + q0.log_scale.abs().sum() > 0:
        layers.append(standard)

    def reference(x):
        z, logdet = flow.inverse_and_log_det(x)
        z, more = standard(z)
        return z, logdet + more

    rows = data(8, features, seed)
    with torch.no_grad():
        z, logdet = reference(rows)
        assert torch.allclose(flow.log_prob(rows), normal_log_prob(z) + logdet, atol=1e-4)
    described = about("normflows", "1.7.3", answers, reference, f"{note}; {loss:.3f} nats after {steps} steps")
    write(case, flow.state_dict(), layers, features, seed, described)


def normflows_blocks():
    """Coupling blocks with the sigmoid map, each followed by a swap, and a trained base distribution."""
    import normflows as nf

    torch.manual_seed(71)
    flows = []
    for _ in range(3):
        flows += [nf.flows.AffineCouplingBlock(nf.nets.MLP([2, 8, 8, 4], init_zeros=True), scale_map="sigmoid"), nf.flows.Permute(4, mode="swap")]
    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(4), flows)
    normflows_case("normflows-blocks", 4, flow, 80, 71, {"scaleMap": "sigmoid"}, normflows_blocks.__doc__)


def normflows_shuffled():
    """Coupling blocks of 5 features, where the second half conditions, with shuffles and ActNorm between them."""
    import normflows as nf

    torch.manual_seed(72)
    flows = []
    for _ in range(3):
        flows += [
            nf.flows.AffineCouplingBlock(nf.nets.MLP([2, 8, 6], leaky=0.1), split_mode="channel_inv"),
            nf.flows.Permute(5, mode="shuffle"),
            nf.flows.ActNorm(5),
        ]
    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(5, trainable=False), flows)
    normflows_case("normflows-shuffled", 5, flow, 80, 72, {"slope": 0.1}, normflows_shuffled.__doc__)


def normflows_checkerboard():
    """Coupling blocks with the checkerboard split and the inverse sigmoid map; dropout before the last layer."""
    import normflows as nf

    torch.manual_seed(74)
    flows = []
    for _ in range(2):
        for mode in ["checkerboard"]:
            flows += [nf.flows.AffineCouplingBlock(nf.nets.MLP([3, 8, 6], dropout=0.1), scale_map="sigmoid_inv", split_mode=mode), nf.flows.Permute(6, mode="shuffle")]
    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(6, trainable=False), flows)
    answers = {"scaleMap": "sigmoid_inv", "splitMode": "checkerboard"}
    normflows_case("normflows-checkerboard", 6, flow, 80, 74, answers, normflows_checkerboard.__doc__)


def normflows_masked():
    """Masked couplings with scaled tanh outputs, and a trained base distribution."""
    import normflows as nf

    torch.manual_seed(73)
    flows = []
    for i in range(4):
        mask = torch.tensor([1.0, 0.0, 1.0]) if i % 2 == 0 else torch.tensor([0.0, 1.0, 0.0])
        s = nf.nets.MLP([3, 8, 3], leaky=0.2, output_fn="tanh", output_scale=1.5)
        t = nf.nets.MLP([3, 8, 3], leaky=0.2)
        flows.append(nf.flows.MaskedAffineFlow(mask, t, s))
    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(3), flows)
    normflows_case("normflows-masked", 3, flow, 80, 73, {"slope": 0.2}, normflows_masked.__doc__)


def zuko_random():
    """Random masks, and another activation."""
    import zuko

    torch.manual_seed(81)
    flow = zuko.flows.RealNVP(5, transforms=4, randmask=True, hidden_features=(8, 8), activation=nn.ELU)
    loss = train(flow.parameters(), lambda rows: -flow().log_prob(rows).mean(), 60, 5, 81)
    transform = flow().transform
    layers = [lambda h, t=t: t.call_and_ladj(h) for t in transform.transforms]
    reference = lambda x: flow().transform.call_and_ladj(x)
    described = about("zuko", "1.6.0", {"activation": "elu"}, reference, f"{zuko_random.__doc__} {loss:.3f} nats after 60 steps")
    write("zuko-random", flow.state_dict(), layers, 5, 81, described)


def subnet(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, outputs))


def freia_steps(module):
    """What a module does to x in two or three steps of ours: (value, log-det)."""
    kind = type(module).__name__
    if kind == "PermuteRandom":
        return [lambda h: (h[:, module.perm], None)]
    if kind == "ActNorm":
        return [lambda h: (module((h,))[0][0], module((h,))[1])]
    if kind == "AllInOneBlock":
        def coupling(h):
            first, second = torch.split(h, module.splits, 1)
            second, logdet = module._affine(second, module.subnet(first))
            return torch.cat([first, second], 1), logdet

        scale = lambda: module.global_scale_activation(module.global_scale)
        return [
            coupling,
            lambda h: (h * scale() + module.global_offset, torch.log(scale()).sum()),
            lambda h: (torch.nn.functional.linear(h, module.w_perm), None),
        ]
    split = lambda h: torch.split(h, [module.split_len1, module.split_len2], 1)

    def first(h):
        x1, x2 = split(h)
        y1, logdet = module._coupling1(x1, x2)
        return torch.cat([y1, x2], 1), logdet

    def second(h):
        y1, x2 = split(h)
        y2, logdet = module._coupling2(x2, y1)
        return torch.cat([y1, y2], 1), logdet

    return [first, second]


def inverted_steps(module):
    kind = type(module).__name__
    if kind == "PermuteRandom":
        return [lambda h: (h[:, module.perm_inv], None)]
    if kind == "ActNorm":
        return [lambda h: (module((h,), rev=True)[0][0], module((h,), rev=True)[1])]
    split = lambda h: torch.split(h, [module.split_len1, module.split_len2], 1)

    def second(h):
        y1, y2 = split(h)
        x2, logdet = module._coupling2(y2, y1, rev=True)
        return torch.cat([y1, x2], 1), logdet

    def first(h):
        y1, x2 = split(h)
        x1, logdet = module._coupling1(y1, x2, rev=True)
        return torch.cat([x1, x2], 1), logdet

    return [second, first]


def freia_case(case, features, inn, to_latent, seed, answers, note):
    loss = train(
        [p for p in inn.parameters() if p.requires_grad],
        lambda rows: -(lambda z, logdet: normal_log_prob(z) + logdet)(*inn(rows, rev=not to_latent)).mean(),
        60,
        features,
        seed,
    )
    inn.eval()
    layers = (
        [step for module in inn for step in freia_steps(module)]
        if to_latent
        else [step for module in reversed(list(inn)) for step in inverted_steps(module)]
    )
    reference = lambda x: inn(x, rev=not to_latent)
    described = about("freia", "0.2", answers, reference, f"{note}; {loss:.3f} nats after 60 steps")
    write(case, inn.state_dict(), layers, features, seed, described)


def freia_rnvp():
    """RNVPCouplingBlock with all defaults on 5 features, ActNorm and random permutations between the blocks."""
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    torch.manual_seed(91)
    inn = ff.SequenceINN(5)
    for seed in range(2):
        inn.append(fm.RNVPCouplingBlock, subnet_constructor=subnet)
        inn.append(fm.ActNorm)
        inn.append(fm.PermuteRandom, seed=seed)
    freia_case("freia-rnvp", 5, inn, True, 91, {}, freia_rnvp.__doc__)


def freia_glow():
    """GLOWCouplingBlock with SIGMOID clamps of 1.5, run from latent to data."""
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    torch.manual_seed(92)
    inn = ff.SequenceINN(4)
    for seed in range(2):
        inn.append(fm.GLOWCouplingBlock, subnet_constructor=subnet, clamp=1.5, clamp_activation="SIGMOID")
        inn.append(fm.PermuteRandom, seed=seed)
        inn.append(fm.ActNorm)
    answers = {"direction": "latent-to-data", "clamp": 1.5, "clampActivation": "SIGMOID"}
    freia_case("freia-glow", 4, inn, False, 92, answers, freia_glow.__doc__)


def freia_all_in_one():
    """AllInOneBlock with its defaults: hard permutations, global scale by SOFTPLUS."""
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    torch.manual_seed(93)
    np.random.seed(93)
    inn = ff.SequenceINN(5)
    for _ in range(3):
        inn.append(fm.AllInOneBlock, subnet_constructor=subnet)
    freia_case("freia-all-in-one", 5, inn, True, 93, {}, freia_all_in_one.__doc__)


cases = {
    "nflows-norms": nflows_norms,
    "nflows-permuted": nflows_permuted,
    "nflows-additive": nflows_additive,
    "normflows-blocks": normflows_blocks,
    "normflows-shuffled": normflows_shuffled,
    "normflows-checkerboard": normflows_checkerboard,
    "normflows-masked": normflows_masked,
    "zuko-random": zuko_random,
    "freia-rnvp": freia_rnvp,
    "freia-glow": freia_glow,
    "freia-all-in-one": freia_all_in_one,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or cases:
        cases[name]()
