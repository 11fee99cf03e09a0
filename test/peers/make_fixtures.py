"""Writes the fixtures of vector flows under test/fixtures/peers that this repository makes itself.

Each case is a flow built and trained for a moment by the library that is tested: its state dict, inputs and what the
library computes for them. Run it by the Python that `npm run test:peers` installs:

    python test/peers/make_fixtures.py [CASE ...]

Numbers change with other versions of PyTorch and other processors; nothing depends on their values. Arrays of io.npz: x
(data side), z, logdet = log|det dz/dx| per example, logdet_layers [N, layers without permutations] from data to latent.
case.json names these layers, by the prefix of their tensors, and has what x loses on its way to z and back.
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
    """layers: (name, function) from data to latent, each giving (value, log-det or None for a permutation)."""
    x = data(32, features, seed + 1000)
    with torch.no_grad():
        h, columns, names = x, [], []
        for name, layer in layers:
            h, logdet = layer(h)
            if logdet is not None:
                columns.append(torch.as_tensor(logdet).expand(len(x)) if torch.as_tensor(logdet).dim() == 0 else logdet)
                names.append(name)
    columns = torch.stack(columns, 1)
    total = columns.sum(1)
    reference, inverse = about.pop("reference"), about.pop("inverse")
    with torch.no_grad():
        z, logdet = reference(x)
        lost = (inverse(z) - x).abs().max().item()
    assert torch.allclose(z, h, atol=1e-5), (z - h).abs().max()
    assert torch.allclose(logdet, total, atol=1e-5), (logdet - total).abs().max()
    check_jacobian(reference, x[:4], logdet[:4])
    target = folder / case
    target.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, str(target / "state_dict.safetensors"))
    np.savez(target / "io.npz", x=x.numpy(), z=z.numpy(), logdet=logdet.numpy(), logdet_layers=columns.numpy())
    recorded = {"layers": [{"name": name} for name in names], "checks": {"roundtrip_max_abs": lost}}
    (target / "case.json").write_text(json.dumps({"case": case, **about, **recorded}, indent=2) + "\n")
    print(f"{case}: |z| up to {z.abs().max():.2f}, log-det {logdet.min():.2f} to {logdet.max():.2f}, round trip {lost:.1e}")


def check_jacobian(reference, x, logdet):
    """The library's log-det is that of the library's own map."""
    for row, expected in zip(x, logdet):
        jacobian = torch.autograd.functional.jacobian(lambda v: reference(v[None])[0][0], row)
        assert abs(torch.linalg.slogdet(jacobian)[1] - expected) < 1e-3


def about(library, version, answers, note, reference, inverse):
    """reference: x to (z, log-det); inverse: z to x; both the library's own."""
    described = {"library": library, "version": version, "torch": torch.__version__, "answers": answers, "note": note}
    return {**described, "reference": reference, "inverse": inverse}


def nflows_case(case, features, flow, steps, seed, answers, note):
    loss = train(flow.parameters(), lambda rows: -flow.log_prob(rows).mean(), steps, features, seed)
    flow.eval()

    def layer(transform):
        if type(transform).__name__ == "RandomPermutation":
            return lambda h: (transform(h)[0], None)
        return lambda h: transform(h)

    described = about(
        "nflows",
        "0.14",
        answers,
        f"{note} {loss:.3f} nats after {steps} steps.",
        lambda x: flow._transform(x),
        lambda z: flow._transform.inverse(z)[0],
    )
    layers = [(f"_transform._transforms.{k}", layer(t)) for k, t in enumerate(flow._transform._transforms)]
    write(case, flow.state_dict(), layers, features, seed, described)


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


