"""A vector field in zuko's CNF: log p and samples by its adaptive solver at its defaults, training by flow matching."""

from __future__ import annotations

import torch
import zuko
from timing import main
from torch import Tensor, nn


class ZukoCnf(nn.Module):
    def __init__(self, cfg: dict) -> None:
        super().__init__()
        net = cfg["layers"][0]["net"]
        self.dim = cfg["dim"]
        self.flow = zuko.flows.CNF(self.dim, hidden_features=net["hidden"], activation=nn.SELU)

    def loss(self, x: Tensor) -> Tensor:
        noise, t = torch.randn_like(x), torch.rand(len(x), 1)
        error = self.flow.transform.f(t.squeeze(1), (1 - t) * x + t * noise) - (noise - x)
        return (error**2).mean()

    def log_prob(self, rows: Tensor) -> Tensor:
        return self.flow().log_prob(rows)

    def sample(self, n: int) -> Tensor:
        return self.flow().sample((n,))


if __name__ == "__main__":
    main(__doc__, ZukoCnf, "zuko")
