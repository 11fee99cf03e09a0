"""Glow (Kingma and Dhariwal, NeurIPS 2018) in PyTorch: channels-last, 1x1 convolutions as P·L·U, learned priors."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from timing import main, normal_log_prob, sum_per_sample
from torch import Tensor, nn

SCALE_FLOOR = 0.05
LOGS_FACTOR = 3.0


class ActNorm(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return (x - self.shift) * (-self.log_scale).exp(), -self.log_scale.sum() * x[0, 0].numel()

    def inverse(self, y: Tensor) -> Tensor:
        return y * self.log_scale.exp() + self.shift


class Mixing(nn.Module):
    """A 1x1 convolution with P·L·U. In evaluation mode, both its filters are computed once."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lower = nn.Parameter(torch.zeros(channels, channels))
        self.upper = nn.Parameter(torch.zeros(channels, channels))
        self.log_diagonal = nn.Parameter(torch.zeros(channels))
        self.register_buffer("order", torch.randperm(channels), persistent=False)
        self.register_buffer("eye", torch.eye(channels), persistent=False)
        self.filters: tuple[Tensor, Tensor] | None = None

    def filter(self) -> Tensor:
        upper = self.upper.triu(1) + torch.diag(self.log_diagonal.exp())
        return ((self.lower.tril(-1) + self.eye) @ upper)[self.order]

    def train(self, mode: bool = True) -> Mixing:
        with torch.no_grad():
            weight = self.filter()
            self.filters = None if mode else (weight[:, :, None, None], torch.linalg.inv(weight)[:, :, None, None])
        return super().train(mode)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        weight = self.filters[0] if self.filters else self.filter()[:, :, None, None]
        return F.conv2d(x, weight), self.log_diagonal.sum() * x[0, 0].numel()

    def inverse(self, y: Tensor) -> Tensor:
        assert self.filters
        return F.conv2d(y, self.filters[1])


class ZeroConv(nn.Module):
    """A convolution that starts at zero and whose output is scaled for each channel."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)
        self.logs = nn.Parameter(torch.zeros(1, c_out, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * (LOGS_FACTOR * self.logs).exp()


class Coupling(nn.Module):
    """y = (x + t) * (sigmoid(u + 2) + floor) on the second half of the channels."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(channels // 2, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 1),
            nn.ReLU(inplace=True),
            ZeroConv(width, channels),
        )

    def shift_scale(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        answer = self.net(kept)
        return answer[:, 0::2], torch.sigmoid(answer[:, 1::2] + 2) + SCALE_FLOOR

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = x.chunk(2, 1)
        shift, scale = self.shift_scale(kept)
        return torch.cat((kept, (moved + shift) * scale), 1), sum_per_sample(scale.log())

    def inverse(self, y: Tensor) -> Tensor:
        kept, moved = y.chunk(2, 1)
        shift, scale = self.shift_scale(kept)
        return torch.cat((kept, moved / scale - shift), 1)


class Scale(nn.Module):
    """Squeeze, steps of act norm, 1x1 convolution and coupling, and half of the channels that leave; all in the last."""

    def __init__(self, channels: int, steps: int, width: int, last: bool) -> None:
        super().__init__()
        self.last = last
        self.steps = nn.ModuleList(
            part for _ in range(steps) for part in (ActNorm(channels), Mixing(channels), Coupling(channels, width))
        )
        if last:
            self.mean = nn.Parameter(torch.zeros(1, channels, 1, 1))
            self.log_deviation = nn.Parameter(torch.zeros(1, channels, 1, 1))
        else:
            self.prior = ZeroConv(channels // 2, channels)

    def predicted(self, kept: Tensor | None) -> tuple[Tensor, Tensor]:
        if kept is None:
            return self.mean, self.log_deviation
        mean, log_deviation = self.prior(kept).chunk(2, 1)
        return mean, log_deviation

    def forward(self, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """What goes on (None after the last scale), and the log-likelihood so far of what is done."""
        h = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        log_p = x.new_zeros(len(x))
        for step in self.steps:
            h, log_det = step(h)
            log_p = log_p + log_det
        kept, done = (None, h) if self.last else h.chunk(2, 1)
        mean, log_deviation = self.predicted(kept)
        z = (done - mean) * (-log_deviation).exp()
        return kept, log_p + normal_log_prob(z) - sum_per_sample(log_deviation.expand_as(z))

    def inverse(self, kept: Tensor | None, z: Tensor) -> Tensor:
        mean, log_deviation = self.predicted(kept)
        done = z * log_deviation.exp() + mean
        h = done if kept is None else torch.cat((kept, done), 1)
        for step in reversed(self.steps):
            h = step.inverse(h)
        return F.pixel_shuffle(h, 2)


class Glow(nn.Module):
    """On uint8 images [N, H, W, C] with values below `levels`, which become numbers of [-.5, .5]."""

    def __init__(self, cfg: dict) -> None:
        super().__init__()
        self.levels, self.size, self.channels = cfg["levels"], cfg["size"], cfg["channels"]
        count = cfg["scales"]
        self.scales = nn.ModuleList(
            Scale(4 * self.channels << i, cfg["steps"], cfg["base"], i == count - 1) for i in range(count)
        )
        self.to(memory_format=torch.channels_last)

    def log_prob(self, images: Tensor) -> Tensor:
        h: Tensor | None = images.permute(0, 3, 1, 2).float()
        h = (h + torch.rand_like(h)) / self.levels - 0.5
        total = h.new_full((len(h),), -h[0].numel() * math.log(self.levels))
        for scale in self.scales:
            h, log_p = scale(h)
            total = total + log_p
        return total

    def sample(self, n: int) -> Tensor:
        x: Tensor | None = None
        for i, scale in reversed(list(enumerate(self.scales))):
            channels = (4 if scale.last else 2) * self.channels << i
            side = self.size >> (i + 1)
            z = torch.randn(n, channels, side, side).contiguous(memory_format=torch.channels_last)
            x = scale.inverse(x, z)
        values = (x + 0.5) * self.levels
        return values.floor().clamp(0, self.levels - 1).to(torch.uint8).permute(0, 2, 3, 1)


if __name__ == "__main__":
    main(__doc__, Glow)
