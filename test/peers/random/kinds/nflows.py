"""Flows of nflows: its own classes, and chains of whatever its transforms compose."""

import numpy as np
import torch
from nflows import distributions, flows, transforms
from nflows.nn import nets
from torch import nn
from torch.nn import functional as F

from case import LATENTS, ROWS, chance, pick
from torch_case import shake, torch_case

activations = {"relu": F.relu, "tanh": torch.tanh, "elu": F.elu, "silu": F.silu, "leaky-relu": F.leaky_relu}

# nflows 0.14 calls what newer versions of PyTorch lack.
if not hasattr(torch, "triangular_solve"):
    torch.triangular_solve = lambda b, a, upper=True, unitriangular=False: (
        torch.linalg.solve_triangular(a, b, upper=upper, unitriangular=unitriangular),
        a,
    )
torch.solve = lambda b, a: (torch.linalg.solve(a, b), torch.linalg.lu_factor(a)[0])
torch.qr = torch.linalg.qr


def forward(flow, x, context):
    embedded = flow._embedding_net(context) if context is not None else None
    z, logdet = flow._transform(x, context=embedded)
    return z, logdet, flow.log_prob(x, context=context)


def inverse(flow, z, context):
    embedded = flow._embedding_net(context) if context is not None else None
    return flow._transform.inverse(z, context=embedded)[0]


def states(flow, rng, settings):
    """A state dict: alone, as an entry, as Lightning has it, or beside the arguments."""
    how = pick(rng, ["state", "entry", "lightning", "arguments"])
    plain = {name: value for name, value in settings.items() if isinstance(value, (int, float, str, bool))}

    def save(folder):
        state = flow.state_dict()
        if how == "lightning":
            held = {"state_dict": {f"flow.{name}": value for name, value in state.items()}}
            held |= {"epoch": 3, "global_step": 90, "pytorch-lightning_version": "2.5.0", "hyper_parameters": plain}
            torch.save(held, folder / "last.ckpt")
            return "last.ckpt"
        held = {
            "state": state,
            "entry": {"model": state, "epoch": 3},
            "arguments": {"model_kwargs": plain, "model_state_dict": state, "epoch": 3},
        }
        torch.save(held[how], folder / "model.pt")
        return "model.pt"

    return save


def whole(flow, rng, settings):
    def save(folder):
        torch.save(flow, folder / "flow.pt")
        return "flow.pt"

    return save


def case(flow, rng, features, answers, settings, context=None, save=states, **rest):
    return torch_case(
        shake(flow, rng),
        rng,
        shape=(features,),
        context=context,
        forward=forward,
        inverse=inverse,
        library="nflows",
        save=save(flow, rng, settings),
        answers=answers,
        settings={"features": features, "context": context, **settings},
        **rest,
    )


def realnvp(rng):
    features = int(rng.integers(2, 9))
    activation = pick(rng, list(activations))
    settings = dict(
        hidden_features=int(rng.integers(3, 33)),
        num_layers=int(rng.integers(1, 7)),
        num_blocks_per_layer=int(rng.integers(1, 4)),
        use_volume_preserving=chance(rng, 0.25),
        batch_norm_within_layers=chance(rng, 0.3),
        batch_norm_between_layers=chance(rng, 0.4),
    )
    flow = flows.SimpleRealNVP(features, activation=activations[activation], **settings)
    return case(flow, rng, features, {"activation": activation}, settings)


def maf(rng):
    features = int(rng.integers(2, 8))
    activation = pick(rng, list(activations))
    residual = chance(rng, 0.6)
    settings = dict(
        hidden_features=int(rng.integers(features, 33)),
        num_layers=int(rng.integers(1, 6)),
        num_blocks_per_layer=int(rng.integers(1, 4)),
        use_residual_blocks=residual,
        use_random_masks=not residual and chance(rng, 0.4),
        use_random_permutations=chance(rng),
        batch_norm_within_layers=chance(rng, 0.2),
        batch_norm_between_layers=chance(rng, 0.3),
    )
    flow = flows.MaskedAutoregressiveFlow(features, activation=activations[activation], **settings)
    return case(flow, rng, features, {"activation": activation}, settings)


