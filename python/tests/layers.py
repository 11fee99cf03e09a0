"""Each class of flows and layers of the libraries: what makes a flow of it alone, its data and its context."""

import torch
from flows import FEATURES, batch, shaken

#: Four channels of two by two pixels.
IMAGE = (4, 2, 2)


def pixels(count=8):
    return torch.randn(count, *IMAGE, generator=torch.Generator().manual_seed(3))


def condition(count=32, size=3):
    return torch.linspace(-1, 1, count * size).reshape(count, size)


def _nflows():
    import nflows.transforms as t
    from nflows.distributions import ConditionalDiagonalNormal, DiagonalNormal, MADEMoG, StandardNormal
    from nflows.flows import Flow, MaskedAutoregressiveFlow, SimpleRealNVP
    from nflows.nn.nets import ConvResidualNet, ResidualNet
    from nflows.transforms.nonlinearities import CauchyCDF, CauchyCDFInverse

    mask = torch.tensor([1, 0, 1, 0])
    tails = {"num_bins": 4, "tails": "linear", "tail_bound": 3.0}
    net = lambda i, o: ResidualNet(i, o, hidden_features=8, num_blocks=1)  # noqa: E731
    conv = lambda i, o: ConvResidualNet(i, o, hidden_channels=8, num_blocks=1)  # noqa: E731
    x, unit = batch(), batch().sigmoid()

    def multiscale():
        whole = t.MultiscaleCompositeTransform(2)
        whole.add_transform(t.LULinear(4), (4,))
        whole.add_transform(t.LULinear(2), (2,))
        return whole

    def batch_norm():
        made = t.BatchNorm(4)
        # A new one divides by nothing.
        made.running_var[:] = torch.tensor([0.5, 1.0, 2.0, 1.5])
        return made

    def of(layer, shape=(FEATURES,)):
        return lambda: Flow(layer(), StandardNormal(list(shape)))

    layers = {
        "AdditiveCouplingTransform": lambda: t.AdditiveCouplingTransform(mask, net),
        "AffineCouplingTransform": lambda: t.AffineCouplingTransform(mask, net),
        "PiecewiseLinearCouplingTransform": lambda: t.PiecewiseLinearCouplingTransform(mask, net, **tails),
        "PiecewiseQuadraticCouplingTransform": lambda: t.PiecewiseQuadraticCouplingTransform(mask, net, **tails),
        "PiecewiseCubicCouplingTransform": lambda: t.PiecewiseCubicCouplingTransform(mask, net, **tails),
        "PiecewiseRationalQuadraticCouplingTransform": lambda: t.PiecewiseRationalQuadraticCouplingTransform(
            mask, net, apply_unconditional_transform=True, **tails
        ),
        "MaskedAffineAutoregressiveTransform": lambda: t.MaskedAffineAutoregressiveTransform(4, 8),
        "MaskedPiecewiseQuadraticAutoregressiveTransform": lambda: t.MaskedPiecewiseQuadraticAutoregressiveTransform(
            4, 8, **tails
        ),
        "MaskedPiecewiseRationalQuadraticAutoregressiveTransform": (
            lambda: t.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(4, 8, **tails)
        ),
        "MultiscaleCompositeTransform": multiscale,
        "InverseTransform": lambda: t.InverseTransform(t.MaskedAffineAutoregressiveTransform(4, 8)),
        "NaiveLinear": lambda: t.NaiveLinear(4, orthogonal_initialization=False),
        "LULinear": lambda: t.LULinear(4),
        "QRLinear": lambda: t.QRLinear(4, 2),
        "SVDLinear": lambda: t.SVDLinear(4, 2),
        "HouseholderSequence": lambda: t.HouseholderSequence(4, 2),
        "LogTanh": t.LogTanh,
        "LeakyReLU": t.LeakyReLU,
        "Tanh": t.Tanh,
        "Sigmoid": t.Sigmoid,
        "CompositeCDFTransform": lambda: t.CompositeCDFTransform(t.Sigmoid(), t.PiecewiseRationalQuadraticCDF([4], 4)),
        "PiecewiseLinearCDF": lambda: t.PiecewiseLinearCDF([4], **tails),
        "PiecewiseQuadraticCDF": lambda: t.PiecewiseQuadraticCDF([4], **tails),
        "PiecewiseCubicCDF": lambda: t.PiecewiseCubicCDF([4], **tails),
        "PiecewiseRationalQuadraticCDF": lambda: t.PiecewiseRationalQuadraticCDF([4], **tails),
        "ActNorm": lambda: t.ActNorm(4),
        "BatchNorm": batch_norm,
        "Permutation": lambda: t.Permutation(torch.tensor([2, 0, 3, 1])),
        "RandomPermutation": lambda: t.RandomPermutation(4),
        "ReversePermutation": lambda: t.ReversePermutation(4),
        "IdentityTransform": t.IdentityTransform,
        "AffineTransform": lambda: t.AffineTransform(torch.ones(4), torch.arange(1.0, 5)),
        "AffineScalarTransform": lambda: t.AffineScalarTransform(0.5, 2.0),
        "CauchyCDF": CauchyCDF,
        "PointwiseAffineTransform": lambda: t.PointwiseAffineTransform(0.5, 2.0),
    }
    inside = {
        "Logit": t.Logit,
        "CauchyCDFInverse": CauchyCDFInverse,
        "MaskedPiecewiseLinearAutoregressiveTransform": lambda: t.MaskedPiecewiseLinearAutoregressiveTransform(4, 4, 8),
        "MaskedPiecewiseCubicAutoregressiveTransform": lambda: t.MaskedPiecewiseCubicAutoregressiveTransform(4, 4, 8),
    }
    channels = torch.tensor([1, 0, 1, 0])
    images = {
        "OneByOneConvolution": (lambda: t.OneByOneConvolution(4), IMAGE),
        "SqueezeTransform": (t.SqueezeTransform, (16, 1, 1)),
        "AffineCouplingTransform of images": (lambda: t.AffineCouplingTransform(channels, conv), IMAGE),
    }
    context = condition()
    return {
        **{name: (of(layer), x, None) for name, layer in layers.items()},
        **{name: (of(layer), unit, None) for name, layer in inside.items()},
        **{name: (of(layer, shape), pixels(), None) for name, (layer, shape) in images.items()},
        "GatedLinearUnit": (of(t.GatedLinearUnit, (1,)), x[:, :1], condition(size=1)),
        "Flow from DiagonalNormal": (lambda: Flow(t.LULinear(4), DiagonalNormal([4])), x, None),
        "Flow from MADEMoG": (lambda: Flow(t.LULinear(4), MADEMoG(4, 8, None, num_mixture_components=2)), x, None),
        "MaskedAutoregressiveFlow": (lambda: MaskedAutoregressiveFlow(4, 8, 2, 1), x, None),
        "SimpleRealNVP": (lambda: SimpleRealNVP(4, 8, 2, 1), x, None),
        "Flow with an embedding": (
            lambda: Flow(
                t.MaskedAffineAutoregressiveTransform(4, 8, context_features=5),
                ConditionalDiagonalNormal([4], torch.nn.Linear(5, 8)),
                torch.nn.Linear(3, 5),
            ),
            x,
            context,
        ),
    }


