"""Flows of zuko: its own classes, and what people compose of its transforms and distributions."""

import math
from functools import partial

import numpy as np
import torch
import zuko
from torch import nn

from case import LATENTS, ROWS, pick
from save_torch import saved, whole
from torch_case import shake, torch_case

activations = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "leaky-relu:0.2": partial(nn.LeakyReLU, 0.2),
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "hard-silu": nn.Hardswish,
}


def forward(flow, x, context):
    given = flow(context) if context is not None else flow()
    z, logdet = given.transform.call_and_ladj(x)
    # Polynomials take their slopes with gradients.
    return z.detach(), logdet.detach().broadcast_to(x.shape[:1]).clone(), given.log_prob(x).detach()


def inverse(flow, z, context):
    return (flow(context) if context is not None else flow()).transform.inv(z).detach()


def case(flow, rng, settings, answers, half=None, refusal=None, solver=None):
    """`half` is that of the box where x and z are; `solver` calls a function of a flow and what it is given."""
    features = settings["features"]
    drawn = {}
    if half is not None:
        drawn = {
            "x": rng.uniform(-half, half, (ROWS, features)),
            "z_in": rng.uniform(-half, half, (LATENTS, features)),
        }
    as_object = rng.random() < 0.2
    return torch_case(
        shake(flow, rng),
        rng,
        shape=(features,),
        context=settings.get("context") or None,
        forward=forward if solver is None else lambda flow, *given: solver(flow, given, forward),
        inverse=inverse if solver is None else lambda flow, *given: solver(flow, given, inverse),
        library="zuko",
        save=whole(flow) if as_object else saved(flow, rng),
        # A model says its arguments itself.
        answers={} if as_object else answers,
        settings={**settings, **answers, "whole": as_object},
        refusal=refusal,
        **drawn,
    )


def sizes(rng, least=2):
    name = pick(rng, list(activations))
    settings = {
        "features": int(rng.integers(least, 9)),
        "context": int(rng.integers(1, 5)) if rng.random() < 0.5 else 0,
    }
    net = {
        "hidden_features": [int(rng.integers(5, 40)) for _ in range(int(rng.integers(1, 4)))],
        "activation": activations[name],
    }
    return settings, net, {"activation": name}


def coupling(additive):
    def make(rng):
        settings, net, answers = sizes(rng)
        settings |= {"transforms": int(rng.integers(1, 6)), "randmask": bool(rng.random() < 0.4)}
        net |= {"hidden_features": []} if rng.random() < 0.2 else {}
        how = dict(univariate=zuko.transforms.AdditiveTransform, shapes=[()]) if additive else {}
        return case(zuko.flows.NICE(**settings, **net, **how), rng, settings | {"net": net}, answers)

    return make


def autoregressive(make_flow, splines, half=None):
    def make(rng):
        settings, net, answers = sizes(rng)
        settings |= {"transforms": int(rng.integers(1, 5)), "randperm": bool(rng.random() < 0.5)}
        if rng.random() < 0.4:
            settings["passes"] = int(rng.integers(2, settings["features"] + 1))
        net |= {"hidden_features": []} if rng.random() < 0.2 else {}
        if splines:
            settings["bins"] = int(rng.integers(2, 12))
            answers["univariate"] = "MonotonicRQSTransform"
            if rng.random() < 0.3:
                settings["slope"] = 1e-2
                answers["slope"] = 1e-2
        return case(make_flow(**settings, **net), rng, settings | {"net": net}, answers, half)

    return make


def one_feature(rng):
    """Its network sees the context alone; without one there is none, and the shapes of its parameters say what they are for."""
    settings, net, answers = sizes(rng)
    settings |= {"features": 1, "transforms": int(rng.integers(1, 4))}
    kind = pick(rng, [zuko.flows.NSF, zuko.flows.MAF, zuko.flows.BPF, zuko.flows.SOSPF])
    named = {"NSF": "MonotonicRQSTransform", "BPF": "BoundedBernsteinTransform", "SOSPF": "SOSPolynomialTransform:4"}
    if not settings["context"]:
        net = answers = {}
    elif kind.__name__ in named:
        answers["univariate"] = named[kind.__name__]
    made = case(kind(**settings, **net), rng, settings | {"of": kind.__name__, "net": net}, answers)
    return reached(made, False) if kind is zuko.flows.SOSPF else made