def nflows_general():
    """Couplings with the scale of versions after 0.14, clamp(softplus(u) + 0.001, 0, 3), and ActNorm between them."""
    from nflows.distributions.normal import StandardNormal
    from nflows.flows.base import Flow
    from nflows.nn.nets import ResidualNet
    from nflows.transforms import ActNorm, AffineCouplingTransform, CompositeTransform

    class General(AffineCouplingTransform):
        def _scale_and_shift(self, params):
            shift, scale = torch.chunk(params, 2, 1)
            return (nn.functional.softplus(scale) + 1e-3).clamp(0, 3), shift

    torch.manual_seed(64)
    net = lambda inputs, outputs: ResidualNet(inputs, outputs, hidden_features=8, num_blocks=1, activation=nn.functional.elu)
    transforms = []
    for i in range(3):
        transforms += [General(torch.tensor([-1, 1, -1, 1]) * (-1) ** i, net), ActNorm(4)]
    flow = Flow(CompositeTransform(transforms), StandardNormal([4]))
    answers = {"activation": "elu", "scaleActivation": "softplus-clamp"}
    nflows_case("nflows-general", 4, flow, 60, 64, answers, nflows_general.__doc__)


def normflows_case(case, features, flow, steps, seed, answers, note):
    loss = train(flow.parameters(), flow.forward_kld, steps, features, seed)
    flow.eval()
    q0 = flow.q0
    layers = []
    for k, module in reversed(list(enumerate(flow.flows))):
        if type(module).__name__ == "Permute":
            layers.append((f"flows.{k}", lambda h, m=module: (m.inverse(h)[0], None)))
        else:
            layers.append((f"flows.{k}", lambda h, m=module: m.inverse(h)))
    standard = lambda z: ((z - q0.loc) * torch.exp(-q0.log_scale), -q0.log_scale.sum())
    if q0.loc.abs().sum() + q0.log_scale.abs().sum() > 0:
        layers.append(("q0", standard))

    def reference(x):
        z, logdet = flow.inverse_and_log_det(x)
        z, more = standard(z)
        return z, logdet + more

    rows = data(8, features, seed)
    with torch.no_grad():
        z, logdet = reference(rows)
        assert torch.allclose(flow.log_prob(rows), normal_log_prob(z) + logdet, atol=1e-4)
    inverse = lambda z: flow.forward(z * torch.exp(q0.log_scale) + q0.loc)
    note = f"{note} {loss:.3f} nats after {steps} steps."
    described = about("normflows", "1.7.3", answers, note, reference, inverse)
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


def normflows_additive():
    """Coupling blocks without a scale, with swaps between them."""
    import normflows as nf

    torch.manual_seed(75)
    flows = []
    for _ in range(3):
        flows += [nf.flows.AffineCouplingBlock(nf.nets.MLP([2, 8, 2]), scale=False), nf.flows.Permute(4, mode="swap")]
    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(4, trainable=False), flows)
    normflows_case("normflows-additive", 4, flow, 80, 75, {}, normflows_additive.__doc__)


def normflows_additive_masked():
    """Masked couplings without a scale network, run the other way round."""
    import normflows as nf

    torch.manual_seed(76)
    flows = []
    for i in range(4):
        mask = torch.tensor([1.0, 0.0, 1.0]) if i % 2 == 0 else torch.tensor([0.0, 1.0, 0.0])
        flows.append(nf.flows.Reverse(nf.flows.MaskedAffineFlow(mask, nf.nets.MLP([3, 8, 3], leaky=0.1))))
    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(3, trainable=False), flows)
    normflows_case("normflows-additive-masked", 3, flow, 80, 76, {"slope": 0.1}, normflows_additive_masked.__doc__)


def zuko_case(case, features, flow, seed, answers, note):
    loss = train(flow.parameters(), lambda rows: -flow().log_prob(rows).mean(), 60, features, seed)

    def layer(transform):
        if type(transform).__name__ == "PermutationTransform":
            return lambda h: (transform(h), None)
        return lambda h: transform.call_and_ladj(h)

    loc, scale = (flow.base._buffers[name] for name in ("loc", "scale"))
    standard = lambda z: ((z - loc) / scale, -scale.log().sum())
    layers = [(f"transform.transforms.{k}", layer(t)) for k, t in enumerate(flow().transform.transforms)]
    if loc.abs().sum() + (scale - 1).abs().sum() > 0:
        layers.append(("base", standard))

    def reference(x):
        z, logdet = flow().transform.call_and_ladj(x)
        z, more = standard(z)
        return z, logdet + more

    rows = data(8, features, seed)
    with torch.no_grad():
        z, logdet = reference(rows)
        assert torch.allclose(flow().log_prob(rows), normal_log_prob(z) + logdet, atol=1e-4)
    inverse = lambda z: flow().transform.inv(z * scale + loc)
    described = about("zuko", "1.6.0", answers, f"{note} {loss:.3f} nats after 60 steps.", reference, inverse)
    write(case, flow.state_dict(), layers, features, seed, described)


