"""Flows of normflows: its couplings, splines and autoregressive layers in chains, its base distributions, and Glow."""

import normflows as nf
import numpy as np
import torch
from torch import nn

from case import LATENTS, ROWS, pick
from save_torch import saved, whole
from torch_case import shake, torch_case

activations = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "hard-silu": nn.Hardswish,
}


def given(context):
    return {} if context is None else {"context": context}


def forward(flow, x, context):
    z, logdet = flow.inverse_and_log_det(x, **given(context))
    return z, logdet, flow.log_prob(x, **given(context))


def inverse(flow, z, context):
    return flow.forward(z, **given(context))



def unconditional(layer):
    """The same layer, which ignores a context."""
    kind = type(layer)
    methods = {
        "forward": lambda self, z, context=None: kind.forward(self, z),
        "inverse": lambda self, z, context=None: kind.inverse(self, z),
    }
    layer.__class__ = type(kind.__name__, (kind,), methods)
    return layer


def finish(q0, layers, rng, features, settings, answers, context=None, half=None, as_object=None, **rest):
    flow = (nf.ConditionalNormalizingFlow if context else nf.NormalizingFlow)(q0, layers)
    shake(flow, rng)
    for layer in flow.modules():
        if isinstance(layer, nf.flows.ActNorm):
            layer.data_dep_init_done.fill_(1.0)
    if as_object is None:
        as_object = rng.random() < 0.15
    drawn = {}
    if half is not None:
        drawn = {
            "x": rng.uniform(-half, half, (ROWS, features)),
            "z_in": rng.uniform(-half, half, (LATENTS, features)),
        }
    return torch_case(
        flow,
        rng,
        shape=(features,),
        context=context,
        forward=forward,
        inverse=inverse,
        library="normflows",
        save=whole(flow) if as_object else saved(flow, rng),
        answers={} if as_object else answers,
        settings={"features": features, "context": context, **settings, **answers, "whole": as_object},
        **drawn,
        **rest,
    )


def base(rng, features, settings):
    kind = pick(rng, ["diagonal", "diagonal", "fixed", "mixture", "fixed mixture"])
    settings["base"] = kind
    if "mixture" in kind:
        return nf.distributions.GaussianMixture(int(rng.integers(2, 6)), features, trainable=kind == "mixture").float()
    return nf.distributions.DiagGaussian(features, trainable=kind != "fixed")


def sizes(rng):
    features = int(rng.integers(2, 9))
    hidden = [int(rng.integers(5, 40)) for _ in range(int(rng.integers(1, 4)))]
    return features, hidden, {"hidden": hidden, "layers": int(rng.integers(1, 7))}


def gaps(kind, features):
    """What stands after a coupling."""
    return {
        "none": lambda: [],
        "actnorm": lambda: [nf.flows.ActNorm(features)],
        "swap": lambda: [nf.flows.Permute(features, mode="swap")],
        "swap, actnorm": lambda: [nf.flows.Permute(features, mode="swap"), nf.flows.ActNorm(features)],
        "shuffle": lambda: [nf.flows.Permute(features, mode="shuffle")],
        "lu": lambda: [nf.flows.LULinearPermute(features)],
        "affine": lambda: [nf.flows.InvertibleAffine(features, use_lu=True)],
        "matrix": lambda: [nf.flows.InvertibleAffine(features, use_lu=False)],
        "constant": lambda: [nf.flows.AffineConstFlow((features,))],
    }[kind]()


def composed(rng, layers, settings):
    """Some of them in a Composite, also in another one."""
    if rng.random() < 0.8 or len(layers) < 2 or "swap" in settings["gap"]:
        return layers
    settings["composed"] = True
    middle = int(rng.integers(1, len(layers)))
    first = nf.flows.Composite(layers[:middle])
    return [nf.flows.Composite([first, *layers[middle:]])] if rng.random() < 0.3 else [first, *layers[middle:]]


def slope_of(rng, answers):
    slope = pick(rng, [0.0, 0.0, 0.01, 0.2])
    if slope:
        answers["slope"] = slope
    return slope


