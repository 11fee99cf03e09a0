"""Vector fields whose paths and log-dets are known, in the two conventions of t."""

import math

import torch
from torch import nn

import flowscope

MEAN, SD = torch.tensor([1.0, -0.5], dtype=torch.float64), 0.3
#: Data nearly as wide as the noise, which solvers of low order reach too.
WIDE = 0.8


def points():
    return torch.tensor([[-1.3, 0.4], [0.2, 2.1], [1.7, -0.6]], dtype=torch.float64)


def towards_data(v, **options):
    """A field with its data at t = 1, as in torchcfm."""
    return flowscope.Field(v, data_time=1, noise_time=0, **options)


def towards_noise(v, **options):
    """A field with its data at t = 0, as in zuko and sbi."""
    return flowscope.Field(v, data_time=0, noise_time=1, **options)


def mirrored(v):
    """The same paths in the other convention."""
    return lambda x, t: -v(x, 1 - t)


def spread(t, sd=SD):
    """Standard deviation on the way from normal noise to N(MEAN, sd²), t = 1 at the data."""
    return math.sqrt(t * t * sd * sd + (1 - t) ** 2)


def gaussian(x, t, sd=SD):
    t = t[:, None]
    mean = MEAN.to(x)
    return mean + (t * sd**2 - (1 - t)) / (t**2 * sd**2 + (1 - t) ** 2) * (x - t * mean)


def gaussian_log_prob(x, sd=SD):
    return -0.5 * ((x - MEAN) ** 2).sum(1) / sd**2 - 2 * math.log(sd) - math.log(2 * math.pi)


class CFM(nn.Module):
    """torchcfm.models.MLP by its published architecture: net(cat(x, t)), SELU."""

    def __init__(self, dim=2, w=16):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim + 1, w), nn.SELU(), nn.Linear(w, w), nn.SELU(), nn.Linear(w, w), nn.SELU(), nn.Linear(w, dim)
        )

    def forward(self, x):
        return self.net(x)


def cfm_field(dim=2):
    torch.manual_seed(3)
    return flowscope.Field(CFM(dim), dim, data_time=1, noise_time=0, call="net(cat(x, t))")
