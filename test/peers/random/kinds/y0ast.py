"""Glow of y0ast/Glow-PyTorch, written here as its architecture is described; its latents are those of the last level."""

import math

import numpy as np
import torch
from torch import nn

from case import ROWS, chance, pick
from save_torch import saved
from torch_case import shake, torch_case


def density(mean, logs, z):
    each = -0.5 * math.log(2 * math.pi) - logs - 0.5 * (z - mean) ** 2 / torch.exp(2 * logs)
    return each.flatten(1).sum(1)


def in_turn(values):
    return values[:, 0::2], values[:, 1::2]


class Zeros(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.logs = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x):
        return self.conv(x) * torch.exp(self.logs * 3)


class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.logs = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        return (x + self.bias) * torch.exp(self.logs)

    def back(self, y):
        return y * torch.exp(-self.logs) - self.bias


class Convolution(nn.Module):
    """Normalized, without a bias."""

    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.actnorm = Norm(outputs)

    def forward(self, x):
        return self.actnorm(self.conv(x))


class Mixing(nn.Module):
    def __init__(self, channels, factored):
        super().__init__()
        start = torch.linalg.qr(torch.randn(channels, channels))[0]
        self.factored = factored
        if not factored:
            self.weight = nn.Parameter(start)
            return
        permutation, lower, upper = torch.lu_unpack(*torch.linalg.lu_factor(start))
        self.register_buffer("p", permutation)
        self.register_buffer("sign_s", torch.sign(upper.diag()))
        self.lower = nn.Parameter(lower)
        self.log_s = nn.Parameter(upper.diag().abs().log())
        self.upper = nn.Parameter(torch.triu(upper, 1))

    def matrix(self):
        if not self.factored:
            return self.weight
        lower = torch.tril(self.lower, -1) + torch.eye(len(self.lower))
        return self.p @ lower @ (torch.triu(self.upper, 1) + torch.diag(self.sign_s * torch.exp(self.log_s)))


def times(matrix, x):
    return nn.functional.conv2d(x, matrix[:, :, None, None])


class Step(nn.Module):
    def __init__(self, channels, width, affine, mixing):
        super().__init__()
        self.affine = affine
        self.actnorm = Norm(channels)
        if mixing != "reverse":
            self.invconv = Mixing(channels, mixing == "lu")
        self.block = nn.Sequential(
            Convolution(channels // 2, width, 3),
            nn.ReLU(),
            Convolution(width, width, 1),
            nn.ReLU(),
            Zeros(width, channels if affine else channels // 2),
        )

    def matrix(self, x):
        if hasattr(self, "invconv"):
            return self.invconv.matrix()
        return torch.eye(x.shape[1], dtype=x.dtype).flip(0)

    def of(self, first):
        out = self.block(first)
        if not self.affine:
            return out, torch.ones_like(out)
        shift, scale = in_turn(out)
        return shift, torch.sigmoid(scale + 2)

    def forward(self, x):
        matrix = self.matrix(x)
        pixels = x.shape[2] * x.shape[3]
        total = pixels * (self.actnorm.logs.sum() + torch.linalg.slogdet(matrix)[1])
        first, second = times(matrix, self.actnorm(x)).chunk(2, 1)
        shift, scale = self.of(first)
        return torch.cat([first, (second + shift) * scale], 1), total + scale.log().flatten(1).sum(1)

    def back(self, y):
        first, second = y.chunk(2, 1)
        shift, scale = self.of(first)
        x = torch.cat([first, second / scale - shift], 1)
        return self.actnorm.back(times(torch.inverse(self.matrix(x)), x))


class Squeeze(nn.Module):
    def forward(self, x):
        n, c, h, w = x.shape
        x = x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4)
        return x.reshape(n, 4 * c, h // 2, w // 2), x.new_zeros(n)

    def back(self, y):
        n, c, h, w = y.shape
        return y.view(n, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w)


class Split(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = Zeros(channels // 2, channels)

    def forward(self, x):
        first, second = x.chunk(2, 1)
        return first, density(*in_turn(self.conv(first)), second)

    def back(self, first):
        """With the means of what was split off."""
        return torch.cat([first, in_turn(self.conv(first))[0]], 1)


class ZerosOfClasses(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.logs = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return self.linear(x) * torch.exp(self.logs * 3)


class Glow(nn.Module):
    def __init__(self, shape, steps, levels, width, affine, mixing, top, classes):
        super().__init__()
        channels, height, across = shape
        layers = []
        for level in range(levels):
            channels, height, across = channels * 4, height // 2, across // 2
            layers.append(Squeeze())
            layers += [Step(channels, width, affine, mixing) for _ in range(steps)]
            if level < levels - 1:
                layers.append(Split(channels))
                channels //= 2
        self.flow = nn.Module()
        self.flow.layers = nn.ModuleList(layers)
        if top:
            self.learn_top_fn = Zeros(2 * channels, 2 * channels)
        if classes:
            self.project_ycond = ZerosOfClasses(classes, 2 * channels)
            self.project_class = ZerosOfClasses(channels, classes)
        self.register_buffer("prior_h", torch.zeros(1, 2 * channels, height, across))

    def forward(self, x, label):
        total = 0
        for layer in self.flow.layers:
            x, logdet = layer(x)
            total = total + logdet
        top = self.learn_top_fn(self.prior_h) if hasattr(self, "learn_top_fn") else self.prior_h
        if label is not None:
            top = top + self.project_ycond(label)[:, :, None, None]
        return x, total, total + density(*top.chunk(2, 1), x)

    def back(self, z):
        for layer in reversed(self.flow.layers):
            z = layer.back(z)
        return z


def glow(rng):
    levels, steps = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    channels = int(pick(rng, [1, 3, 4]))
    unit = 2**levels
    height = unit * int(rng.integers(1, 3))
    shape = (channels, height, height * int(pick(rng, [1, 1, 2])))
    settings = {
        "levels": levels,
        "steps": steps,
        "width": int(rng.integers(4, 17)),
        "affine": chance(rng, 0.7),
        "mixing": pick(rng, ["lu", "lu", "matrix", "reverse"]),
        "top": chance(rng, 0.8),
        "classes": int(rng.integers(1, 6)) if chance(rng, 0.4) else None,
    }
    flow = Glow(shape, **settings)
    case = torch_case(
        shake(flow, rng, 0.2),
        rng,
        shape=shape,
        context=settings["classes"],
        latents=(channels * 2 ** (levels + 1), shape[1] // unit, shape[2] // unit),
        forward=lambda flow, x, label: flow(x, label),
        inverse=lambda flow, z, _: flow.back(z),
        library="y0ast",
        save=saved(flow, rng),
        answers={},
        settings={"shape": shape, **settings},
    )
    if settings["classes"]:
        case.context = np.eye(settings["classes"], dtype=np.float32)[rng.integers(0, settings["classes"], ROWS)]
    return case


kinds = {"y0ast-glow": glow}