def spline_shapes(bins):
    return dict(univariate=zuko.transforms.MonotonicRQSTransform, shapes=[(bins,), (bins,), (bins - 1,)])


def mixings(rng, features, answers):
    """What may stand between layers, none of which takes a context."""
    lazy, transforms = zuko.lazy.UnconditionalTransform, zuko.transforms
    kind = pick(rng, ["none", "permutation", "order", "rotation", "lu"])
    matrix = torch.eye(features) + 0.2 * torch.randn(features, features)
    if kind == "permutation":
        return [lazy(transforms.PermutationTransform, torch.randperm(features), buffer=True)]
    if kind == "order":
        return [lazy(transforms.PermutationTransform, order=torch.randperm(features), buffer=True)]
    if kind == "rotation":
        answers["mixing"] = "RotationTransform"
        return [lazy(transforms.RotationTransform, matrix)]
    if kind == "lu":
        return [lazy(transforms.LULinearTransform, matrix)]
    return []


def base(rng, features, answers):
    lazy, distributions = zuko.lazy.UnconditionalDistribution, zuko.distributions
    kind = pick(rng, ["normal", "trained", "named", "box", "mixture", "spherical", "full"])
    loc, scale = torch.randn(features), torch.rand(features) + 0.5
    if kind == "normal":
        return lazy(distributions.DiagNormal, loc, scale, buffer=True), kind
    if kind == "trained":
        return lazy(distributions.DiagNormal, loc, scale), kind
    if kind == "named":
        return lazy(distributions.DiagNormal, loc=loc, scale=scale, buffer=True), kind
    if kind == "box":
        answers["base"] = "BoxUniform"
        return lazy(distributions.BoxUniform, torch.full((features,), -25.0), torch.full((features,), 25.0), buffer=True), kind
    covariance = "diagonal" if kind == "mixture" else kind
    tied = bool(rng.random() < 0.4)
    return zuko.mixtures.GMM(features, components=int(rng.integers(1, 5)), covariance_type=covariance, tied=tied), kind


def composed(rng):
    settings, net, answers = sizes(rng)
    features, context = settings["features"], settings["context"]
    kind = pick(rng, ["maf", "coupling", "spline maf", "spline coupling"])
    how = {**net, **(spline_shapes(6) if "spline" in kind else {})}
    answers |= {"univariate": "MonotonicRQSTransform"} if "spline" in kind else {}
    parts = []
    between = mixings(rng, features, answers)
    for i in range(int(rng.integers(1, 5))):
        if "maf" in kind:
            parts.append(zuko.flows.MaskedAutoregressiveTransform(features, context, **how))
        else:
            parts.append(zuko.flows.GeneralCouplingTransform(features, context, mask=torch.arange(features) % 2 == i % 2, **how))
        parts += between
    settings["context"] = context
    distribution, of = base(rng, features, answers) if context == 0 else (zuko.flows.NICE(features).base, "standard")
    return case(zuko.flows.Flow(parts, distribution), rng, settings | {"parts": kind, "base": of, "net": net}, answers)


def masked(rng):
    """Couplings with masks of any size."""
    settings, net, answers = sizes(rng, least=3)
    features, context = settings["features"], settings["context"]
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        mask = torch.zeros(features, dtype=torch.bool)
        mask[torch.randperm(features)[: int(rng.integers(1, features))]] = True
        parts.append(zuko.flows.GeneralCouplingTransform(features, context, mask=mask, **net))
    # One transform may be the whole flow, in no list.
    flow = zuko.flows.Flow(parts if len(parts) > 1 else parts[0], zuko.flows.NICE(features).base)
    return case(flow, rng, settings | {"net": net}, answers)