def mixing(rng, features):
    """A layer over all features."""
    householders = int(rng.integers(1, 2 * features + 1))
    return pick(
        rng,
        [
            lambda: transforms.LULinear(features, identity_init=chance(rng), using_cache=chance(rng)),
            lambda: transforms.QRLinear(features, num_householder=householders),
            lambda: transforms.SVDLinear(features, num_householder=2 * householders, identity_init=chance(rng)),
            lambda: transforms.HouseholderSequence(features, householders),
            lambda: transforms.NaiveLinear(features),
            lambda: transforms.RandomPermutation(features),
            lambda: transforms.ReversePermutation(features),
            lambda: transforms.BatchNorm(features),
            lambda: actnorm(features),
            lambda: transforms.CompositeTransform(
                [transforms.RandomPermutation(features), transforms.LULinear(features, identity_init=True)]
            ),
            lambda: transforms.PointwiseAffineTransform(
                torch.tensor(rng.normal(0, 1, features), dtype=torch.float32),
                torch.tensor(rng.uniform(0.3, 2, features), dtype=torch.float32),
            ),
        ],
    )()


def actnorm(features):
    layer = transforms.ActNorm(features)
    layer.initialized.fill_(True)
    return layer


def mask_of(rng, features):
    while True:
        mask = rng.integers(0, 2, features)
        if 0 < mask.sum() < features:
            return torch.tensor(mask)


def base_of(rng, features, context):
    if context and chance(rng, 0.25):
        if chance(rng):
            return distributions.ConditionalDiagonalNormal([features], nn.Linear(context, 2 * features))
        widths = [context, *(int(rng.integers(3, 20)) for _ in range(int(rng.integers(1, 3)))), 2 * features]
        layers = [one for sizes in zip(widths, widths[1:]) for one in (nn.Linear(*sizes), nn.ReLU())]
        return distributions.ConditionalDiagonalNormal([features], nn.Sequential(*layers[:-1]))
    if chance(rng, 0.25):
        return distributions.DiagonalNormal([features])
    return distributions.StandardNormal([features])


def coupling_of(rng, name, features, context, activation):
    """A function that makes couplings of one kind with random masks."""
    width, blocks, norms = int(rng.integers(3, 25)), int(rng.integers(1, 4)), chance(rng, 0.2)

    def net(inputs, outputs):
        return nets.ResidualNet(
            inputs,
            outputs,
            hidden_features=width,
            context_features=context,
            num_blocks=blocks,
            activation=activations[activation],
            use_batch_norm=norms,
        )

    classes = {"affine": transforms.AffineCouplingTransform, "additive": transforms.AdditiveCouplingTransform}
    if name in classes:
        return lambda: classes[name](mask_of(rng, features), net)
    bins, bound = int(rng.integers(2, 13)), float(pick(rng, [1.0, 3.0, 5.0, 10.0]))
    unconditional = chance(rng, 0.3)

    def spline():
        return transforms.PiecewiseRationalQuadraticCouplingTransform(
            mask_of(rng, features),
            net,
            num_bins=bins,
            tails="linear",
            tail_bound=bound,
            apply_unconditional_transform=unconditional,
        )

    spline.bound = bound
    return spline


def autoregressive_of(rng, name, features, context, activation):
    residual = chance(rng, 0.6)
    settings = dict(
        features=features,
        hidden_features=int(rng.integers(features, 33)),
        context_features=context,
        num_blocks=int(rng.integers(1, 4)),
        use_residual_blocks=residual,
        random_mask=not residual and chance(rng, 0.3),
        activation=activations[activation],
        use_batch_norm=chance(rng, 0.15),
    )
    if name == "affine":
        return lambda: transforms.MaskedAffineAutoregressiveTransform(**settings)
    bins, bound = int(rng.integers(2, 13)), float(pick(rng, [1.0, 3.0, 5.0, 10.0]))

    def spline():
        return transforms.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
            **settings, num_bins=bins, tails="linear", tail_bound=bound
        )

    spline.bound = bound
    return spline


