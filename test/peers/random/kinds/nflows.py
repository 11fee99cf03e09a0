"""Flows of nflows: its own classes, and chains of whatever its transforms compose."""

import torch
from nflows import distributions, flows, transforms
from nflows.nn import nets
from torch import nn
from torch.nn import functional as F

from torch_case import pick, shake, torch_case

activations = {"relu": F.relu, "tanh": torch.tanh, "elu": F.elu, "silu": F.silu, "leaky-relu": F.leaky_relu}


def forward(flow, x, context):
    embedded = flow._embedding_net(context) if context is not None else None
    z, logdet = flow._transform(x, context=embedded)
    return z, logdet, flow.log_prob(x, context=context)


def inverse(flow, z, context):
    embedded = flow._embedding_net(context) if context is not None else None
    return flow._transform.inverse(z, context=embedded)[0]


def save(flow, rng):
    """A state dict, alone or as an entry; also as Lightning has it."""
    how = pick(rng, ["state", "entry", "lightning"])

    def write(folder):
        state = flow.state_dict()
        if how == "lightning":
            held = {"state_dict": {f"flow.{name}": value for name, value in state.items()}}
            torch.save({**held, "epoch": 3, "global_step": 90, "pytorch-lightning_version": "2.5.0"}, folder / "last.ckpt")
            return "last.ckpt"
        torch.save({"model": state, "epoch": 3} if how == "entry" else state, folder / "model.pt")
        return "model.pt"

    return write


def case(flow, rng, features, answers, context=None, **rest):
    return torch_case(
        shake(flow, rng),
        rng,
        shape=(features,),
        context=context,
        forward=forward,
        inverse=inverse,
        library="nflows",
        save=save(flow, rng),
        answers=answers,
        **rest,
    )


def realnvp(rng):
    features = int(rng.integers(2, 9))
    additive = bool(rng.random() < 0.25)
    name = pick(rng, list(activations))
    settings = dict(
        hidden_features=int(rng.integers(3, 33)),
        num_layers=int(rng.integers(1, 7)),
        num_blocks_per_layer=int(rng.integers(1, 4)),
        use_volume_preserving=additive,
        batch_norm_within_layers=bool(rng.random() < 0.3),
        batch_norm_between_layers=bool(rng.random() < 0.4),
    )
    flow = flows.SimpleRealNVP(features, activation=activations[name], **settings)
    return case(flow, rng, features, {"activation": name}, settings={**settings, "activation": name, "features": features})


kinds = {"nflows-realnvp": realnvp}