def adjacency(rng):
    settings, net, answers = sizes(rng, least=3)
    features, context = settings["features"], settings["context"]
    below = torch.tril(torch.rand(features, features) < 0.6, -1) | torch.eye(features, dtype=torch.bool)
    below[1, 0] = True
    order = torch.randperm(features)
    given = below[order][:, order]
    if context > 0 and rng.random() < 0.5:
        given = torch.cat((given, torch.rand(features, context) < 0.7), dim=1)
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        of = {"hidden_features": [12] * int(rng.integers(1, 4)), "residual": True} if rng.random() < 0.3 else {}
        parts.append(zuko.flows.MaskedAutoregressiveTransform(features, context, adjacency=given, **(net | of)))
    if rng.random() < 0.4:
        parts.append(zuko.flows.MaskedAutoregressiveTransform(features, context, **net))
    flow = zuko.flows.Flow(parts, zuko.flows.NICE(features).base)
    return case(flow, rng, settings | {"net": net}, answers)


def normalized(rng):
    """Couplings whose networks standardize what comes into their layers."""
    settings, net, answers = sizes(rng)
    settings |= {"transforms": int(rng.integers(1, 4))}
    kind = pick(rng, [zuko.flows.RealNVP, zuko.flows.NICE])
    net["normalize"] = True
    flow = kind(**settings, **net, randmask=bool(rng.random() < 0.5))
    return case(flow, rng, settings | {"of": kind.__name__, "net": net}, answers)


def residual(rng):
    """Masked networks of residual blocks, which are read where all their layers are of one width."""
    settings, net, answers = sizes(rng)
    settings |= {"transforms": int(rng.integers(1, 4))}
    widths = [int(rng.integers(8, 30))] * int(rng.integers(1, 5))
    refusal = None
    if rng.random() < 0.1:
        widths, refusal = [*widths, widths[0] + 1], "not all of one width"
    net |= {"hidden_features": widths, "residual": True}
    kind = pick(rng, [zuko.flows.MAF, zuko.flows.NSF])
    if kind is zuko.flows.NSF:
        answers["univariate"] = "MonotonicRQSTransform"
    flow = kind(**settings, **net, randperm=bool(rng.random() < 0.5))
    return case(flow, rng, settings | {"of": kind.__name__, "net": net}, answers, refusal=refusal)


def inverse_chain(rng):
    """Transforms that run backwards, as a whole or each for itself, also in compositions of compositions."""
    settings, net, answers = sizes(rng)
    features, context = settings["features"], settings["context"]
    kind = pick(rng, ["maf", "coupling", "spline maf", "spline coupling", "shift coupling"])
    how = {**net, **(spline_shapes(5) if "spline" in kind else {})}
    answers |= {"univariate": "MonotonicRQSTransform"} if "spline" in kind else {}
    if "shift" in kind:
        how |= dict(univariate=zuko.transforms.AdditiveTransform, shapes=[()])
    parts = []
    for i in range(int(rng.integers(1, 4))):
        if "maf" in kind:
            parts.append(zuko.flows.MaskedAutoregressiveTransform(features, context, **how))
        else:
            mask = torch.arange(features) % 2 == i % 2
            parts.append(zuko.flows.GeneralCouplingTransform(features, context, mask=mask, **how))
    mixing = mixings(rng, features, answers)
    turn = pick(rng, ["whole", "each", "nested", "nested whole", "mixings", "not"])
    if turn == "each":
        parts = [part.inv for part in parts]
    if turn in ("each", "mixings"):
        mixing = [part.inv for part in mixing]
    parts += mixing
    composed = zuko.lazy.LazyComposedTransform
    if turn == "nested":
        parts = [composed(*parts).inv, *mixing]
    whole = composed(composed(*parts), *mixing) if turn == "not" else composed(*parts)
    if "whole" in turn:
        whole = composed(whole, *mixing).inv if turn == "nested whole" else whole.inv
    flow = zuko.flows.Flow(whole, zuko.flows.NICE(features).base)
    return case(flow, rng, settings | {"parts": kind, "turn": turn, "net": net}, answers)


def unlike(rng):
    """Flows of zuko whose transforms Flowscope does not compute."""
    settings, net, answers = sizes(rng)
    kind = pick(rng, ["NAF", "UNAF", "two CNF"])
    if kind == "two CNF":
        parts = [zuko.flows.CNF(**settings, hidden_features=[16]) for _ in range(2)]
        flow = zuko.flows.Flow([part.transform for part in parts], parts[0].base)
    else:
        flow = getattr(zuko.flows, kind)(**settings, transforms=2, **net, network={"hidden_features": [8, 8]})
    return uncomputed(case(flow, rng, settings | {"of": kind, "net": net}, {}, refusal="zuko|no library"))