def chain(rng, make, names, context_size, save=states):
    """Layers of one kind with what mixes between them, in any order."""
    features = 1 if make is autoregressive_of and chance(rng, 0.2) else int(rng.integers(2, 8))
    context = int(rng.integers(1, 6)) if chance(rng) else None
    activation = pick(rng, list(activations))
    name = pick(rng, names)
    layer = make(rng, name, features, context, activation)
    layers = []
    for _ in range(int(rng.integers(1, 6))):
        layers += [mixing(rng, features) for _ in range(int(rng.integers(0, 3)))]
        layers.append(layer())
    if chance(rng, 0.3):
        layers += [mixing(rng, features)]
    if chance(rng, 0.3):
        middle = len(layers) // 2
        layers = [transforms.CompositeTransform(layers[:middle] or layers), *layers[middle if middle else len(layers) :]]
    embedding, given, answers = None, context, {"activation": activation}
    if context and chance(rng, 0.25):
        given = int(rng.integers(1, 7))
        embedding, answers["contextActivation"], answers["contextOutput"] = embedding_of(rng, given, context)
    flow = flows.Flow(transforms.CompositeTransform(layers), base_of(rng, features, context), embedding)
    bound = getattr(layer, "bound", None)
    if bound is not None:
        answers |= {"tailBound": bound, "splineKind": "rational-quadratic"}
    kinds = [type(module).__name__ for module in flow.modules() if isinstance(module, transforms.Transform)]
    settings = {"kind": name, "activation": activation, "layers": kinds, "base": type(flow._distribution).__name__}
    return case(flow, rng, features, answers, settings, given, save)


def mixed(rng):
    """Couplings of unlike kinds and sizes with bounds of their own, and at most one autoregressive layer."""
    features = int(rng.integers(2, 8))
    context = int(rng.integers(1, 6)) if chance(rng) else None
    activation = pick(rng, list(activations))
    makers = [
        coupling_of(rng, pick(rng, ["affine", "additive", "spline"]), features, context, activation)
        for _ in range(int(rng.integers(2, 5)))
    ]
    if chance(rng):
        makers.insert(
            int(rng.integers(0, len(makers))),
            autoregressive_of(rng, pick(rng, ["affine", "spline"]), features, context, activation),
        )
    layers, bounds = [], []
    for make in makers:
        layers += [make(), *(mixing(rng, features) for _ in range(int(rng.integers(0, 2))))]
        bounds += [make.bound] if hasattr(make, "bound") else []
    answers = {"activation": activation}
    if bounds:
        answers["splineKind"] = "rational-quadratic"
        answers["tailBound"] = bounds[0] if len(set(bounds)) == 1 else ", ".join(map(str, bounds))
    flow = flows.Flow(transforms.CompositeTransform(layers), base_of(rng, features, context))
    kinds = [type(layer).__name__ for layer in layers]
    return case(flow, rng, features, answers, {"layers": kinds, "bounds": bounds}, context)


def embedding_of(rng, context, width):
    """With its activation and whether that comes last."""
    last = chance(rng)
    layers = [nn.Linear(context, 7), nn.Tanh(), nn.Linear(7, width), *([nn.Tanh()] if last else [])]
    return nn.Sequential(*layers), "tanh", "activated" if last else "linear"


def couplings(rng):
    return chain(rng, coupling_of, ["affine", "additive", "spline", "spline"], None)


def autoregressive(rng):
    return chain(rng, autoregressive_of, ["affine", "spline"], None)


def whole_model(rng):
    make, names = pick(rng, [(coupling_of, ["affine", "additive", "spline"]), (autoregressive_of, ["affine", "spline"])])
    case = chain(rng, make, names, None, whole)
    # The file says them; of autoregressive layers' scales it is another version of nflows that says nothing.
    case.answers = {}
    return case


def image_layers(rng, channels, coupling, steps):
    """Steps of Glow over so many channels, each with some of what it may have."""
    layers = []
    for _ in range(steps):
        if chance(rng, 0.7):
            layers.append(actnorm(channels))
        mixing = pick(rng, [transforms.OneByOneConvolution, transforms.OneByOneConvolution, transforms.ReversePermutation, None])
        if mixing:
            layers.append(mixing(channels))
        layers.append(coupling(channels))
    return layers