def zuko_random():
    """Random masks, and another activation."""
    import zuko

    torch.manual_seed(81)
    flow = zuko.flows.RealNVP(5, transforms=4, randmask=True, hidden_features=(8, 8), activation=nn.ELU)
    zuko_case("zuko-random", 5, flow, 81, {"activation": "elu"}, zuko_random.__doc__)


def zuko_cnf():
    """A flow in continuous time, in ten slices, computed in float64 with tolerances of 1e-10."""
    import zuko
    from zuko.transforms import FreeFormJacobianTransform

    torch.manual_seed(83)
    flow = zuko.flows.CNF(2, hidden_features=(16, 16), activation=nn.Tanh)
    loss = train(flow.parameters(), lambda rows: -flow().log_prob(rows).mean(), 60, 2, 83)
    state = {name: tensor.clone() for name, tensor in flow.state_dict().items()}
    flow = flow.double().eval()
    single = torch.float32

    def between(start, end):
        transform = flow().transform
        part = FreeFormJacobianTransform(transform.f, transform.t0 * 0 + start, transform.t0 * 0 + end, atol=1e-10, rtol=1e-10)
        return lambda h: tuple(values.to(single) for values in part.call_and_ladj(h.double()))

    layers = [(f"slices.{k}", between(k / 10, (k + 1) / 10)) for k in range(10)]
    whole = between(0, 1)
    inverse = lambda z: between(1, 0)(z)[0]
    answers = {"activation": "tanh"}
    described = about("zuko", "1.6.0", answers, f"{zuko_cnf.__doc__} {loss:.3f} nats after 60 steps.", whole, inverse)
    write("../fields/zuko-cnf", state, layers, 2, 83, described)


def zuko_permuted():
    """Couplings of halves with fixed permutations between them, and a base distribution that is not standard."""
    import zuko
    from zuko.flows import Flow, GeneralCouplingTransform, UnconditionalDistribution, UnconditionalTransform
    from zuko.transforms import PermutationTransform

    torch.manual_seed(82)
    transforms = []
    for _ in range(3):
        transforms += [
            GeneralCouplingTransform(5, mask=torch.arange(5) < 2, hidden_features=(8,)),
            UnconditionalTransform(PermutationTransform, torch.randperm(5), buffer=True),
        ]
    loc, scale = torch.tensor([0.5, -1.0, 0.0, 2.0, 0.1]), torch.tensor([0.5, 2.0, 1.0, 1.5, 0.8])
    base = UnconditionalDistribution(zuko.distributions.DiagNormal, loc=loc, scale=scale, buffer=True)
    zuko_case("zuko-permuted", 5, Flow(transforms, base), 82, {}, zuko_permuted.__doc__)


def subnet(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, outputs))


def freia_steps(at, module):
    """What a module does to x in one to three steps of ours: (name, function to (value, log-det))."""
    kind = type(module).__name__
    if kind == "PermuteRandom":
        return [(at, lambda h: (h[:, module.perm], None))]
    if kind == "ActNorm":
        return [(at, lambda h: (module((h,))[0][0], module((h,))[1]))]
    if kind == "AllInOneBlock":
        def coupling(h):
            first, second = torch.split(h, module.splits, 1)
            second, logdet = module._affine(second, module.subnet(first))
            return torch.cat([first, second], 1), logdet

        scale = lambda: module.global_scale_activation(module.global_scale)
        return [
            (f"{at}.subnet", coupling),
            (f"{at}.global_scale", lambda h: (h * scale() + module.global_offset, torch.log(scale()).sum())),
            (f"{at}.w_perm", lambda h: (torch.nn.functional.linear(h, module.w_perm), None)),
        ]
    split = lambda h: torch.split(h, [module.split_len1, module.split_len2], 1)
    nets = nets_of(at, module)

    def first(h):
        x1, x2 = split(h)
        y1, logdet = module._coupling1(x1, x2)
        return torch.cat([y1, x2], 1), logdet

    def second(h):
        y1, x2 = split(h)
        y2, logdet = module._coupling2(x2, y1)
        return torch.cat([y1, y2], 1), logdet

    return [(nets[1], first), (nets[0], second)]