def uncomputed(made):
    """They are refused, so that no numbers are compared; some compute theirs with gradients, or by steps."""
    made.forward, made.inverse = lambda precision, x, context: (x, x.sum(1), x.sum(1)), None
    return made


def solved(flow, given, function):
    """In float64, where steps can be small enough: in float32 zuko's solver takes rounding for an error of its steps."""
    flow, given = flow.double(), [None if values is None else values.double() for values in given]
    flow.transform.atol = flow.transform.rtol = 1e-10
    torch.set_default_dtype(torch.float64)
    return function(flow, *given)


def continuous(rng):
    """A field in continuous time; what float32 makes of it is ours alone."""
    settings, net, answers = sizes(rng, 1)
    # Steps of a fixed length do not keep their order across kinks.
    name = pick(rng, ["tanh", "elu", "silu"])
    net["activation"], answers = activations[name], {"activation": name}
    settings["freqs"] = int(rng.integers(1, 6))
    return case(zuko.flows.CNF(**settings, **net), rng, settings | {"net": net}, answers, solver=solved)


def mixed(rng):
    """Transforms of unlike kinds, with networks, bins and bounds of their own."""
    settings, net, answers = sizes(rng)
    features, context = settings["features"], settings["context"]
    parts, kinds, bounds = [], [], []
    for i in range(int(rng.integers(2, 6))):
        kind = pick(rng, ["maf", "coupling", "spline maf", "spline coupling", "shift coupling"])
        how = {**net, "hidden_features": [int(rng.integers(5, 30)) for _ in range(int(rng.integers(1, 4)))]}
        if "spline" in kind:
            # 4 and 9 bins give as many values as polynomials that are asked about.
            bins, bound = pick(rng, [2, 3, 5, 6, 8, 10]), float(pick(rng, [3.0, 5.0, 8.0]))
            univariate = partial(zuko.transforms.MonotonicRQSTransform, bound=bound)
            how |= {**spline_shapes(bins), "univariate": univariate}
            bounds.append(bound)
        elif "shift" in kind:
            how |= dict(univariate=zuko.transforms.AdditiveTransform, shapes=[()])
        if "maf" in kind:
            order = torch.randperm(features) if rng.random() < 0.5 else None
            parts.append(zuko.flows.MaskedAutoregressiveTransform(features, context, order=order, **how))
        else:
            mask = torch.arange(features) % 2 == i % 2
            parts.append(zuko.flows.GeneralCouplingTransform(features, context, mask=mask, **how))
        kinds.append(kind)
    parts += mixings(rng, features, answers)
    if bounds:
        answers["univariate"] = "MonotonicRQSTransform"
        answers["bound"] = bounds[0] if len(set(bounds)) == 1 else ", ".join(map(str, bounds))
    flow = zuko.flows.Flow(zuko.lazy.LazyComposedTransform(*parts), zuko.flows.NICE(features).base)
    return case(flow, rng, settings | {"parts": kinds, "bounds": bounds}, answers)


def polynomials(rng):
    """As many values a feature as splines take, or others; their user has to name them."""
    settings, net, answers = sizes(rng)
    how = {"transforms": int(rng.integers(1, 4)), "degree": int(rng.integers(2, 30))}
    flow = zuko.flows.BPF(**settings, **how, **net)
    answers["univariate"] = "BoundedBernsteinTransform"
    turn = pick(rng, ["maf", "coupling", "inverse", "bounds"])
    if turn != "maf":
        bound = float(pick(rng, [3.0, 8.0])) if turn == "bounds" else 5.0
        univariate = partial(zuko.transforms.BoundedBernsteinTransform, bound=bound)
        univariate = univariate if turn == "bounds" else zuko.transforms.BoundedBernsteinTransform
        answers |= {"bound": bound}
        flow = composed_of(rng, settings, net, how["transforms"], turn, univariate, [(how["degree"] + 1,)])
    return case(flow, rng, settings | {"of": "BPF", "turn": turn, **how, "net": net}, answers)