def glow(rng):
    channels, levels = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    size = 2**levels
    height, width = size * int(rng.integers(1, 3)), size * int(rng.integers(1, 3))
    activation = pick(rng, list(activations))
    name = pick(rng, ["affine", "affine", "additive", "spline"])
    hidden, blocks, norms = int(rng.integers(3, 12)), int(rng.integers(1, 3)), chance(rng, 0.3)
    bins, bound, masks = int(rng.integers(2, 9)), float(pick(rng, [1.0, 3.0])), pick(rng, ["mid", "alternate", "random"])

    def net(inputs, outputs):
        return nets.ConvResidualNet(
            inputs, outputs, hidden, num_blocks=blocks, activation=activations[activation], use_batch_norm=norms
        )

    def coupling(channels):
        mask = {
            "mid": torch.arange(channels) < (channels + 1) // 2,
            "alternate": torch.arange(channels) % 2 == int(rng.integers(2)),
            "random": mask_of(rng, channels) > 0,
        }[masks].int()
        if name == "spline":
            return transforms.PiecewiseRationalQuadraticCouplingTransform(
                mask, net, num_bins=bins, tails="linear", tail_bound=bound
            )
        classes = {"affine": transforms.AffineCouplingTransform, "additive": transforms.AdditiveCouplingTransform}
        return classes[name](mask, net)

    steps = int(rng.integers(1, 4))
    multiscale = chance(rng, 0.75)
    shape = (channels, height, width)
    flow_of = transforms.MultiscaleCompositeTransform(levels) if multiscale else None
    chained = []
    for _ in range(levels):
        shape = (4 * shape[0], shape[1] // 2, shape[2] // 2)
        layers = [transforms.SqueezeTransform(), *image_layers(rng, shape[0], coupling, steps)]
        if multiscale:
            if chance(rng):
                layers.append(transforms.OneByOneConvolution(shape[0]))
            shape = flow_of.add_transform(transforms.CompositeTransform(layers), shape) or shape
        else:
            chained += layers
    transform = flow_of or transforms.CompositeTransform(chained)
    latents = (channels * height * width,) if multiscale else shape
    flow = flows.Flow(transform, distributions.StandardNormal(list(latents)))
    settings = dict(kind=name, image=[channels, height, width], levels=levels, steps=steps, hidden=hidden, blocks=blocks, masks=masks, multiscale=multiscale)
    answers = {"activation": activation, "height": height, "width": width}
    if name == "spline":
        answers |= {"tailBound": bound, "splineKind": "rational-quadratic"}
    as_object = chance(rng, 0.2)
    case_ = torch_case(
        shake(flow, rng, 0.15),
        rng,
        shape=(channels, height, width),
        latents=latents,
        forward=forward,
        inverse=inverse,
        library="nflows",
        save=(whole if as_object else states)(flow, rng, settings),
        # A model that was saved as a whole does not say how large its images are.
        answers={key: answers[key] for key in ("height", "width")} if as_object else answers,
        settings={**settings, "activation": activation, "whole": as_object},
    )
    return case_


def dingo(rng):
    """A dictionary with model_kwargs beside the state, as gravitational-wave posteriors are kept; nothing is answered."""
    features, context = int(rng.integers(2, 12)), int(rng.integers(1, 9))
    activation = pick(rng, ["elu", "relu", "leaky_relu"])
    base = dict(
        hidden_dim=int(rng.integers(features, 40)),
        num_transform_blocks=int(rng.integers(1, 4)),
        activation=activation,
        dropout_probability=0.0,
        batch_norm=chance(rng),
        num_bins=int(rng.integers(2, 10)),
        base_transform_type=pick(rng, ["rq-coupling", "rq-autoregressive"]),
    )
    steps = int(rng.integers(1, 6))
    act = activations[activation.replace("_", "-")]

    def linear():
        return transforms.CompositeTransform(
            [transforms.RandomPermutation(features), transforms.LULinear(features, identity_init=True)]
        )

    def net(inputs, outputs):
        return nets.ResidualNet(
            inputs,
            outputs,
            hidden_features=base["hidden_dim"],
            context_features=context,
            num_blocks=base["num_transform_blocks"],
            activation=act,
            use_batch_norm=base["batch_norm"],
        )

    def layer(i):
        splines = dict(num_bins=base["num_bins"], tails="linear", tail_bound=1.0)
        if base["base_transform_type"] == "rq-coupling":
            mask = (torch.arange(features) + i) % 2
            return transforms.PiecewiseRationalQuadraticCouplingTransform(mask, net, **splines)
        return transforms.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
            features=features,
            hidden_features=base["hidden_dim"],
            context_features=context,
            num_blocks=base["num_transform_blocks"],
            activation=act,
            use_batch_norm=base["batch_norm"],
            **splines,
        )

    layers = [transforms.CompositeTransform([linear(), layer(i)]) for i in range(steps)]
    flow = flows.Flow(transforms.CompositeTransform([*layers, linear()]), distributions.StandardNormal([features]))
    kwargs = dict(input_dim=features, context_dim=context, num_flow_steps=steps, base_transform_kwargs=base)

    def save(flow, rng, settings):
        def write(folder):
            state = {f"flow.{name}": value for name, value in flow.state_dict().items()}
            optimizer = torch.optim.Adam(flow.parameters())
            held = {
                "model_kwargs": {"type": "nsf", "nsf_kwargs": kwargs},
                "model_state_dict": state,
                "optimizer_state_dict": optimizer.state_dict(),
                "epoch": 12,
                "version": "0.5",
                "metadata": {"dataset_settings": {"intrinsic_prior": {"mass_1": "Uniform(10, 80)"}}},
            }
            torch.save(held, folder / "model_latest.pt")
            return "model_latest.pt"

        return write

    return case(flow, rng, features, {}, kwargs, context, save)