def _normflows():
    import normflows as nf

    f = nf.flows
    x = batch()
    mask = torch.tensor([1.0, 0, 1, 0])
    mlp = lambda i, o: nf.nets.MLP([i, 8, o])  # noqa: E731

    def of(layer, shape=FEATURES):
        def make():
            made = layer()
            # An ActNorm takes its values from the first batch.
            if "ActNorm" in repr(made):
                made.inverse(x if isinstance(shape, int) else pixels())
            return nf.NormalizingFlow(nf.distributions.DiagGaussian(shape), [made])

        return make

    layers = {
        "Planar": lambda: f.Planar((4,), act="leaky_relu"),
        "AffineConstFlow": lambda: f.AffineConstFlow((4,)),
        "ActNorm": lambda: f.ActNorm((4,)),
        "MaskedAffineFlow": lambda: f.MaskedAffineFlow(mask, mlp(4, 4), mlp(4, 4)),
        "AffineCouplingBlock": lambda: f.AffineCouplingBlock(mlp(2, 4), scale_map="sigmoid"),
        "MaskedAffineAutoregressive": lambda: f.MaskedAffineAutoregressive(4, 8),
        "CoupledRationalQuadraticSpline": lambda: f.CoupledRationalQuadraticSpline(4, 1, 8, num_bins=4),
        "AutoregressiveRationalQuadraticSpline": lambda: f.AutoregressiveRationalQuadraticSpline(4, 1, 8, num_bins=4),
        "CircularCoupledRationalQuadraticSpline": lambda: f.CircularCoupledRationalQuadraticSpline(4, 1, 8, [0, 2], num_bins=4),
        "CircularAutoregressiveRationalQuadraticSpline": lambda: f.CircularAutoregressiveRationalQuadraticSpline(
            4, 1, 8, [0, 2], num_bins=4
        ),
        "LULinearPermute": lambda: f.LULinearPermute(4),
        "InvertibleAffine": lambda: f.InvertibleAffine(4),
        "InvertibleAffine of a matrix": lambda: f.InvertibleAffine(4, use_lu=False),
        "Permute": lambda: f.Permute(4),
        "Permute of halves": lambda: f.Permute(4, mode="swap"),
        "PeriodicWrap": lambda: f.PeriodicWrap([1], 2.0),
        "PeriodicShift": lambda: f.PeriodicShift([1], 2.0, 0.5),
        "Reverse": lambda: f.Reverse(f.MaskedAffineAutoregressive(4, 8)),
        "Composite": lambda: f.Composite([f.LULinearPermute(4), f.AffineConstFlow((4,))]),
    }
    images = {
        "Invertible1x1Conv": (lambda: f.Invertible1x1Conv(4, use_lu=True), IMAGE),
        "GlowBlock": (lambda: f.GlowBlock(4, 8), IMAGE),
        "Squeeze": (f.Squeeze, (16, 1, 1)),
    }
    d = nf.distributions.base
    bases = {
        "AffineGaussian": lambda: d.AffineGaussian(4, (4,)),
        "GaussianMixture": lambda: d.GaussianMixture(3, 4),
        "GaussianPCA": lambda: d.GaussianPCA(4, 4),
        "Uniform": lambda: d.Uniform(4, -50.0, 50.0),
        "UniformGaussian": lambda: d.UniformGaussian(4, [1], torch.tensor([1.0, 100, 1, 1])),
    }
    plane = batch(features=2)

    def from_base(base):
        return lambda: nf.NormalizingFlow(base(), [f.AffineCouplingBlock(mlp(2, 4))])

    return {
        **{name: (of(layer), x, None) for name, layer in layers.items()},
        **{name: (of(layer, shape), pixels(), None) for name, (layer, shape) in images.items()},
        **{f"NormalizingFlow from {name}": (from_base(base), x, None) for name, base in bases.items()},
        "NormalizingFlow from GlowBase": (
            lambda: nf.NormalizingFlow(d.GlowBase(IMAGE), [f.Invertible1x1Conv(4)]),
            pixels(),
            None,
        ),
        # Of two features its log-det is exact.
        "Residual": (of(lambda: f.Residual(nf.nets.LipschitzMLP([2, 8, 2])), 2), plane, None),
        "ConditionalNormalizingFlow": (
            lambda: nf.ConditionalNormalizingFlow(
                nf.distributions.base.ConditionalDiagGaussian(4, mlp(3, 8)),
                [f.MaskedAffineAutoregressive(4, 8, context_features=3), f.LULinearPermute(4)],
            ),
            x,
            condition(),
        ),
        "ClassCondFlow": (
            lambda: nf.ClassCondFlow(nf.distributions.ClassCondDiagGaussian(4, 3), [f.AffineCouplingBlock(mlp(2, 4))]),
            x,
            torch.eye(3).repeat(11, 1)[:32],
        ),
    }


