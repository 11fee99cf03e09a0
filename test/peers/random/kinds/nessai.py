"""Flows of nessai, as its FlowModel configures and saves them."""

from nessai.flows.utils import configure_model

from case import chance, pick
from save_torch import state_alone
from torch_case import shake, torch_case

names = {"relu": "relu", "tanh": "tanh", "silu": "swish"}


def forward(flow, x, context):
    z, logdet = flow.forward(x, context=context)
    return z, logdet, flow.log_prob(x, context=context)


def inverse(flow, z, context):
    return flow.inverse(z, context=context)[0]


def case(rng, config, answers, context=None):
    flow = configure_model({"distribution": None, "distribution_kwargs": None, "flow": None, **config})

    return torch_case(
        shake(flow, rng),
        rng,
        shape=(config["n_inputs"],),
        context=context,
        forward=forward,
        inverse=inverse,
        library="nflows",
        save=state_alone(flow),
        answers=answers,
        settings=config,
    )


def common(rng):
    features = int(rng.integers(2, 10))
    activation = pick(rng, list(names))
    return (
        dict(
            n_inputs=features,
            n_neurons=pick(rng, [2 * features, int(rng.integers(features, 33))]),
            n_blocks=int(rng.integers(1, 7)),
            n_layers=int(rng.integers(1, 4)),
            activation=names[activation],
            batch_norm_within_layers=chance(rng, 0.2),
        ),
        {"activation": activation},
    )


def default(rng):
    features = int(rng.integers(2, 12))
    config = dict(n_inputs=features, n_neurons=2 * features, n_blocks=int(rng.integers(2, 7)), n_layers=2, ftype="RealNVP")
    return case(rng, config, {})


def realnvp(rng):
    config, answers = common(rng)
    context = int(rng.integers(1, 4)) if chance(rng, 0.3) else None
    net = "resnet" if context else pick(rng, ["resnet", "mlp"])
    norm = pick(rng, ["batch", "act", "none"])
    additive = chance(rng, 0.2)
    config |= dict(
        ftype="RealNVP",
        net=net,
        context_features=context,
        use_volume_preserving=additive,
        batch_norm_between_layers=norm == "batch",
        actnorm=norm == "act",
        linear_transform=pick(rng, [None, "permutation", "lu", "svd"]),
        pre_transform=pick(rng, [None, None, "batch_norm"]),
    )
    case_ = case(rng, config, answers, context)
    return case_


def maf(rng):
    config, answers = common(rng)
    context = int(rng.integers(1, 4)) if chance(rng, 0.3) else None
    config["n_neurons"] = max(config["n_neurons"], config["n_inputs"])
    config |= dict(
        ftype="maf",
        context_features=context,
        use_random_permutations=chance(rng),
        batch_norm_between_layers=chance(rng),
    )
    return case(rng, config, answers, context)


def spline(rng):
    config, answers = common(rng)
    context = int(rng.integers(1, 4)) if chance(rng, 0.3) else None
    bound = float(pick(rng, [3.0, 5.0]))
    config |= dict(
        ftype="nsf",
        context_features=context,
        num_bins=int(rng.integers(2, 11)),
        tail_bound=bound,
        batch_norm_between_layers=chance(rng, 0.3),
        apply_unconditional_transform=chance(rng, 0.3),
        linear_transform=pick(rng, [None, "permutation", "lu", "svd"]),
    )
    return case(rng, config, {**answers, "tailBound": bound, "splineKind": "rational-quadratic"}, context)


kinds = {"nessai-default": default, "nessai-realnvp": realnvp, "nessai-maf": maf, "nessai-nsf": spline}