def turned(rng, layer):
    """In an InverseTransform, or in three."""
    for _ in range(pick(rng, [1, 1, 1, 3])):
        layer = transforms.InverseTransform(layer)
    return layer


def inverse_chain(rng):
    """A chain that runs backwards as a whole, or whose parts do."""
    make, names = pick(rng, [(coupling_of, ["affine", "additive", "spline"]), (autoregressive_of, ["affine", "spline"])])
    features = int(rng.integers(2, 7))
    context = int(rng.integers(1, 4)) if chance(rng, 0.4) else None
    activation, name = pick(rng, list(activations)), pick(rng, names)
    layer = make(rng, name, features, context, activation)
    # Inverses of networks that see all features take as many passes, so that few digits are left of many layers.
    working = [layer() for _ in range(int(rng.integers(1, 4)))]
    mixings = [mixing(rng, features) for _ in range(int(rng.integers(0, 4)))]
    how = pick(rng, ["whole", "whole", "nested", "each", "twice", "mixings"])
    between = [turned(rng, one) if how == "mixings" or chance(rng, 0.3) else one for one in mixings]
    layers = [turned(rng, one) for one in working] if how == "each" else working
    layers = [one for pair in zip(layers, between + [None] * 3) for one in pair if one is not None]
    whole = transforms.CompositeTransform(layers)
    if how == "whole":
        whole = transforms.InverseTransform(whole)
    elif how == "twice":
        whole = transforms.InverseTransform(transforms.InverseTransform(whole))
    elif how == "nested":
        whole = transforms.CompositeTransform([transforms.InverseTransform(whole), mixing(rng, features)])
    flow = flows.Flow(whole, base_of(rng, features, context))
    answers = {"activation": activation}
    if hasattr(layer, "bound"):
        answers |= {"tailBound": layer.bound, "splineKind": "rational-quadratic"}
    settings = {"kind": name, "how": how, "context": context, "layers": [type(one).__name__ for one in flow.modules()]}
    return case(flow, rng, features, answers, settings, context)