def nets_of(at, module):
    """The networks that see the first and the second part."""
    return [f"{at}.subnet{'_s' if hasattr(module, 'subnet_s1') else ''}{i}" for i in (1, 2)]


def inverted_steps(at, module):
    kind = type(module).__name__
    if kind == "PermuteRandom":
        return [(at, lambda h: (h[:, module.perm_inv], None))]
    if kind == "ActNorm":
        return [(at, lambda h: (module((h,), rev=True)[0][0], module((h,), rev=True)[1]))]
    split = lambda h: torch.split(h, [module.split_len1, module.split_len2], 1)
    nets = nets_of(at, module)

    def second(h):
        y1, y2 = split(h)
        x2, logdet = module._coupling2(y2, y1, rev=True)
        return torch.cat([y1, x2], 1), logdet

    def first(h):
        y1, x2 = split(h)
        x1, logdet = module._coupling1(y1, x2, rev=True)
        return torch.cat([x1, x2], 1), logdet

    return [(nets[0], second), (nets[1], first)]


def freia_case(case, features, inn, to_latent, seed, answers, note):
    loss = train(
        [p for p in inn.parameters() if p.requires_grad],
        lambda rows: -(lambda z, logdet: normal_log_prob(z) + logdet)(*inn(rows, rev=not to_latent)).mean(),
        60,
        features,
        seed,
    )
    inn.eval()
    modules = [(f"module_list.{k}", module) for k, module in enumerate(inn)]
    layers = (
        [step for at, module in modules for step in freia_steps(at, module)]
        if to_latent
        else [step for at, module in reversed(modules) for step in inverted_steps(at, module)]
    )
    reference = lambda x: inn(x, rev=not to_latent)
    inverse = lambda z: inn(z, rev=to_latent)[0]
    described = about("freia", "0.2", answers, f"{note} {loss:.3f} nats after 60 steps.", reference, inverse)
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


def freia_tanh():
    """RNVPCouplingBlock with TANH clamps of 1.2."""
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    torch.manual_seed(94)
    inn = ff.SequenceINN(3)
    for seed in range(2):
        inn.append(fm.RNVPCouplingBlock, subnet_constructor=subnet, clamp=1.2, clamp_activation="TANH")
        inn.append(fm.PermuteRandom, seed=seed)
    freia_case("freia-tanh", 3, inn, True, 94, {"clamp": 1.2, "clampActivation": "TANH"}, freia_tanh.__doc__)


def freia_global_exp():
    """AllInOneBlock with a clamp of 1.5 and global scale by EXP."""
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    torch.manual_seed(95)
    np.random.seed(95)
    inn = ff.SequenceINN(4)
    for _ in range(3):
        inn.append(fm.AllInOneBlock, subnet_constructor=subnet, affine_clamping=1.5, global_affine_type="EXP")
    answers = {"clamp": 1.5, "globalAffineType": "EXP"}
    freia_case("freia-global-exp", 4, inn, True, 95, answers, freia_global_exp.__doc__)


cases = {
    "nflows-norms": nflows_norms,
    "nflows-permuted": nflows_permuted,
    "nflows-additive": nflows_additive,
    "nflows-general": nflows_general,
    "normflows-blocks": normflows_blocks,
    "normflows-shuffled": normflows_shuffled,
    "normflows-checkerboard": normflows_checkerboard,
    "normflows-masked": normflows_masked,
    "normflows-additive": normflows_additive,
    "normflows-additive-masked": normflows_additive_masked,
    "zuko-random": zuko_random,
    "zuko-cnf": zuko_cnf,
    "zuko-permuted": zuko_permuted,
    "freia-rnvp": freia_rnvp,
    "freia-glow": freia_glow,
    "freia-all-in-one": freia_all_in_one,
    "freia-tanh": freia_tanh,
    "freia-global-exp": freia_global_exp,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or cases:
        cases[name]()
