"""Small flows of the libraries, the same each time."""

import torch
from torch import nn

FEATURES = 4


def batch(count=32, features=FEATURES):
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(count, features, generator=generator)
    x[:, 1:] += 0.3 * x[:, :-1] ** 2
    return x


def shaken(flow):
    """Away from the identity that flows start as."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in filter(torch.is_floating_point, flow.parameters()):
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    return flow.eval()


def nflows_flow(context=None):
    from nflows.distributions import StandardNormal
    from nflows.flows import Flow
    from nflows.nn.nets import ResidualNet
    from nflows.transforms import (
        AffineCouplingTransform,
        BatchNorm,
        CompositeTransform,
        MaskedAffineAutoregressiveTransform,
        ReversePermutation,
    )

    torch.manual_seed(0)
    net = lambda i, o: ResidualNet(i, o, hidden_features=8, context_features=context, num_blocks=1)  # noqa: E731
    transform = CompositeTransform(
        [
            AffineCouplingTransform(torch.tensor([1, 0, 1, 0]), net),
            ReversePermutation(FEATURES),
            MaskedAffineAutoregressiveTransform(FEATURES, 8, context_features=context, num_blocks=1),
            BatchNorm(FEATURES),
        ]
    )
    # A new batch norm of nflows divides by nothing.
    transform._transforms[3].running_var[:] = torch.tensor([0.5, 1.0, 2.0, 1.5])
    return shaken(Flow(transform, StandardNormal([FEATURES])))


def zuko_flow(context=0):
    import zuko

    torch.manual_seed(0)
    return shaken(zuko.flows.NSF(FEATURES, context, transforms=2, bins=4, hidden_features=(8,)))


def normflows_flow():
    import normflows as nf

    torch.manual_seed(0)
    layers = []
    for _ in range(2):
        layers.append(nf.flows.AffineCouplingBlock(nf.nets.MLP([2, 8, 4], init_zeros=True)))
        layers.append(nf.flows.LULinearPermute(FEATURES))
    return shaken(nf.NormalizingFlow(nf.distributions.DiagGaussian(FEATURES), layers))


def freia_flow(graph=False):
    import FrEIA.framework as ff
    import FrEIA.modules as fm
    import numpy as np

    torch.manual_seed(0)
    # Fixed permutations are drawn from NumPy.
    np.random.seed(0)

    def net(inputs, outputs):
        return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Linear(8, outputs))

    if graph:
        nodes = [ff.InputNode(FEATURES, name="in")]
        for _ in range(2):
            nodes.append(ff.Node(nodes[-1], fm.GLOWCouplingBlock, {"subnet_constructor": net}))
            nodes.append(ff.Node(nodes[-1], fm.PermuteRandom, {"seed": 1}))
        return shaken(ff.GraphINN([*nodes, ff.OutputNode(nodes[-1])]))
    inn = ff.SequenceINN(FEATURES)
    for _ in range(2):
        inn.append(fm.RNVPCouplingBlock, subnet_constructor=net)
        inn.append(fm.PermuteRandom, seed=1)
    return shaken(inn)


class Scale(nn.Module):
    """A layer of nobody's library: y = x exp(s) + t, without an inverse where it is told so."""

    def __init__(self, size=FEATURES, inverse=True):
        super().__init__()
        self.s = nn.Parameter(torch.linspace(-0.5, 0.5, size))
        self.t = nn.Parameter(torch.ones(size))
        if inverse:
            self.inverse = self.back

    def forward(self, x):
        return x * self.s.exp() + self.t, self.s.sum()

    def back(self, y):
        return (y - self.t) / self.s.exp()


class Mix(nn.Module):
    """Orthogonal: every output depends on every input."""

    def __init__(self, size=FEATURES):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.register_buffer("q", torch.linalg.qr(torch.randn(size, size, generator=generator))[0])

    def forward(self, x):
        return x @ self.q.T, torch.zeros(len(x))

    def inverse(self, y):
        return y @ self.q


class PixelCoupling(nn.Module):
    """A checkerboard coupling of images [N, C, H, W]."""

    def __init__(self, channels, height, width):
        super().__init__()
        places = torch.arange(height)[:, None] + torch.arange(width)
        self.register_buffer("mask", (places % 2 == 0).float().expand(channels, height, width).clone())
        torch.manual_seed(2)
        self.net = nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2 * channels, 3, padding=1))

    def parts(self, x):
        s, t = self.net(x * self.mask).chunk(2, 1)
        return torch.tanh(s) * (1 - self.mask), t * (1 - self.mask)

    def forward(self, x):
        s, t = self.parts(x)
        return x * s.exp() + t, s.flatten(1).sum(1)

    def inverse(self, y):
        s, t = self.parts(y)
        return (y - t) * (-s).exp()
