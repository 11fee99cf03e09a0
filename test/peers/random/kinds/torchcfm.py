"""The MLP of torchcfm.models, a vector field of x and t, rebuilt: its package needs Lightning and more. It has no likelihood, which
is computed by zuko's adaptive solver, or, for SELU, by steps of Runge and Kutta: across its kinks no solver keeps its order."""

import torch
from torch import nn
from zuko.utils import odeint

from case import pick
from save_torch import saved
from torch_case import shake, torch_case

activations = {"selu": nn.SELU, "tanh": nn.Tanh, "elu": nn.ELU, "silu": nn.SiLU}
SLICES = 10


class MLP(nn.Module):
    def __init__(self, dim, w, activation):
        super().__init__()
        widths = [dim + 1, w, w, w]
        hidden = [part for pair in zip(widths, widths[1:]) for part in (nn.Linear(*pair), activation())]
        self.net = nn.Sequential(*hidden, nn.Linear(w, dim))

    def forward(self, x):
        return self.net(x)


def rates(model, t, x):
    """dx/dt and its divergence by automatic differentiation."""

    def velocity(row):
        out = model(torch.cat([row, t.reshape(1)]))
        return out, out

    jacobian, value = torch.func.vmap(torch.func.jacrev(velocity, has_aux=True))(x)
    return value, jacobian.diagonal(dim1=1, dim2=2).sum(1)


def runge_kutta(model, x, start, end, steps):
    log_det, h = torch.zeros(len(x), dtype=x.dtype), (end - start) / steps
    for i in range(steps):
        t = torch.tensor(start + i * h, dtype=x.dtype)
        v1, d1 = rates(model, t, x)
        v2, d2 = rates(model, t + h / 2, x + h / 2 * v1)
        v3, d3 = rates(model, t + h / 2, x + h / 2 * v2)
        v4, d4 = rates(model, t + h, x + h * v3)
        x, log_det = x + h / 6 * (v1 + 2 * v2 + 2 * v3 + v4), log_det + h / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
    return x, log_det


def adaptive(model, x, start, end):
    ends = torch.tensor([start, end], dtype=x.dtype)
    state = (x, torch.zeros(len(x), dtype=x.dtype))
    return odeint(lambda t, x, _: rates(model, t, x), state, *ends, atol=1e-10, rtol=1e-10)


def mlp(rng):
    dim, w, name = int(rng.integers(1, 7)), int(rng.integers(8, 49)), pick(rng, ["selu", "selu", "tanh", "elu", "silu"])
    data, steps = pick(rng, [0, 1]), int(rng.integers(6, 13))
    model = shake(MLP(dim, w, activations[name]), rng)

    def way(model, x, start, end):
        model, x = model.double(), x.double()
        torch.set_default_dtype(torch.float64)
        if name == "selu":
            return runge_kutta(model, x, start, end, SLICES * steps)
        return adaptive(model, x, start, end)

    def forward(model, x, _):
        z, log_det = way(model, x, data, 1 - data)
        return z, log_det, torch.distributions.Normal(0, 1).log_prob(z).sum(1) + log_det

    return torch_case(
        model,
        rng,
        shape=(dim,),
        forward=forward,
        inverse=lambda model, z, _: way(model, z, 1 - data, data)[0],
        library="torchcfm",
        save=saved(model, rng),
        answers={"dataTime": str(data), "activation": name, "steps": steps},
        settings={"dim": dim, "w": w, "activation": name, "data": data, "steps": steps},
    )


kinds = {"torchcfm-mlp": mlp}