def other_maps(rng):
    """Splines that Flowscope does not compute, and layers without tensors at the end, which only models saved whole show."""
    # Of two bins, linear ones have the values of an affine map.
    features, bins = int(rng.integers(2, 6)), int(rng.integers(3, 13))
    name = pick(rng, ["Linear", "Quadratic", "Cubic", "last", "last"])
    net = dict(hidden_features=16, num_blocks=1)
    mask, tails = torch.arange(features) % 2, dict(num_bins=bins, tails="linear", tail_bound=3.0)

    def spline_net(inputs, outputs):
        return nets.ResidualNet(inputs, outputs, **net)

    if name == "last":
        name = pick(rng, ["LeakyReLU", "Sigmoid", "Tanh", "LogTanh", "CompositeCDFTransform"])
        inner = getattr(transforms, name)
        last = inner(transforms.Sigmoid(), transforms.PiecewiseQuadraticCDF([features])) if "CDF" in name else inner()
        layers = [transforms.AffineCouplingTransform(mask, spline_net), last]
    elif chance(rng):
        kind = getattr(transforms, f"Piecewise{name}CouplingTransform")
        layers = [kind(1 - mask, spline_net, **tails), kind(mask, spline_net, **tails)]
    else:
        kind = getattr(transforms, f"MaskedPiecewise{name}AutoregressiveTransform")
        # Only quadratic ones have tails.
        if name != "Quadratic":
            tails = dict(num_bins=bins)
        layers = [kind(features=features, context_features=None, **net, **tails)]
    flow = flows.Flow(transforms.CompositeTransform(layers), distributions.StandardNormal([features]))
    save, answers = whole, {}
    if name in ("Linear", "Quadratic", "Cubic") and chance(rng):
        save = states
        # What the defaults of nflows, nessai and glasflow make of their number of values.
        values = {"Linear": bins, "Quadratic": 2 * bins - 1, "Cubic": 2 * bins + 2}[name]
        answers = {"splineKind": name.lower()} if values in (11, 23, 29) else {}
    drawn = {"x": rng.uniform(0.05, 0.95, (ROWS, features)), "z_in": rng.uniform(0.05, 0.95, (LATENTS, features))}
    return case(flow, rng, features, answers, {"kind": name, "bins": bins}, None, save, refusal="nflows|piecewise", **drawn)


def beside(rng):
    """What a state dict shows that Flowscope does not have: layers without tensors before others, and other bases."""
    features = int(rng.integers(2, 6))
    layer = coupling_of(rng, "affine", features, None, "relu")
    kind = pick(rng, ["first", "middle", "base"])
    layers = [layer(), layer()]
    if kind != "base":
        layers.insert(0 if kind == "first" else 1, pick(rng, [transforms.LeakyReLU, transforms.LogTanh, transforms.IdentityTransform])())
    base = distributions.StandardNormal([features])
    if kind == "base":
        base = distributions.MADEMoG(features, 16, None, num_mixture_components=3, custom_initialization=True)
    flow = flows.Flow(transforms.CompositeTransform(layers), base)
    return case(flow, rng, features, {}, {"kind": kind}, refusal="nflows")


class ContextMap(torch.nn.Module):
    """A network that sees the context alone, as sbi has it where there is one parameter."""

    def __init__(self, outputs, context, width, depth):
        super().__init__()
        self.hidden_features = width
        widths = [context, *[width] * depth]
        layers = [part for one, two in zip(widths, widths[1:]) for part in (torch.nn.Linear(one, two), torch.nn.ReLU())]
        self.spline_predictor = torch.nn.Sequential(*layers, torch.nn.Linear(width, outputs))

    def forward(self, inputs, context):
        return self.spline_predictor(context)


def single(rng):
    context, width, depth = int(rng.integers(1, 5)), int(rng.integers(5, 30)), int(rng.integers(1, 4))
    settings = dict(num_bins=int(rng.integers(2, 12)), tails="linear", tail_bound=float(pick(rng, [3.0, 5.0])))
    mask = torch.tensor([1], dtype=torch.uint8)
    layers = [
        transforms.PiecewiseRationalQuadraticCouplingTransform(
            mask, lambda _, outputs: ContextMap(outputs, context, width, depth), **settings
        )
        for _ in range(int(rng.integers(1, 4)))
    ]
    flow = flows.Flow(transforms.CompositeTransform(layers), distributions.StandardNormal([1]))
    return case(flow, rng, 1, {"tailBound": settings["tail_bound"]}, settings | {"width": width, "depth": depth}, context)


kinds = {
    "nflows-single": single,
    "nflows-inverse": inverse_chain,
    "nflows-other-maps": other_maps,
    "nflows-beside": beside,
    "nflows-realnvp": realnvp,
    "nflows-dingo": dingo,
    "nflows-glow": glow,
    "nflows-maf": maf,
    "nflows-couplings": couplings,
    "nflows-mixed": mixed,
    "nflows-autoregressive": autoregressive,
    "nflows-whole-model": whole_model,
}
