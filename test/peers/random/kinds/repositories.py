"""Flows of public repositories whose classes are no package: written here as their architectures are described."""

import math

import numpy as np
import torch
from torch import nn

from case import pick
from save_torch import saved
from torch_case import shake, torch_case

activations = {"relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "tanh": nn.Tanh, "elu": nn.ELU, "silu": nn.SiLU}


def normal(z):
    return -0.5 * (z**2).sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


def network(widths, activation, last=None):
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Linear(before, after), activation()]
    return nn.Sequential(*layers[:-1], *([last] if last else []))


class Tutorial(nn.Module):
    """RealNVP(nets, nett, mask, prior) of senya-ashukha's notebook."""

    def __init__(self, scales, shifts, mask):
        super().__init__()
        self.mask = nn.Parameter(mask, requires_grad=False)
        self.t = nn.ModuleList(shifts)
        self.s = nn.ModuleList(scales)

    def to_latent(self, x):
        total = x.new_zeros(len(x))
        for i in reversed(range(len(self.t))):
            kept = self.mask[i] * x
            s = self.s[i](kept) * (1 - self.mask[i])
            t = self.t[i](kept) * (1 - self.mask[i])
            x = (1 - self.mask[i]) * (x - t) * torch.exp(-s) + kept
            total = total - s.sum(1)
        return x, total

    def to_data(self, z):
        for i in range(len(self.t)):
            kept = self.mask[i] * z
            s = self.s[i](kept) * (1 - self.mask[i])
            t = self.t[i](kept) * (1 - self.mask[i])
            z = kept + (1 - self.mask[i]) * (z * torch.exp(s) + t)
        return z


def tutorial(rng):
    features = int(rng.integers(2, 8))
    count = int(rng.integers(1, 9))
    name = pick(rng, list(activations))
    tanh = bool(rng.random() < 0.7)
    hidden = [int(rng.integers(5, 40)) for _ in range(int(rng.integers(1, 4)))]
    masks = []
    for i in range(count):
        mask = (torch.arange(features) % 2 == i % 2).float() if rng.random() < 0.7 else torch.zeros(features)
        if mask.sum() == 0:
            mask[torch.randperm(features)[: int(rng.integers(1, features))]] = 1
        masks.append(mask)
    widths = [features, *hidden, features]
    flow = Tutorial(
        [network(widths, activations[name], nn.Tanh() if tanh else None) for _ in range(count)],
        [network(widths, activations[name]) for _ in range(count)],
        torch.stack(masks),
    )

    def forward(flow, x, _):
        z, logdet = flow.to_latent(x)
        return z, logdet, logdet + normal(z)

    return torch_case(
        shake(flow, rng),
        rng,
        shape=(features,),
        forward=forward,
        inverse=lambda flow, z, _: flow.to_data(z),
        library="senya",
        save=saved(flow, rng),
        answers={"activation": name, "scaleOutput": "tanh" if tanh else "none"},
        settings={"features": features, "hidden": hidden, "activation": name, "tanh": tanh},
    )


class Coupling(nn.Module):
    """CouplingLayer of ikostrikov/pytorch-flows."""

    def __init__(self, features, width, mask, conditions, s, t):
        super().__init__()
        self.mask = mask
        widths = [features + conditions, width, width, features]
        self.scale_net = network(widths, s)
        self.translate_net = network(widths, t)

    def run(self, x, given, backwards):
        mask = self.mask.to(x)
        kept = x * mask
        seen = kept if given is None else torch.cat([kept, given], -1)
        s, t = self.scale_net(seen) * (1 - mask), self.translate_net(seen) * (1 - mask)
        if backwards:
            return (x - t) * torch.exp(-s), -s.sum(-1)
        return x * torch.exp(s) + t, s.sum(-1)


class Masked(nn.Module):
    def __init__(self, inputs, outputs, mask, conditions=0):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        if conditions:
            self.cond_linear = nn.Linear(conditions, outputs, bias=False)
        self.register_buffer("mask", mask)

    def forward(self, x, given=None):
        out = nn.functional.linear(x, self.linear.weight * self.mask, self.linear.bias)
        return out if given is None else out + self.cond_linear(given)