def masked(rng):
    features, hidden, settings = sizes(rng)
    answers = {}
    slope = slope_of(rng, answers)
    nets = pick(rng, ["st", "st", "t", "s"])
    shift_hidden, shift_slope = hidden, slope
    if nets == "st" and hidden and rng.random() < 0.4:
        shift_hidden = [*(hidden if rng.random() < 0.5 else []), int(rng.integers(30, 40))]
        shift_slope = answers["shiftSlope"] = pick(rng, [0.0, 0.1, 0.2])
    output = pick(rng, [None, None, "tanh"]) if "s" in nets else None
    scale = pick(rng, [None, 2.0]) if output else None
    gap = pick(rng, ["none", "actnorm", "swap", "shuffle", "lu", "affine", "matrix", "constant"])
    if output:
        answers["scaleOutput"] = output
    mask = torch.arange(features) % 2
    if rng.random() < 0.3:
        mask = torch.as_tensor(rng.permutation(features) < max(1, features // 3)).long()
    layers = []
    for i in range(settings["layers"]):
        widths = [features, *hidden, features]
        s = nf.nets.MLP(widths, leaky=slope, output_fn=output, output_scale=scale) if "s" in nets else None
        t = nf.nets.MLP([features, *shift_hidden, features], leaky=shift_slope, init_zeros=True) if "t" in nets else None
        layers += [nf.flows.MaskedAffineFlow(mask if i % 2 == 0 else 1 - mask, t, s), *gaps(gap, features)]
    q0 = base(rng, features, settings)
    # A swap after one coupling leaves no trace.
    if gap == "swap" and settings["layers"] == 1:
        layers.pop()
    settings |= {"nets": nets, "scale": scale, "gap": gap}
    return finish(q0, composed(rng, layers, settings), rng, features, settings, answers)


def block(rng):
    features, hidden, settings = sizes(rng)
    answers = {}
    slope = slope_of(rng, answers)
    scaled = bool(rng.random() < 0.8)
    scale_map = pick(rng, ["exp", "exp", "sigmoid", "sigmoid_inv"])
    split = pick(rng, ["channel", "channel", "channel_inv"])
    gap = pick(rng, ["none", "actnorm", "swap", "swap", "swap, actnorm", "shuffle", "lu", "affine", "matrix"])
    if scaled and scale_map != "exp":
        answers["scaleMap"] = scale_map
    if features % 2 == 0 and split != "channel":
        answers["splitMode"] = split
    first, second = (features + 1) // 2, features // 2
    if split == "channel_inv":
        first, second = second, first
    layers = []
    for _ in range(settings["layers"]):
        net = nf.nets.MLP([first, *hidden, (2 if scaled else 1) * second], leaky=slope, init_zeros=True)
        layers += [nf.flows.AffineCouplingBlock(net, scale=scaled, scale_map=scale_map, split_mode=split), *gaps(gap, features)]
    if gap == "swap" and settings["layers"] == 1:
        layers.pop()
    q0 = base(rng, features, settings)
    settings |= {"map": scale_map, "split": split, "scaled": scaled, "gap": gap}
    return finish(q0, composed(rng, layers, settings), rng, features, settings, answers)


def spline(kind):
    def make(rng):
        features = int(rng.integers(2, 8))
        context = int(rng.integers(1, 5)) if rng.random() < 0.4 else None
        name = pick(rng, list(activations))
        settings = {
            "layers": int(rng.integers(1, 5)),
            "hidden": int(rng.integers(6, 40)),
            "blocks": int(rng.integers(1, 4)),
            "gap": pick(rng, ["lu", "none", "shuffle", "actnorm"]),
        }
        bins, bound = int(rng.integers(2, 12)), pick(rng, [3.0, 3.0, 5.0, 1.5])
        how = dict(
            num_context_channels=context,
            num_bins=bins,
            tail_bound=bound,
            activation=activations[name],
            dropout_probability=pick(rng, [0.0, 0.1]),
        )
        permute = bool(rng.random() < 0.4)
        circles = [int(i) for i in rng.permutation(features)[: int(rng.integers(1, features))]]
        layers = []
        for i in range(settings["layers"]):
            given = (features, settings["blocks"], settings["hidden"])
            if kind == "coupled":
                layers.append(nf.flows.CoupledRationalQuadraticSpline(*given, reverse_mask=bool(i % 2), **how))
            elif kind == "autoregressive":
                layers.append(nf.flows.AutoregressiveRationalQuadraticSpline(*given, permute_mask=permute, **how))
            elif kind == "circular coupled":
                layers.append(nf.flows.CircularCoupledRationalQuadraticSpline(*given, circles, reverse_mask=bool(i % 2), **how))
            else:
                layers.append(nf.flows.CircularAutoregressiveRationalQuadraticSpline(*given, circles, permute_mask=permute, **how))
            between = gaps(settings["gap"], features) if "circular" not in kind else []
            layers += [unconditional(layer) for layer in between] if context else between
        if context:
            q0, settings["base"] = nf.distributions.DiagGaussian(features), "diagonal"
        else:
            q0 = base(rng, features, settings)
        answers = {"activation": name, "tailBound": bound}
        about = {**settings, "bins": bins, "permute": permute, **({"circles": circles} if "circular" in kind else {})}
        half = bound * 0.95 if "circular" in kind else None
        how = {"refusal": "no library|normflows"} if "circular" in kind else {}
        return finish(q0, layers, rng, features, about, answers, context, half, as_object=False if context else None, **how)

    return make


def maf(rng):
    features = int(rng.integers(2, 8))
    context = int(rng.integers(1, 5)) if rng.random() < 0.4 else None
    # Plain blocks take no context.
    residual = bool(context or rng.random() < 0.6)
    settings = {
        "num_blocks": int(rng.integers(1, 4)),
        "use_residual_blocks": residual,
        "random_mask": bool(not residual and rng.random() < 0.4),
        "use_batch_norm": bool(rng.random() < 0.2),
    }
    width, count, gap = int(rng.integers(6, 40)), int(rng.integers(1, 6)), pick(rng, ["lu", "shuffle", "none"])
    layers = []
    for _ in range(count):
        layers.append(nf.flows.MaskedAffineAutoregressive(features, width, context_features=context, **settings))
        between = gaps(gap, features)
        layers += [unconditional(layer) for layer in between] if context else between
    q0 = nf.distributions.DiagGaussian(features) if context else base(rng, features, settings)
    about = {**settings, "width": width, "count": count, "gap": gap}
    return finish(q0, layers, rng, features, about, {}, context, as_object=False if context else None)


def other_base(rng):
    features = int(rng.integers(2, 6))
    context = None
    answers = {}
    half = None
    kind = pick(rng, ["uniform", "affine", "linear conditional", "conditional"])
    if kind == "uniform":
        q0, half = nf.distributions.base.Uniform((features,), -3.0, 3.0), 2.9
        answers = {"base": "Uniform", "low": -3.0, "high": 3.0}
    elif kind == "affine":
        q0 = nf.distributions.AffineGaussian((features,), (features,))
    else:
        context = int(rng.integers(1, 5))
        inner = nn.Linear(context, 2 * features) if "linear" in kind else nf.nets.MLP([context, 16, 2 * features])
        q0 = nf.distributions.base.ConditionalDiagGaussian(features, inner)
    layers = [
        nf.flows.AutoregressiveRationalQuadraticSpline(features, 1, 16, num_context_channels=context)
        for _ in range(int(rng.integers(1, 4)))
    ]
    # The ends of a Uniform are tensors that no state dict has.
    as_object = False if kind == "uniform" else None
    return finish(q0, layers, rng, features, {"base": kind}, answers, context, half, as_object=as_object)


def glow(classes):
    def make(rng):
        levels, blocks = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        channels, hidden = int(pick(rng, [1, 3, 4])), int(rng.integers(4, 16))
        height = 2**levels * int(rng.integers(1, 3))
        width = height * int(pick(rng, [1, 1, 2]))
        count = int(rng.integers(2, 7)) if classes else None
        answers = {}
        slope = slope_of(rng, answers)
        scaled = bool(rng.random() < 0.8)
        scale_map = pick(rng, ["sigmoid", "sigmoid", "exp", "sigmoid_inv"])
        split = pick(rng, ["channel", "channel", "channel_inv"])
        if scaled and scale_map != "sigmoid":
            answers["scaleMap"] = scale_map
        if split != "channel":
            answers["splitMode"] = split
        kind = pick(rng, ["glow", "by class"] if classes else ["glow", "diagonal"])
        settings = {"levels": levels, "blocks": blocks, "hidden": hidden, "classes": count, "scaled": scaled, "base": kind}
        settings["lu"] = bool(rng.random() < 0.6)
        factor = pick(rng, [3.0, 3.0, 1.5])
        if kind == "glow" and factor != 3.0:
            answers["logscaleFactor"] = factor
        merging = pick(rng, ["channel"] * 9 + ["channel_inv"]) if levels > 1 and not classes else "channel"
        as_object = bool(rng.random() < 0.2) or merging != "channel"
        q0, merges, layers = [], [], []
        for i in range(levels):
            inner = channels * 2 ** (levels + 1 - i)
            of = dict(split_mode=split, scale=scaled, scale_map=scale_map, leaky=slope, use_lu=settings["lu"])
            layers.append([nf.flows.GlowBlock(inner, hidden, **of) for _ in range(blocks)] + [nf.flows.Squeeze()])
            down = 2 ** (levels - i)
            shape = (inner if i == 0 else inner // 2, height // down, width // down)
            if i > 0:
                merges.append(nf.flows.Merge(merging))
            if kind == "glow":
                q0.append(nf.distributions.GlowBase(shape, num_classes=count, logscale_factor=factor))
            elif kind == "diagonal":
                q0.append(nf.distributions.DiagGaussian(shape))
            else:
                q0.append(nf.distributions.ClassCondDiagGaussian(shape, count))
        flow = shake(nf.MultiscaleFlow(q0, layers, merges, class_cond=classes), rng, 0.2)
        for module in flow.modules():
            if isinstance(module, nf.flows.ActNorm):
                module.data_dep_init_done.fill_(1.0)
        if kind == "glow":
            answers |= {"height": height, "width": width}
        labels = rng.integers(0, count, ROWS) if classes else None

        def latents(flow, x):
            z, logdet = flow.inverse_and_log_det(x)
            return torch.cat([part.reshape(len(x), -1) for part in z], 1), logdet

        def ahead(flow, x, context):
            z, logdet = latents(flow, x)
            return z, logdet, flow.log_prob(x, context)

        case = torch_case(
            flow,
            rng,
            shape=(channels, height, width),
            context=count,
            forward=ahead,
            inverse=None,
            library="normflows",
            save=whole(flow) if as_object else saved(flow, rng),
            # A model that was saved as a whole does not say how large its images are.
            answers={key: answers[key] for key in answers if key in ("height", "width")} if as_object else answers,
            settings={"shape": (channels, height, width), **settings, **answers, "whole": as_object},
            # Nothing but a model that was saved as a whole says how its parts are merged.
            refusal="with mode channel" if merging != "channel" else None,
        )
        if classes:
            case.context = np.eye(count, dtype=np.float32)[labels]
        return case

    return make


def not_compared(case):
    """What is refused has no numbers to compare, and may compute them from the batch, or with gradients."""
    case.forward, case.inverse = lambda precision, x, context: (x, x.reshape(len(x), -1).sum(1), x.reshape(len(x), -1).sum(1)), None
    return case


def unlike(rng):
    """Layers and bases of normflows that Flowscope does not compute, beside one that it does."""
    features, hidden = int(rng.integers(1, 5)) * 2, int(rng.integers(5, 30))
    flows, bases, half = nf.flows, nf.distributions, features // 2

    def block(**how):
        return flows.AffineCouplingBlock(nf.nets.MLP([half, hidden, features], init_zeros=True, **how))

    def mlp(**how):
        return nf.nets.MLP([features, hidden, features], **how)

    circle = list(range(half))
    layers = {
        "planar": lambda: flows.Planar((features,)),
        "radial": lambda: flows.Radial((features,)),
        "batch norm": lambda: flows.BatchNorm(),
        "residual": lambda: flows.Residual(nf.nets.LipschitzMLP([features, hidden, features])),
        "wrap": lambda: flows.PeriodicWrap(circle, torch.tensor(2.0)),
        "shift": lambda: flows.PeriodicShift(circle, bound=2.0, shift=torch.tensor(1.0)),
        "reversed spline": lambda: flows.Reverse(flows.AutoregressiveRationalQuadraticSpline(features, 1, hidden)),
    }
    # Nothing but a module that was saved as a whole says these.
    whole_layers = {
        "wrap without tensors": lambda: flows.PeriodicWrap(circle, 2.0),
        "function of t": lambda: flows.MaskedAffineFlow(torch.arange(features) % 2, mlp(output_fn="tanh"), mlp()),
        "sigmoid of s": lambda: flows.MaskedAffineFlow(torch.arange(features) % 2, mlp(), mlp(output_fn="sigmoid")),
        "clamp": lambda: flows.MaskedAffineFlow(torch.arange(features) % 2, mlp(), mlp(output_fn="clampexp")),
        "function of a block": lambda: block(output_fn="tanh"),
    }
    q0 = {
        "pca": lambda: bases.GaussianPCA(features, latent_dim=1),
        "uniform gaussian": lambda: bases.UniformGaussian(features, circle),
    }
    kind = pick(rng, [*layers, *whole_layers, *q0])
    as_object = kind in whole_layers or rng.random() < 0.2
    own = (layers | whole_layers).get(kind)
    first = flows.MaskedAffineFlow(torch.arange(features) % 2, mlp(), mlp()) if kind in ("function of t", "sigmoid of s", "clamp") else block()
    chain = [first, *([own()] if own else []), flows.ActNorm(features)]
    base = q0.get(kind, lambda: bases.DiagGaussian(features))()
    case = finish(base, chain, rng, features, {"kind": kind}, {}, as_object=as_object, refusal="normflows")
    return not_compared(case)


def mixed(rng):
    """Layers of unlike kinds, with networks, bins and bounds of their own."""
    features = int(rng.integers(2, 8))
    name = pick(rng, list(activations))
    layers, bounds, kinds = [], [], []
    for i in range(int(rng.integers(2, 6))):
        kind = pick(rng, ["coupled", "autoregressive", "masked"])
        if kind == "masked":
            hidden = [int(rng.integers(5, 30)) for _ in range(int(rng.integers(1, 3)))]
            s, t = (nf.nets.MLP([features, *hidden, features]) for _ in range(2))
            layers.append(nf.flows.MaskedAffineFlow((torch.arange(features) + i) % 2, t, s))
        else:
            bound = pick(rng, [3.0, 3.0, 5.0, 1.5])
            of = {
                "coupled": nf.flows.CoupledRationalQuadraticSpline,
                "autoregressive": nf.flows.AutoregressiveRationalQuadraticSpline,
            }[kind]
            blocks, width, bins = int(rng.integers(1, 3)), int(rng.integers(6, 30)), int(rng.integers(2, 12))
            layers.append(of(features, blocks, width, num_bins=bins, tail_bound=bound, activation=activations[name]))
            bounds.append(bound)
        layers += gaps(pick(rng, ["lu", "none", "shuffle", "actnorm"]), features)
        kinds.append(kind)
    settings = {"kinds": kinds, "bounds": bounds}
    q0 = base(rng, features, settings)
    answers = {}
    if bounds:
        answers["activation"] = name
        answers["tailBound"] = bounds[0] if len(set(bounds)) == 1 else ", ".join(map(str, bounds))
    return finish(q0, layers, rng, features, settings, answers, as_object=False)


def class_conditional(rng):
    """ClassCondFlow, whose base has a normal for each class."""
    features, count = int(rng.integers(1, 5)) * 2, int(rng.integers(2, 8))
    layers = []
    for _ in range(int(rng.integers(1, 4))):
        layers += [
            nf.flows.AffineCouplingBlock(nf.nets.MLP([features // 2, 16, features], init_zeros=True)),
            nf.flows.LULinearPermute(features),
        ]
    case = finish(nf.distributions.DiagGaussian(features), layers, rng, features, {"classes": count}, {}, refusal="normflows")
    flow = nf.ClassCondFlow(nf.distributions.ClassCondDiagGaussian(features, count), layers)
    case.save = saved(flow, rng)
    return not_compared(case)


def preprocessed(rng):
    """A MultiscaleFlow with a transform, which only a model that was saved as a whole shows."""
    block = nf.flows.GlowBlock(4, 8)
    transform = pick(rng, [nf.transforms.Logit(), nf.transforms.Shift(0.5)])
    q0 = nf.distributions.DiagGaussian((4, 2, 2))
    flow = nf.MultiscaleFlow([q0], [[block, nf.flows.Squeeze()]], [], transform=transform, class_cond=False)
    case = torch_case(
        flow,
        rng,
        shape=(1, 4, 4),
        forward=None,
        inverse=None,
        library="normflows",
        save=whole(flow),
        refusal="without a transform",
    )
    return not_compared(case)


kinds = {
    "normflows-unlike": unlike,
    "normflows-mixed": mixed,
    "normflows-class-cond": class_conditional,
    "normflows-transform": preprocessed,
    "normflows-masked": masked,
    "normflows-block": block,
    "normflows-coupled": spline("coupled"),
    "normflows-autoregressive": spline("autoregressive"),
    "normflows-circular-coupled": spline("circular coupled"),
    "normflows-circular-autoregressive": spline("circular autoregressive"),
    "normflows-maf": maf,
    "normflows-base": other_base,
    "normflows-glow": glow(False),
    "normflows-glow-classes": glow(True),
}
