"""Writes the ONNX fixtures under test/fixtures/onnx: flows of published libraries as PyTorch's two exporters write them.

Each case is built and trained for a moment by its library and exported; beside the files lie inputs and what PyTorch
computed for them, in the arrays of make_fixtures.py, and case.json with what is to be found in the graph. Run it by the
Python that `npm run test:peers` installs, with onnx and onnxscript added:

    python test/peers/make_onnx_fixtures.py [CASE ...]
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from make_fixtures import check_jacobian, data, normal_log_prob, train

warnings.filterwarnings("ignore")
folder = Path(__file__).resolve().parent.parent / "fixtures" / "onnx"


class Way(nn.Module):
    """One direction of a flow as a module: exporters take nothing else."""

    def __init__(self, flow, run):
        super().__init__()
        self.flow = flow
        self.run = run

    def forward(self, value):
        return self.run(value)


class GivenWay(Way):
    """The same, given a context."""

    def forward(self, value, context):
        return self.run(value, context)


def export(target, way, example, names, dynamo=False, batch=None, context=None):
    """batch: the number of examples that the file insists on; any where it is None."""
    examples = tuple(rows[: batch or 3] for rows in (example, context) if rows is not None)
    inputs = [names[0]] + ["context"] * (len(examples) - 1)
    options = {"input_names": inputs, "output_names": list(names[1:])}
    if dynamo:
        shapes = None if batch else ({0: torch.export.Dim("batch", min=1)},) * len(examples)
        torch.onnx.export(way, examples, str(target), dynamo=True, external_data=False, dynamic_shapes=shapes, verbose=False, **options)
    else:
        axes = None if batch else {name: {0: "batch"} for name in (*inputs, *names[1:])}
        torch.onnx.export(way, examples, str(target), dynamo=False, opset_version=17, do_constant_folding=True, dynamic_axes=axes, **options)
    strip(target)


def strip(file):
    """Without traces of the Python that it was made by, which are most of a small file."""
    model = onnx.load(str(file))
    graph = model.graph
    for part in [model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer, *model.functions]:
        if part.doc_string:
            part.ClearField("doc_string")
        part.ClearField("metadata_props")
    onnx.save(model, str(file))


def write(case, flow, layers, reference, inverse, x, found, ways=("forward", "inverse"), names=None, note="", jacobian=True, context=None, each=None, **options):
    """layers: functions from data to latent giving (value, log-det or None). found: kinds that the graph holds, in order;
    each: how many of them every layer is, where that differs."""
    flow.eval()
    target = folder / case
    target.mkdir(parents=True, exist_ok=True)
    given = () if context is None else (context,)
    with torch.no_grad():
        z, logdet = reference(x, *given)
        back, back_logdet = inverse(z, *given)
        arrays = {"x": x, "z": z, "logdet": logdet, "inverse_x": back, "inverse_logdet": back_logdet}
        if context is not None:
            arrays["context"] = context
        if layers:
            h, columns = x, []
            for layer in layers:
                h, added = layer(h, *given)
                if added is not None:
                    columns.append(torch.as_tensor(added).expand(len(x)))
            assert torch.allclose(h, z, atol=1e-5)
            arrays["logdet_layers"] = torch.stack(columns, 1)
            assert torch.allclose(arrays["logdet_layers"].sum(1).float(), logdet.float(), atol=1e-4)
    if jacobian:
        for i in range(4):
            own = [values[i : i + 1] for values in given]
            check_jacobian(lambda rows, own=own: reference(rows, *own), x[i : i + 1], logdet[i : i + 1])
    names = names or {"forward": ("x", "z", "logdet"), "inverse": ("z", "x", "logdet")}
    runs = {"forward": (reference, x), "inverse": (inverse, z)}
    for way in ways:
        run, example = runs[way]
        module = (Way if context is None else GivenWay)(flow, run).eval()
        export(target / f"{way}.onnx", module, example, names[way], context=context, **options)
    np.savez_compressed(target / "io.npz", **{name: value.detach().numpy() for name, value in arrays.items()})
    about = {"case": case, "note": " ".join(note.split()), "torch": torch.__version__, "exporter": "dynamo" if options.get("dynamo") else "legacy", "batch": options.get("batch"), "found": found}
    if each:
        about["each"] = each
    (target / "case.json").write_text(json.dumps(about, indent=2) + "\n")
    sizes = ", ".join(f"{way} {(target / f'{way}.onnx').stat().st_size / 1024:.0f} KB" for way in ways)
    print(f"{case}: {sizes}; round trip {(back - x).abs().max():.1e}; log-det {logdet.min():.2f} to {logdet.max():.2f}")


def nflows_flow(transforms, features, seed):
    from nflows.distributions.normal import StandardNormal
    from nflows.flows.base import Flow
    from nflows.transforms.base import CompositeTransform

    flow = Flow(CompositeTransform(transforms), StandardNormal([features]))
    train(flow.parameters(), lambda rows: -flow.log_prob(rows).mean(), 60, features, seed)
    flow.eval()
    layers = [lambda h, t=t: (t(h)[0], None) if "Permutation" in type(t).__name__ else t(h) for t in transforms]
    return flow, layers, lambda x: flow._transform(x), lambda z: flow._transform.inverse(z)


def affine(mask):
    from nflows.nn.nets import ResidualNet
    from nflows.transforms.coupling import AffineCouplingTransform

    return AffineCouplingTransform(torch.tensor(mask), lambda i, o: ResidualNet(i, o, hidden_features=8, num_blocks=1))


def nflows_inverse_only():
    """nflows, affine couplings with permutations and batch normalization: from z to x only."""
    from nflows.transforms.normalization import BatchNorm
    from nflows.transforms.permutations import RandomPermutation

    torch.manual_seed(71)
    transforms = []
    for _ in range(3):
        transforms += [RandomPermutation(5), affine([1, -1, 1, -1, 1]), BatchNorm(5)]
    flow, layers, forward, inverse = nflows_flow(transforms, 5, 71)
    found = ["coupling", "norm"] * 3
    write("nflows-inverse-only", flow, layers, forward, inverse, data(32, 5, 1071), found, ways=("inverse",), note=nflows_inverse_only.__doc__)


def nflows_one_example():
    """nflows by the newer exporter, which fixes the batch at one example; additive and affine couplings."""
    from nflows.transforms.coupling import AdditiveCouplingTransform
    from nflows.nn.nets import ResidualNet

    torch.manual_seed(72)
    additive = AdditiveCouplingTransform(torch.tensor([-1, 1, -1, 1]), lambda i, o: ResidualNet(i, o, hidden_features=8, num_blocks=1))
    flow, layers, forward, inverse = nflows_flow([affine([1, -1, 1, -1]), additive, affine([1, 1, -1, -1])], 4, 72)
    write("nflows-one-example", flow, layers, forward, inverse, data(32, 4, 1072), ["coupling"] * 3, note=nflows_one_example.__doc__, dynamo=True, batch=1)


class LinearSpline(nn.Module):
    """Coupling by monotone piecewise linear splines on [-3, 3] with four bins, the identity outside."""

    def __init__(self, mask):
        super().__init__()
        self.kept = torch.tensor([i for i, moves in enumerate(mask) if moves < 0])
        self.moved = torch.tensor([i for i, moves in enumerate(mask) if moves > 0])
        self.net = nn.Sequential(nn.Linear(len(self.kept), 8), nn.ReLU(), nn.Linear(8, 4 * len(self.moved)))

    def parameters_for(self, kept):
        heights = 6 * (0.1 + 0.6 * self.net(kept).reshape(-1, len(self.moved), 4).softmax(2))
        return heights, torch.cumsum(heights, 2) - heights - 3

    def forward(self, x, context=None):
        v = x[:, self.moved][..., None]
        heights, _ = self.parameters_for(x[:, self.kept])
        left = torch.arange(4) * 1.5 - 3
        inside = (heights * ((v - left) / 1.5).clamp(0, 1)).sum(2) - 3
        y = inside + (v[..., 0] + 3).clamp(max=0) + (v[..., 0] - 3).clamp(min=0)
        slope = torch.where((v >= left) & (v < left + 1.5), heights / 1.5, 0).sum(2)
        slope = torch.where(slope > 0, slope, torch.ones_like(slope))
        return self.joined(x, y), slope.log().sum(1)

    def inverse(self, z, context=None):
        v = z[:, self.moved][..., None]
        heights, left = self.parameters_for(z[:, self.kept])
        inside = 1.5 * ((v - left) / heights).clamp(0, 1).sum(2) - 3
        x = inside + (v[..., 0] + 3).clamp(max=0) + (v[..., 0] - 3).clamp(min=0)
        slope = torch.where((v >= left) & (v < left + heights), 1.5 / heights, 0).sum(2)
        slope = torch.where(slope > 0, slope, torch.ones_like(slope))
        return self.joined(z, x), slope.log().sum(1)

    def joined(self, whole, moved):
        both = torch.cat([whole[:, self.kept], moved], 1)
        return both[:, torch.argsort(torch.cat([self.kept, self.moved]))]


def spline():
    """nflows, a spline coupling between two affine ones: what is no affine coupling is not to be taken for one."""
    torch.manual_seed(73)
    flow, layers, forward, inverse = nflows_flow([affine([1, -1, 1, -1]), LinearSpline([-1, 1, -1, 1]), affine([1, -1, 1, -1])], 4, 73)
    write("spline", flow, layers, forward, inverse, data(32, 4, 1073), ["coupling"] * 3, note=spline.__doc__)


def autoregressive():
    """nflows, a masked autoregressive layer and an affine coupling: every value is scaled by those before it."""
    from nflows.transforms.autoregressive import MaskedAffineAutoregressiveTransform

    torch.manual_seed(74)
    layer = MaskedAffineAutoregressiveTransform(3, 8, num_blocks=1)
    flow, layers, forward, inverse = nflows_flow([layer, affine([1, -1, 1])], 3, 74)
    write("nflows-autoregressive", flow, layers, forward, inverse, data(32, 3, 1074), ["autoregressive", "coupling"], ways=("forward",), note=autoregressive.__doc__)


def reversed_plane():
    """nflows, three masked autoregressive layers in two dimensions, each after the other order, by the newer exporter."""
    from nflows.transforms.autoregressive import MaskedAffineAutoregressiveTransform
    from nflows.transforms.permutations import ReversePermutation

    torch.manual_seed(86)
    made = [lambda: ReversePermutation(2), lambda: MaskedAffineAutoregressiveTransform(2, 8, num_blocks=1)]
    flow, layers, forward, inverse = nflows_flow([make() for _ in range(3) for make in made], 2, 86)
    write("nflows-reversed-plane", flow, layers, forward, inverse, data(32, 2, 1086), ["autoregressive"] * 3, ways=("forward",), note=reversed_plane.__doc__, dynamo=True)


def normflows_dynamo():
    """normflows by the newer exporter: masked affine flows with ActNorm, in float64, and outputs under other names."""
    import normflows as nf

    torch.manual_seed(75)
    flows = []
    for k in range(4):
        mask = torch.tensor([1.0, 0.0, 1.0]) if k % 2 else torch.tensor([0.0, 1.0, 0.0])
        nets = [nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3)) for _ in range(2)]
        flows += [nf.flows.MaskedAffineFlow(mask, nets[0], nets[1]), nf.flows.ActNorm(3)]
    model = nf.NormalizingFlow(nf.distributions.DiagGaussian(3, trainable=False), flows)
    train(model.parameters(), lambda rows: model.forward_kld(rows), 60, 3, 75)
    for k in range(1, 8, 2):
        # Asks its tensors whether they were initialized, which the newer exporter cannot follow; without asking:
        constant = nf.flows.AffineConstFlow(3)
        constant.s, constant.t = flows[k].s, flows[k].t
        model.flows[k] = flows[k] = constant
    model.double()
    layers = [lambda h, f=f: f.inverse(h) for f in reversed(flows)]
    names = {"forward": ("points", "codes", "ladj"), "inverse": ("codes", "points", "ladj")}
    x = data(32, 3, 1075).double()
    write("normflows-dynamo", model, layers, model.inverse_and_log_det, model.forward_and_log_det, x, ["norm", "coupling"] * 4, names=names, note=normflows_dynamo.__doc__, dynamo=True)


def nflows_given(case, transforms, features, contexts, found, note, seed, **options):
    """A conditional flow of nflows. The context is of data that are not standardized."""
    from nflows.distributions.normal import StandardNormal
    from nflows.flows.base import Flow
    from nflows.transforms.base import CompositeTransform

    given = lambda rows: torch.cat([torch.sin(rows[:, :1] + k) for k in range(contexts)], 1)
    flow = Flow(CompositeTransform(transforms), StandardNormal([features]))
    train(flow.parameters(), lambda rows: -flow.log_prob(rows, context=given(rows)).mean(), 60, features, seed)
    flow.eval()

    def layer(transform):
        def run(h, context):
            value, logdet = transform(h, context=context)
            return value, None if "Permutation" in type(transform).__name__ else logdet

        return run

    layers = [layer(transform) for transform in transforms]
    x = data(32, features, seed + 1000)
    forward, inverse = lambda x, c: flow._transform(x, context=c), lambda z, c: flow._transform.inverse(z, context=c)
    write(case, flow, layers, forward, inverse, x, found, note=note, context=given(x), **options)


def nflows_spline_context():
    """nflows, rational-quadratic spline couplings with a context: values inside and outside of the box are picked."""
    from nflows.nn.nets import ResidualNet
    from nflows.transforms.coupling import PiecewiseRationalQuadraticCouplingTransform
    from nflows.transforms.permutations import ReversePermutation

    torch.manual_seed(81)
    net = lambda i, o: ResidualNet(i, o, hidden_features=8, num_blocks=1, context_features=2)
    transforms = []
    for mask in ([1, -1, 1], [-1, 1, 1]):
        spline = PiecewiseRationalQuadraticCouplingTransform(torch.tensor(mask), net, num_bins=4, tails="linear", tail_bound=3.0)
        transforms += [ReversePermutation(3), spline]
    nflows_given("nflows-spline-context", transforms, 3, 2, ["coupling"] * 2, nflows_spline_context.__doc__, 81)


def nflows_mixed_context():
    """nflows by the newer exporter, from x to z only: LU mixing, a masked autoregressive layer, an affine coupling; context."""
    from nflows.nn.nets import ResidualNet
    from nflows.transforms.autoregressive import MaskedAffineAutoregressiveTransform
    from nflows.transforms.coupling import AffineCouplingTransform
    from nflows.transforms.lu import LULinear
    from nflows.transforms.permutations import RandomPermutation

    torch.manual_seed(82)
    net = lambda i, o: ResidualNet(i, o, hidden_features=8, num_blocks=1, context_features=2)
    transforms = [
        RandomPermutation(4),
        LULinear(4, identity_init=False),
        MaskedAffineAutoregressiveTransform(4, hidden_features=8, num_blocks=1, context_features=2),
        AffineCouplingTransform(torch.tensor([1, -1, 1, -1]), net),
    ]
    found = ["mixing", "autoregressive", "coupling"]
    nflows_given("nflows-mixed-context", transforms, 4, 2, found, nflows_mixed_context.__doc__, 82, ways=("forward",), dynamo=True)


def zuko_flow(case, flow, features, seed, found, note, contexts=0, **options):
    given = lambda rows: torch.cat([torch.cos(rows[:, :1] + k) for k in range(contexts)], 1) if contexts else None
    train(flow.parameters(), lambda rows: -flow(given(rows)).log_prob(rows).mean(), 60, features, seed)
    transform = lambda c: flow(c).transform
    layers = [lambda h, c=None, k=k: transform(c).transforms[k].call_and_ladj(h) for k in range(len(found))]
    x = data(32, features, seed + 1000)
    forward, inverse = lambda x, c=None: transform(c).call_and_ladj(x), lambda z, c=None: transform(c).inv.call_and_ladj(z)
    write(case, flow, layers, forward, inverse, x, found, note=note, context=given(x), **options)


def zuko_spline_context():
    """zuko, NSF with a context by the newer exporter: autoregressive splines."""
    import zuko

    torch.manual_seed(83)
    flow = zuko.flows.NSF(3, 2, transforms=2, bins=4, hidden_features=(8,))
    zuko_flow("zuko-spline-context", flow, 3, 83, ["autoregressive"] * 2, zuko_spline_context.__doc__, contexts=2, dynamo=True)


def zuko_autoregressive():
    """zuko, MAF with random orders, by the older exporter."""
    import zuko

    torch.manual_seed(84)
    flow = zuko.flows.MAF(4, transforms=3, hidden_features=(8,), randperm=True)
    zuko_flow("zuko-autoregressive", flow, 4, 84, ["autoregressive"] * 3, zuko_autoregressive.__doc__)


def normflows_spline():
    """normflows by the newer exporter, from x to z only: spline couplings whose other half is curved too, and LU mixing."""
    import normflows as nf

    torch.manual_seed(85)
    flows = [nf.flows.CoupledRationalQuadraticSpline(4, 1, 8, num_bins=4), nf.flows.LULinearPermute(4)]
    model = nf.NormalizingFlow(nf.distributions.DiagGaussian(4, trainable=False), flows)
    train(model.parameters(), lambda rows: model.forward_kld(rows), 60, 4, 85)
    layers = [lambda h, f=f: f.inverse(h) for f in reversed(flows)]
    # Its spline transforms the half that passes through as well, by the same curve for every example.
    found = ["mixing", "coupling", "elementwise"]
    write("normflows-spline", model, layers, model.inverse_and_log_det, model.forward_and_log_det, data(32, 4, 1085) / 2, found, ways=("forward",), note=normflows_spline.__doc__, dynamo=True, each=[1, 2])


def freia(case, block, arguments, found, note, seed, features=6, permute=True, **options):
    import FrEIA.framework as Ff
    import FrEIA.modules as Fm

    torch.manual_seed(seed)
    net = lambda i, o: nn.Sequential(nn.Linear(i, 8), nn.ReLU(), nn.Linear(8, o))
    flow = Ff.SequenceINN(features)
    for k in range(3):
        if permute:
            flow.append(Fm.PermuteRandom, seed=k)
        flow.append(getattr(Fm, block), subnet_constructor=net, **arguments)
    train(flow.parameters(), lambda rows: -(lambda z, j: normal_log_prob(z) + j)(*flow(rows)).mean(), 60, features, seed)
    flow.eval()

    def layer(module):
        def run(h):
            (value,), logdet = module([h], jac=True)
            return value, None if type(module).__name__ == "PermuteRandom" else torch.as_tensor(logdet)

        return run

    layers = [layer(module) for module in flow.module_list]
    inverse = lambda z: flow(z, rev=True)
    write(case, flow, layers, lambda x: flow(x), inverse, data(32, features, seed + 1000), found, note=note, **options)


def freia_glow_fixed():
    """FrEIA, GLOW blocks and permutations, constants folded, five examples at a time: each block is two couplings."""
    freia("freia-glow-fixed", "GLOWCouplingBlock", {"clamp": 1.5}, ["coupling"] * 6, freia_glow_fixed.__doc__, 76, batch=5)


def freia_mixed():
    """FrEIA, AllInOneBlocks with soft permutations, which mix all values."""
    arguments = {"affine_clamping": 1.5, "permute_soft": True}
    freia("freia-mixed", "AllInOneBlock", arguments, ["coupling", "norm", "mixing"] * 3, freia_mixed.__doc__, 77, permute=False)


def classifier():
    """No flow at all: four values in, three probabilities out."""
    torch.manual_seed(78)
    target = folder / "classifier"
    target.mkdir(parents=True, exist_ok=True)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(1)).eval()
    export(target / "model.onnx", net, data(3, 4, 1078), ("features", "probabilities"))
    print("classifier")


cases = [nflows_inverse_only, nflows_one_example, spline, autoregressive, reversed_plane, nflows_spline_context, nflows_mixed_context, zuko_spline_context, zuko_autoregressive, normflows_spline, normflows_dynamo, freia_glow_fixed, freia_mixed, classifier]

if __name__ == "__main__":
    chosen = sys.argv[1:]
    for case in cases:
        if not chosen or case.__name__ in chosen:
            case()