def squares(rng):
    """Sums of squares of polynomials; between several layers of SOSPF stands what has no tensors."""
    settings, net, answers = sizes(rng)
    degree, count, transforms = int(rng.integers(1, 8)), int(rng.integers(1, 6)), int(rng.integers(1, 4))
    slope = float(pick(rng, [1e-3, 1e-3, 1e-2]))
    answers |= {"univariate": f"SOSPolynomialTransform:{degree}", "slope": slope}
    turn = pick(rng, ["maf", "maf", "coupling", "inverse"])
    if turn == "maf":
        settings |= {"transforms": transforms}
        flow = zuko.flows.SOSPF(**settings, **net, degree=degree, polynomials=count, slope=slope)
    else:
        univariate = partial(zuko.flows.polynomial.ShiftedSOSPTransform, slope=slope)
        flow = composed_of(rng, settings, net, transforms, turn, univariate, [(count, degree + 1), ()])
    settings |= {"of": "SOSPF", "turn": turn, "degree": degree, "polynomials": count}
    return reached(case(flow, rng, settings | {"net": net}, answers), turn == "inverse")


def mixtures(rng):
    """GF, whose layers map each feature by itself, and other layers with its transform."""
    settings, net, answers = sizes(rng)
    components, transforms = int(rng.integers(1, 9)), int(rng.integers(1, 4))
    turn = pick(rng, ["gf", "gf", "maf", "coupling", "inverse"])
    if turn != "gf" and components == 1:
        components = 2
    answers["univariate"] = "GaussianizationTransform"
    if turn == "gf":
        if settings["context"] == 0:
            answers, net = {}, {}
        elif components == 1:
            components = 3
        settings |= {"transforms": transforms, "components": components}
        flow = zuko.flows.GF(**settings, **net)
    else:
        univariate = zuko.transforms.GaussianizationTransform
        flow = composed_of(rng, settings, net, transforms, turn, univariate, [(components,), (components,)])
    settings |= {"of": "GF", "turn": turn, "components": components}
    return reached(case(flow, rng, settings | {"net": net}, answers), turn == "inverse")


def reached(made, backwards):
    """What bisection finds, which looks between -10 and 10 alone, in each layer."""
    if backwards:
        made.x = made.inverse("float64", 0.5 * made.x, made.context).astype(np.float32)
        return made
    x = 0.5 * made.x[:LATENTS]
    context = None if made.context is None else made.context[:LATENTS]
    made.z_in = made.forward("float64", x, context)[0].astype(np.float32)
    if np.abs(made.inverse("float64", made.z_in, context) - x).max() > 1e-2:
        made.inverse = None
    return made


def composed_of(rng, settings, net, transforms, turn, univariate, shapes):
    """Couplings, or autoregressive layers that may run backwards."""
    features, context = settings["features"], settings["context"]
    of = dict(univariate=univariate, shapes=shapes, **net)
    parts = []
    for i in range(transforms):
        if turn == "coupling":
            mask = torch.arange(features) % 2 == i % 2
            parts.append(zuko.flows.GeneralCouplingTransform(features, context, mask=mask, **of))
        else:
            parts.append(zuko.flows.MaskedAutoregressiveTransform(features, context, **of))
    transform = zuko.lazy.LazyComposedTransform(*parts)
    return zuko.flows.Flow(transform.inv if turn == "inverse" else transform, zuko.flows.NICE(features).base)


kinds = {
    "zuko-inverse": inverse_chain,
    "zuko-unlike": unlike,
    "zuko-cnf": continuous,
    "zuko-mixed": mixed,
    "zuko-polynomials": polynomials,
    "zuko-squares": squares,
    "zuko-mixtures": mixtures,
    "zuko-realnvp": coupling(False),
    "zuko-nice": coupling(True),
    "zuko-maf": autoregressive(zuko.flows.MAF, False),
    "zuko-nsf": autoregressive(zuko.flows.NSF, True),
    "zuko-ncsf": autoregressive(zuko.flows.NCSF, True, math.pi),
    "zuko-composed": composed,
    "zuko-masked": masked,
    "zuko-one-feature": one_feature,
    "zuko-adjacency": adjacency,
    "zuko-normalized": normalized,
    "zuko-residual": residual,
}
