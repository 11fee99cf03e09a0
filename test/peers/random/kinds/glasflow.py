"""Flows of glasflow, whose layers are those of nflows."""

import torch
from glasflow.flows import CouplingNSF, RealNVP
from glasflow.flows.autoregressive import MaskedAffineAutoregressiveFlow
from torch.nn import functional as F

from case import chance, pick
from save_torch import state_alone
from torch_case import shake, torch_case

activations = {"relu": F.relu, "tanh": torch.tanh, "elu": F.elu, "silu": F.silu, "leaky-relu": F.leaky_relu}

# Of the library's names, by the answer.
scales = {"nflows": "sigmoid", "nflows_general": "softplus-clamp", "wide": "softplus-clamp"}


def forward(flow, x, context):
    z, logdet = flow.forward(x, conditional=context)
    return z, logdet, flow.log_prob(x, conditional=context)


def inverse(flow, z, context):
    return flow.inverse(z, conditional=context)[0]


def case(flow, rng, features, context, answers, settings, **rest):
    return torch_case(
        shake(flow, rng),
        rng,
        shape=(features,),
        context=context,
        forward=forward,
        inverse=inverse,
        library="nflows",
        save=state_alone(flow),
        answers=answers,
        settings={"features": features, "context": context, **settings},
        **rest,
    )


def common(rng):
    features = int(rng.integers(2, 8))
    context = int(rng.integers(1, 5)) if chance(rng) else None
    activation = pick(rng, list(activations))
    settings = dict(
        n_transforms=int(rng.integers(1, 6)),
        n_conditional_inputs=context,
        n_neurons=int(rng.integers(features, 33)),
        n_blocks_per_transform=int(rng.integers(1, 4)),
        batch_norm_within_blocks=chance(rng, 0.2),
        batch_norm_between_transforms=chance(rng, 0.4),
    )
    return features, context, activation, settings


def realnvp(rng):
    features, context, activation, settings = common(rng)
    additive = chance(rng, 0.15)
    scale = pick(rng, list(scales))
    settings |= dict(linear_transform=pick(rng, [None, "permutation", "lu", "svd"]), volume_preserving=additive)
    extra = {} if additive else {"scale_activation": scale}
    flow = RealNVP(features, activation=activations[activation], **settings, **extra)
    answers = {"activation": activation, **({} if additive else {"scaleActivation": scales[scale]})}
    return case(flow, rng, features, context, answers, {**settings, **extra})


def spline(rng):
    features, context, activation, settings = common(rng)
    bound = float(pick(rng, [3.0, 5.0]))
    settings |= dict(
        linear_transform=pick(rng, [None, "permutation", "lu", "svd"]),
        num_bins=int(rng.integers(2, 11)),
        tail_bound=bound,
    )
    flow = CouplingNSF(features, activation=activations[activation], **settings)
    return case(flow, rng, features, context, {"activation": activation, "tailBound": bound, "splineKind": "rational-quadratic"}, settings)


def maf(rng):
    features, context, activation, settings = common(rng)
    settings |= dict(use_random_permutations=chance(rng))
    flow = MaskedAffineAutoregressiveFlow(features, activation=activations[activation], **settings)
    return case(flow, rng, features, context, {"activation": activation}, settings)


kinds = {"glasflow-realnvp": realnvp, "glasflow-nsf": spline, "glasflow-maf": maf}
