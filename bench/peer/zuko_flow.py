"""Vector flows as zuko builds them: couplings or masked autoregressive layers, affine or rational-quadratic splines."""

from __future__ import annotations

import torch
import zuko
from timing import main
from torch import Tensor, nn


class ZukoFlow(nn.Module):
    def __init__(self, cfg: dict) -> None:
        super().__init__()
        self.dim, self.context = cfg["dim"], cfg.get("context", 0)
        bins = cfg.get("bins", 8)
        spline = {
            "univariate": zuko.transforms.MonotonicRQSTransform,
            "shapes": [(bins,), (bins,), (bins - 1,)],
        }
        kind = zuko.flows.MAF if cfg.get("layer") == "autoregressive" else zuko.flows.NICE
        self.flow = kind(
            self.dim,
            self.context,
            transforms=cfg["couplings"],
            hidden_features=cfg["hidden"],
            **(spline if cfg.get("transform") == "rationalQuadratic" else {}),
        )

    def log_prob(self, rows: Tensor) -> Tensor:
        x, context = rows.split([self.dim, self.context], 1)
        return self.flow(context if self.context else None).log_prob(x)

    def sample(self, n: int) -> Tensor:
        if self.context:
            return self.flow(torch.randn(n, self.context)).sample()
        return self.flow().sample((n,))


if __name__ == "__main__":
    main(__doc__, ZukoFlow, "zuko")
