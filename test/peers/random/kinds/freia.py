"""Chains of FrEIA over vectors: coupling blocks, with conditions, and what stands between them."""

from functools import partial

import FrEIA.framework as framework
import FrEIA.modules as modules
import numpy as np
import torch
from torch import nn

from case import pick
from save_torch import saved
from torch_case import shake, torch_case

activations = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "leaky-relu:0.1": partial(nn.LeakyReLU, 0.1),
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "silu": nn.SiLU,
}
global_types = ["SOFTPLUS", "SIGMOID", "EXP"]


def dense(hidden, activation, dropout=False):
    def make(inputs, outputs):
        widths = [inputs, *hidden, outputs]
        layers = []
        for i, (before, after) in enumerate(zip(widths, widths[1:])):
            layers += [activation(), *([nn.Dropout(0.1)] if dropout else [])] if i > 0 else []
            layers.append(nn.Linear(before, after))
        return nn.Sequential(*layers)

    return make


def density(z, logdet):
    flat = z.reshape(len(z), -1)
    return logdet - 0.5 * (flat**2).sum(1) - 0.5 * flat.shape[1] * np.log(2 * np.pi)


def call(model, x, context, backwards=False):
    y, logdet = model(x, c=[context] if context is not None else None, rev=backwards)
    # Blocks that keep volumes give the number 0.
    return y, torch.as_tensor(logdet, dtype=x.dtype).broadcast_to(x.shape[:1]).clone()


def case(model, rng, shape, settings, answers, context=None, direction=False):
    """`direction`: whether the network runs from latents to data."""

    def forward(model, x, given):
        z, logdet = call(model, x, given, direction)
        return z, logdet, density(z, logdet)

    shake(model, rng, 0.25)
    for module in model.modules():
        if isinstance(module, modules.ActNorm):
            module.init_on_next_batch = False
        if isinstance(module, modules.OrthogonalTransform):
            module.weights.data = torch.linalg.qr(module.weights.data)[0]
    return torch_case(
        model,
        rng,
        shape=shape,
        context=context or None,
        forward=forward,
        inverse=lambda model, z, given: call(model, z, given, not direction)[0],
        library="freia",
        latents=tuple(model.shapes[-1]) if hasattr(model, "shapes") else None,
        save=saved(model, rng),
        answers={**answers, **({"direction": "latent-to-data"} if direction else {})},
        settings={"shape": shape, "context": context, **settings, **answers},
    )


def clamps(rng, answers, name="clamp"):
    clamp = pick(rng, [2.0, 2.0, 1.2, 1.9, 3.0])
    if clamp != 2.0:
        answers[name] = clamp
    return clamp


def choose(rng, answers, key, options):
    chosen = pick(rng, options)
    if chosen != options[0]:
        answers[key] = chosen
    return chosen


def drawn(rng):
    name = pick(rng, list(activations))
    return name, {} if name == "relu" else {"activation": name}


def between(rng, kind, features):
    """Module and arguments; None where nothing stands there."""
    matrix = torch.as_tensor(np.eye(features) + 0.3 * rng.normal(size=(features, features)), dtype=torch.float32)
    return {
        "none": None,
        "permute": (modules.PermuteRandom, {"seed": int(rng.integers(100))}),
        "actnorm": (modules.ActNorm, {}),
        "linear": (modules.FixedLinearTransform, {"M": matrix, "b": matrix[0].clone()}),
        "linear, no bias": (modules.FixedLinearTransform, {"M": matrix}),
        "orthogonal": (modules.OrthogonalTransform, {}),
        "householder": (modules.HouseholderPerm, {"n_reflections": int(rng.integers(2, 6))}),
        "fixed householder": (modules.HouseholderPerm, {"n_reflections": int(rng.integers(2, 6)), "fixed": True}),
        "scaling": (modules.LearnedElementwiseScaling, {}),
    }[kind]


couplings = {
    "RNVP": modules.RNVPCouplingBlock,
    "GLOW": modules.GLOWCouplingBlock,
    "GIN": modules.GINCouplingBlock,
    "NICE": modules.NICECouplingBlock,
    "one": modules.AffineCouplingOneSided,
}