def _zuko():
    import zuko

    t, f = zuko.transforms, zuko.flows
    x, unit = batch(), batch().sigmoid()
    one, two = torch.linspace(-1, 1, 4), torch.linspace(-1, 1, 32).reshape(4, 8)
    matrix = torch.linspace(-1, 1, 16).reshape(4, 4)

    def of(*layers, base=None):
        return f.Flow(layers, base or f.UnconditionalDistribution(zuko.distributions.DiagNormal, one, one.exp(), buffer=True))

    #: Classes and their parameters; data between 0 and 1 are in the domain of each.
    transforms = {
        t.AdditiveTransform: [one],
        t.BernsteinTransform: [two],
        t.BoundedBernsteinTransform: [two],
        t.CircularShiftTransform: [],
        t.CosTransform: [],
        t.GaussianizationTransform: [two, two],
        t.IdentityTransform: [],
        t.LULinearTransform: [matrix],
        t.MonotonicAffineTransform: [one, one],
        t.MonotonicRQSTransform: [two, two, two[:, 1:]],
        t.RotationTransform: [matrix],
        t.SOSPolynomialTransform: [two.reshape(4, 2, 4)],
        t.SignedPowerTransform: [one],
        t.SinTransform: [],
        t.SoftclipTransform: [],
    }
    coupling = lambda: f.GeneralCouplingTransform(4, hidden_features=(8,))  # noqa: E731
    return {
        **{
            kind.__name__: (lambda kind=kind, given=given: of(f.UnconditionalTransform(kind, *given)), unit, None)
            for kind, given in transforms.items()
        },
        "PermutationTransform": (
            lambda: of(f.UnconditionalTransform(t.PermutationTransform, torch.tensor([2, 0, 3, 1]), buffer=True)),
            x,
            None,
        ),
        "LazyInverse": (lambda: of(f.MaskedAutoregressiveTransform(4, hidden_features=(8,)).inv, coupling()), x, None),
        "Flow of one transform": (lambda: f.Flow(coupling(), of(coupling()).base), x, None),
        "Flow from GMM": (lambda: of(coupling(), base=f.GMM(4, components=2)), x, None),
    }


