"""Vector flows as nflows builds them: couplings or masked autoregressive layers, affine or rational-quadratic splines."""

from __future__ import annotations

import torch
from nflows import distributions, flows, transforms
from nflows.nn.nets import MLP
from nflows.utils import create_alternating_binary_mask
from timing import main
from torch import Tensor, nn

BOUND = 5.0


class Conditioner(MLP):
    """A plain MLP that takes the context as more of its input."""

    def forward(self, inputs: Tensor, context: Tensor | None = None) -> Tensor:
        return super().forward(inputs if context is None else torch.cat((inputs, context), 1))


def layer(cfg: dict, number: int) -> transforms.Transform:
    dim, hidden, context = cfg["dim"], cfg["hidden"], cfg.get("context", 0)
    splines = {"num_bins": cfg.get("bins", 8), "tails": "linear", "tail_bound": BOUND}
    is_spline = cfg.get("transform") == "rationalQuadratic"
    if cfg.get("layer") == "autoregressive":
        made = {"context_features": context or None, "num_blocks": len(hidden) - 1, "use_residual_blocks": False}
        if is_spline:
            return transforms.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(dim, hidden[0], **made, **splines)
        return transforms.MaskedAffineAutoregressiveTransform(dim, hidden[0], **made)
    mask = create_alternating_binary_mask(dim, even=number % 2 == 1)

    def net(inputs: int, outputs: int) -> nn.Module:
        return Conditioner([inputs + context], [outputs], hidden)

    if is_spline:
        return transforms.PiecewiseRationalQuadraticCouplingTransform(mask, net, **splines)
    return transforms.AffineCouplingTransform(mask, net)


class NflowsFlow(nn.Module):
    def __init__(self, cfg: dict) -> None:
        super().__init__()
        self.dim, self.context = cfg["dim"], cfg.get("context", 0)
        chain = []
        for number in range(cfg["couplings"]):
            if number > 0 and cfg.get("layer") == "autoregressive":
                chain.append(transforms.ReversePermutation(self.dim))
            chain.append(layer(cfg, number))
        base = distributions.StandardNormal([self.dim])
        self.flow = flows.Flow(transforms.CompositeTransform(chain), base)

    def log_prob(self, rows: Tensor) -> Tensor:
        x, context = rows.split([self.dim, self.context], 1)
        return self.flow.log_prob(x, context if self.context else None)

    def sample(self, n: int) -> Tensor:
        if self.context:
            return self.flow.sample(1, torch.randn(n, self.context))
        return self.flow.sample(n)


if __name__ == "__main__":
    main(__doc__, NflowsFlow, "nflows")
