"""Flow matching as torchcfm's users write it: its MLP (SELU, t behind x), random pairs, midpoint steps, exact divergence."""

from __future__ import annotations

import itertools

import torch
from timing import main, normal_log_prob
from torch import Tensor, nn


class Cfm(nn.Module):
    def __init__(self, cfg: dict) -> None:
        super().__init__()
        field = cfg["layers"][0]
        self.dim = cfg["dim"]
        self.steps = field["slices"] * field["steps"]
        widths = [self.dim + 1, *field["net"]["hidden"]]
        layers = [part for pair in itertools.pairwise(widths) for part in (nn.Linear(*pair), nn.SELU())]
        self.net = nn.Sequential(*layers, nn.Linear(widths[-1], self.dim))

    def velocity(self, x: Tensor, t: float) -> Tensor:
        return self.net(torch.cat([x, torch.full((len(x), 1), t)], 1))

    def loss(self, x: Tensor) -> Tensor:
        noise, t = torch.randn_like(x), torch.rand(len(x), 1)
        error = self.net(torch.cat([t * x + (1 - t) * noise, t], 1)) - (x - noise)
        return (error**2).mean()

    def sample(self, n: int) -> Tensor:
        x, h = torch.randn(n, self.dim), 1 / self.steps
        for i in range(self.steps):
            x = x + h * self.velocity(x + h / 2 * self.velocity(x, i * h), (i + 0.5) * h)
        return x

    def with_divergence(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            v = self.velocity(x, t)
            parts = [torch.autograd.grad(v[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(self.dim)]
        return v.detach(), sum(parts)

    def log_prob(self, x: Tensor) -> Tensor:
        h, log_det = 1 / self.steps, torch.zeros(len(x))
        for i in range(self.steps, 0, -1):
            middle = x - h / 2 * self.velocity(x, i * h)
            v, divergence = self.with_divergence(middle, (i - 0.5) * h)
            x, log_det = x - h * v, log_det - h * divergence
        return normal_log_prob(x) + log_det


if __name__ == "__main__":
    main(__doc__, Cfm)