def _freia():
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    x = batch()
    matrix = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)))[0] * 1.5

    def net(inputs, outputs):
        return torch.nn.Sequential(torch.nn.Linear(inputs, 8), torch.nn.ReLU(), torch.nn.Linear(8, outputs))

    def of(module, shape=(FEATURES,), kind=ff.SequenceINN, **arguments):
        def make():
            inn = kind(*shape)
            inn.append(module, **arguments)
            # An ActNorm takes its values from the first batch.
            if module is fm.ActNorm:
                inn(x)
            return inn

        return make

    def node(module, **arguments):
        def make():
            start = ff.InputNode(FEATURES)
            layer = ff.Node(start, module, arguments)
            return ff.ReversibleGraphNet([start, layer, ff.OutputNode(layer)], verbose=False)

        return make

    couplings = ["NICECouplingBlock", "RNVPCouplingBlock", "GLOWCouplingBlock", "GINCouplingBlock", "AffineCouplingOneSided"]
    vectors = {
        **{name: of(getattr(fm, name), subnet_constructor=net) for name in couplings},
        "AllInOneBlock": of(fm.AllInOneBlock, subnet_constructor=net, permute_soft=True),
        "AllInOneBlock with reflections": of(fm.AllInOneBlock, subnet_constructor=net, learned_householder_permutation=2),
        "PermuteRandom": of(fm.PermuteRandom, seed=1),
        "FixedLinearTransform": of(fm.FixedLinearTransform, M=matrix, b=torch.ones(4)),
        "InvertibleSigmoid": of(fm.InvertibleSigmoid),
        "ActNorm": of(fm.ActNorm),
        "InvAutoAct": of(fm.InvAutoAct),
        "InvAutoActFixed": of(fm.InvAutoActFixed, learnable=False),
        "InvAutoActTwoSided": of(fm.InvAutoActTwoSided),
        "InvAutoFC": of(fm.InvAutoFC),
        "LearnedElementwiseScaling": of(fm.LearnedElementwiseScaling),
        "OrthogonalTransform": of(fm.OrthogonalTransform),
        "HouseholderPerm": of(fm.HouseholderPerm, n_reflections=2),
        "Reshape": of(fm.Reshape, output_dims=(4, 1, 1)),
        "ReversibleSequential": of(fm.RNVPCouplingBlock, kind=ff.ReversibleSequential, subnet_constructor=net),
        "ReversibleGraphNet": node(fm.GLOWCouplingBlock, subnet_constructor=net),
    }
    images = {
        "Fixed1x1Conv": of(fm.Fixed1x1Conv, IMAGE, M=matrix),
        "InvAutoConv2D": of(fm.InvAutoConv2D, IMAGE),
        "IRevNetDownsampling": of(fm.IRevNetDownsampling, IMAGE),
        "IRevNetUpsampling": of(fm.IRevNetUpsampling, IMAGE),
        "HaarDownsampling": of(fm.HaarDownsampling, IMAGE),
        "HaarUpsampling": of(fm.HaarUpsampling, IMAGE),
        "Flatten": of(fm.Flatten, IMAGE),
    }
    return {
        **{name: (layer, x, None) for name, layer in vectors.items()},
        **{name: (layer, pixels(), None) for name, layer in images.items()},
        # Of one feature its estimate of a trace is exact.
        "IResNetLayer": (of(fm.IResNetLayer, (1,), internal_size=4), x[:, :1], None),
        "ConditionalAffineTransform": (
            of(fm.ConditionalAffineTransform, subnet_constructor=net, cond=0, cond_shape=(3,)),
            x,
            condition(),
        ),
    }


LAYERS = {
    f"{library} {name}": row
    for library, rows in (("nflows", _nflows()), ("zuko", _zuko()), ("normflows", _normflows()), ("FrEIA", _freia()))
    for name, row in rows.items()
}


def layer(name):
    """The flow away from the identity, its data and its context."""
    make, x, context = LAYERS[name]
    torch.manual_seed(0)
    return shaken(make()), x, context