def vector(kind, gaps=("none", "permute", "actnorm")):
    def make(rng):
        features = int(rng.integers(2, 9))
        context = int(rng.integers(1, 5)) if rng.random() < 0.4 else None
        name, answers = drawn(rng)
        hidden = [int(rng.integers(5, 40)) for _ in range(int(rng.integers(1, 4)))]
        settings = {"hidden": hidden, "gap": pick(rng, list(gaps)), "count": int(rng.integers(1, 6))}
        # LearnedElementwiseScaling has the same log-det backwards.
        direction = bool(rng.random() < 0.3) and settings["gap"] != "scaling"
        how = {"subnet_constructor": dense(hidden, activations[name])}
        if kind != "NICE":
            how["clamp"] = clamps(rng, answers)
            how["clamp_activation"] = choose(rng, answers, "clampActivation", ["ATAN", "TANH", "SIGMOID"])
        if kind == "GIN":
            answers["couplingBlock"] = "GINCouplingBlock"
        if rng.random() < 0.3 and features > 2:
            how["split_len"] = int(rng.integers(1, features))
            settings["split_len"] = how["split_len"]
        each = [how.get("clamp")] * settings["count"]
        if kind != "NICE" and settings["count"] > 1 and rng.random() < 0.4:
            each = [float(clamp) for clamp in rng.uniform(0.8, 3, settings["count"]).round(2)]
            answers["clamp"] = ", ".join(map(str, each))
        model = framework.SequenceINN(features)
        for clamp in each:
            how |= {} if clamp is None else {"clamp": clamp}
            model.append(couplings[kind], **({"cond": 0, "cond_shape": (context,)} if context else {}), **how)
            gap = between(rng, settings["gap"], features)
            if gap:
                model.append(gap[0], **gap[1])
        return case(model, rng, (features,), settings, answers, context, direction)

    return make


def all_in_one_settings(rng, answers):
    how = {
        "affine_clamping": clamps(rng, answers),
        "global_affine_type": choose(rng, answers, "globalAffineType", global_types),
        "global_affine_init": pick(rng, [1.0, 0.7]),
        "permute_soft": bool(rng.random() < 0.4),
        "learned_householder_permutation": int(rng.integers(1, 4)) if rng.random() < 0.3 else 0,
        "reverse_permutation": choose(rng, answers, "reversePermutation", ["False", "True"]) == "True",
        "gin_block": choose(rng, answers, "ginBlock", ["False", "False", "False", "True"]) == "True",
    }
    return how


def all_in_one(rng):
    features = int(rng.integers(2, 9))
    context = int(rng.integers(1, 5)) if rng.random() < 0.4 else None
    direction = bool(rng.random() < 0.3)
    name, answers = drawn(rng)
    hidden = [int(rng.integers(5, 40)) for _ in range(int(rng.integers(1, 4)))]
    how = all_in_one_settings(rng, answers)
    model = framework.SequenceINN(features)
    count = int(rng.integers(1, 6))
    for _ in range(count):
        model.append(
            modules.AllInOneBlock,
            **({"cond": 0, "cond_shape": (context,)} if context else {}),
            subnet_constructor=dense(hidden, activations[name]),
            **how,
        )
    return case(model, rng, (features,), {"hidden": hidden, "count": count, **how}, answers, context, direction)


def graph(rng):
    """ReversibleGraphNet of nodes, as in FrEIA's tutorial."""
    features = int(rng.integers(2, 7))
    context = int(rng.integers(1, 4)) if rng.random() < 0.5 else None
    name, answers = drawn(rng)
    clamp = clamps(rng, answers)
    hidden = [int(rng.integers(8, 33))]
    nodes = [framework.InputNode(features, name="input")]
    conditions = [framework.ConditionNode(context, name="condition")] if context else []
    kind = pick(rng, ["RNVP", "GLOW"])
    net = dense(hidden, activations[name], dropout=bool(rng.random() < 0.4))
    for i in range(int(rng.integers(1, 5))):
        how = {"subnet_constructor": net, "clamp": clamp}
        nodes.append(framework.Node(nodes[-1], couplings[kind], how, conditions=conditions, name=f"coupling_{i}"))
        nodes.append(framework.Node(nodes[-1], modules.PermuteRandom, {"seed": i}, name=f"permute_{i}"))
    nodes.append(framework.OutputNode(nodes[-1], name="output"))
    model = framework.GraphINN(nodes + conditions, verbose=False)
    return case(model, rng, (features,), {"hidden": hidden, "kind": kind}, answers, context)


linear = ("linear", "linear, no bias", "orthogonal", "householder", "fixed householder", "scaling")
kinds = {
    **{f"freia-{kind.lower()}": vector(kind) for kind in couplings if kind != "one"},
    # Alone, these would leave a part of the features as it is.
    "freia-one-sided": vector("one", ("permute", "actnorm", "householder")),
    "freia-linear": vector("GLOW", linear),
    "freia-allinone": all_in_one,
    "freia-graph": graph,
}