class Made(nn.Module):
    def __init__(self, features, width, conditions, activation):
        super().__init__()
        degrees = torch.arange(width) % (features - 1) if features > 1 else torch.zeros(width)
        inputs = torch.arange(features)
        self.joiner = Masked(features, width, (degrees[:, None] >= inputs).float(), conditions)
        self.trunk = nn.Sequential(
            activation(),
            Masked(width, width, (degrees[:, None] >= degrees).float()),
            activation(),
            Masked(width, 2 * features, ((torch.arange(2 * features) % features - 1)[:, None] >= degrees).float()),
        )

    def of(self, x, given):
        return self.trunk(self.joiner(x, given)).chunk(2, 1)

    def run(self, x, given, backwards):
        if not backwards:
            m, a = self.of(x, given)
            return (x - m) * torch.exp(-a), -a.sum(-1)
        out = torch.zeros_like(x)
        for i in range(x.shape[1]):
            m, a = self.of(out, given)
            out[:, i] = x[:, i] * torch.exp(a[:, i]) + m[:, i]
        return out, a.sum(-1)


class Norm(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.log_gamma = nn.Parameter(torch.zeros(features))
        self.beta = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def run(self, x, given, backwards):
        logdet = (self.log_gamma - 0.5 * torch.log(self.running_var)).sum().expand(len(x))
        if backwards:
            return (x - self.beta) / torch.exp(self.log_gamma) * self.running_var.sqrt() + self.running_mean, -logdet
        return torch.exp(self.log_gamma) * (x - self.running_mean) / self.running_var.sqrt() + self.beta, logdet


class Mix(nn.Module):
    """InvertibleMM of ikostrikov/pytorch-flows."""

    def __init__(self, features):
        super().__init__()
        self.W = nn.Parameter(torch.linalg.qr(torch.randn(features, features))[0])

    def run(self, x, given, backwards):
        logdet = torch.linalg.slogdet(self.W)[1].expand(len(x))
        return (x @ torch.inverse(self.W), -logdet) if backwards else (x @ self.W, logdet)


class Reverse(nn.Module):
    def run(self, x, given, backwards):
        return x.flip(1), x.new_zeros(len(x))


class Sequential(nn.Sequential):
    def run(self, x, given, backwards):
        total = x.new_zeros(len(x))
        for part in reversed(self) if backwards else self:
            x, logdet = part.run(x, given, backwards)
            total = total + logdet
        return x, total


def ikostrikov(kind):
    def make(rng):
        features = int(rng.integers(2, 8))
        width = int(rng.integers(8, 40))
        context = int(rng.integers(1, 4)) if rng.random() < 0.4 else None
        conditions = context or 0
        answers = {}
        s = t = "relu"
        if kind == "maf":
            s = pick(rng, ["relu", "relu", "tanh"])
            answers["activation"] = s
        else:
            s, t = pick(rng, ["tanh", "tanh", "relu"]), pick(rng, ["relu", "relu", "tanh"])
            answers |= {"sActivation": s, "tActivation": t}
        parts = []
        mask = torch.arange(features) % 2
        for _ in range(int(rng.integers(1, 6))):
            if kind == "maf":
                parts += [Made(features, width, conditions, activations[s]), Norm(features), Reverse()]
                continue
            mixing = [Mix(features)] if kind == "mixing" else []
            parts += [*mixing, Coupling(features, width, mask, conditions, activations[s], activations[t]), Norm(features)]
            mask = 1 - mask

        def forward(flow, x, given):
            z, logdet = flow.run(x, given, False)
            return z, logdet, logdet + normal(z)

        flow = Sequential(*parts)
        return torch_case(
            shake(flow, rng),
            rng,
            shape=(features,),
            context=context,
            forward=forward,
            inverse=lambda flow, z, given: flow.run(z, given, True)[0],
            library="ikostrikov",
            save=saved(flow, rng),
            answers=answers,
            settings={"features": features, "width": width, "context": context, **answers},
        )

    return make


class ZeroConvolution(nn.Module):
    """A 3×3 convolution that sees ones beyond the edge, with learned log-scales."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=0)
        self.scale = nn.Parameter(torch.zeros(1, outputs, 1, 1))

    def forward(self, x):
        return self.conv(nn.functional.pad(x, [1, 1, 1, 1], value=1)) * torch.exp(self.scale * 3)


class GlowNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.register_buffer("initialized", torch.tensor(1, dtype=torch.uint8))

    def forward(self, x):
        return self.scale * (x + self.loc), x.shape[2] * x.shape[3] * self.scale.abs().log().sum()

    def back(self, y):
        return y / self.scale - self.loc


class GlowConvolution(nn.Module):
    def __init__(self, channels, factored):
        super().__init__()
        start = torch.linalg.qr(torch.randn(channels, channels))[0]
        self.factored = factored
        if not factored:
            self.weight = nn.Parameter(start[:, :, None, None].clone())
            return
        permutation, lower, upper = torch.lu_unpack(*torch.linalg.lu_factor(start))
        diagonal = upper.diag()
        self.register_buffer("w_p", permutation)
        self.register_buffer("u_mask", torch.triu(torch.ones(channels, channels), 1))
        self.register_buffer("l_mask", torch.tril(torch.ones(channels, channels), -1))
        self.register_buffer("s_sign", torch.sign(diagonal))
        self.register_buffer("l_eye", torch.eye(channels))
        self.w_l = nn.Parameter(lower)
        self.w_s = nn.Parameter(diagonal.abs().log())
        self.w_u = nn.Parameter(torch.triu(upper, 1))

    def matrix(self):
        if not self.factored:
            return self.weight[:, :, 0, 0]
        upper = self.w_u * self.u_mask + torch.diag(self.s_sign * torch.exp(self.w_s))
        return self.w_p @ (self.w_l * self.l_mask + self.l_eye) @ upper

    def forward(self, x):
        matrix = self.matrix()
        y = nn.functional.conv2d(x, matrix[:, :, None, None])
        return y, x.shape[2] * x.shape[3] * torch.linalg.slogdet(matrix)[1]


class GlowCoupling(nn.Module):
    def __init__(self, channels, width, affine):
        super().__init__()
        self.affine = affine
        self.net = nn.Sequential(
            nn.Conv2d(channels // 2, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            ZeroConvolution(width, channels if affine else channels // 2),
        )

    def forward(self, x):
        first, second = x.chunk(2, 1)
        if not self.affine:
            return torch.cat([first, second + self.net(first)], 1), 0
        logs, shift = self.net(first).chunk(2, 1)
        scale = torch.sigmoid(logs + 2)
        return torch.cat([first, (second + shift) * scale], 1), scale.log().flatten(1).sum(1)


class GlowStep(nn.Module):
    def __init__(self, channels, width, affine, factored):
        super().__init__()
        self.actnorm = GlowNorm(channels)
        self.invconv = GlowConvolution(channels, factored)
        self.coupling = GlowCoupling(channels, width, affine)

    def forward(self, x):
        total = 0
        for part in (self.actnorm, self.invconv, self.coupling):
            x, logdet = part(x)
            total = total + logdet
        return x, total


class GlowLevel(nn.Module):
    def __init__(self, channels, steps, split, width, affine, factored):
        super().__init__()
        inner = channels * 4
        self.flows = nn.ModuleList([GlowStep(inner, width, affine, factored) for _ in range(steps)])
        self.split = split
        self.prior = ZeroConvolution(inner // 2 if split else inner, inner if split else 2 * inner)

    def forward(self, x):
        n, c, h, w = x.shape
        x = x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(n, 4 * c, h // 2, w // 2)
        total = 0
        for step in self.flows:
            x, logdet = step(x)
            total = total + logdet
        x, z = x.chunk(2, 1) if self.split else (torch.zeros_like(x), x)
        mean, logs = self.prior(x).chunk(2, 1)
        density = -0.5 * math.log(2 * math.pi) - logs - 0.5 * (z - mean) ** 2 / torch.exp(2 * logs)
        return x, total, density.flatten(1).sum(1), z


class Glow(nn.Module):
    """rosinality/glow-pytorch."""

    def __init__(self, channels, steps, levels, width, affine, factored):
        super().__init__()
        self.blocks = nn.ModuleList()
        for i in range(levels):
            self.blocks.append(GlowLevel(channels, steps, i < levels - 1, width, affine, factored))
            channels *= 2

    def forward(self, x):
        total, density, parts = 0, 0, []
        for block in self.blocks:
            x, logdet, prior, z = block(x)
            total, density = total + logdet, density + prior
            parts.append(z.flatten(1))
        return torch.cat(parts, 1), total + torch.zeros_like(density), total + density


def glow(rng):
    levels, steps = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    channels = int(pick(rng, [1, 3, 4]))
    height = 2**levels * int(rng.integers(1, 3))
    width = height * int(pick(rng, [1, 1, 2]))
    settings = {
        "levels": levels,
        "steps": steps,
        "width": int(rng.integers(4, 17)),
        "affine": bool(rng.random() < 0.7),
        "factored": bool(rng.random() < 0.6),
    }
    flow = Glow(channels, steps, levels, settings["width"], settings["affine"], settings["factored"])
    return torch_case(
        shake(flow, rng, 0.2),
        rng,
        shape=(channels, height, width),
        forward=lambda flow, x, _: flow(x),
        inverse=None,
        library="rosinality",
        save=saved(flow, rng),
        answers={"height": height, "width": width},
        settings={"shape": (channels, height, width), **settings},
    )


kinds = {
    "tutorial": tutorial,
    "rosinality-glow": glow,
    **{f"ikostrikov-{kind}": ikostrikov(kind) for kind in ("realnvp", "mixing", "maf")},
}
