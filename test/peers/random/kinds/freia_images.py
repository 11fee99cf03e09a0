"""Chains of FrEIA over images: coupling blocks with convolutions, with conditions, downsampling and a Flatten."""

import FrEIA.framework as framework
import FrEIA.modules as modules
import torch
from torch import nn

from case import chance, pick
from kinds.freia import activations, all_in_one_settings, case, choose, clamps, dense, drawn

couplings = {
    "AllInOne": modules.AllInOneBlock,
    "GLOW": modules.GLOWCouplingBlock,
    "GIN": modules.GINCouplingBlock,
    "RNVP": modules.RNVPCouplingBlock,
}


def convolutions(rng, width, activation):
    kernels = pick(rng, [[3, 3], [3, 1, 3], [1, 1], [5, 3]])

    def make(inputs, outputs):
        widths = [inputs, *[width] * (len(kernels) - 1), outputs]
        layers = []
        for i, (kernel, before, after) in enumerate(zip(kernels, widths, widths[1:])):
            layers += [activation()] if i > 0 else []
            layers.append(nn.Conv2d(before, after, kernel, padding=kernel // 2))
        return nn.Sequential(*layers)

    return make


class Chain:
    """Blocks of some kinds, each of which has its arguments and the answers to what no file says of it."""

    def __init__(self, rng, kinds, channels, side):
        self.rng = rng
        self.kinds = kinds
        self.model = framework.SequenceINN(channels, side, side)
        self.parts = []
        self.name, self.answers = drawn(rng)
        self.width = int(rng.integers(4, 13))
        # Only the kinds that are there are asked for.
        own = {kind: {} for kind in kinds}
        self.how = {kind: self.arguments(kind, own[kind]) for kind in kinds}
        self.own = own
        self.haar = {"order_by_wavelet": chance(rng), "rebalance": pick(rng, [1.0, 1.0, 0.5])}

    def arguments(self, kind, answers):
        if kind == "AllInOne":
            return all_in_one_settings(self.rng, answers)
        if kind == "GIN":
            answers["couplingBlock"] = "GINCouplingBlock"
        return {"clamp": clamps(self.rng, answers), "clamp_activation": choose(self.rng, answers, "clampActivation", ["ATAN", "TANH", "SIGMOID"])}

    def block(self, kind, condition=None, flat=False):
        activation = activations[self.name]
        subnet = dense([16], activation) if flat else convolutions(self.rng, self.width, activation)
        seen = {"cond": 0, "cond_shape": condition} if condition else {}
        self.model.append(couplings[kind], subnet_constructor=subnet, **seen, **self.how[kind])
        self.parts.append(kind)

    def add(self, name, module, **how):
        self.model.append(module, **how)
        self.parts.append(name)

    def between(self):
        what = pick(self.rng, ["none", "none", "none", "permute", "actnorm", "1x1"])
        channels = self.model.shapes[-1][0]
        if what == "permute":
            self.add(what, modules.PermuteRandom)
        if what == "actnorm":
            self.add(what, modules.ActNorm)
        if what == "1x1":
            noise = torch.as_tensor(self.rng.normal(size=(channels, channels)), dtype=torch.float32)
            self.add(what, modules.Fixed1x1Conv, M=torch.eye(channels) + 0.3 * noise / channels**0.5)

    def downsample(self):
        if pick(self.rng, ["irevnet", "haar"]) == "irevnet":
            self.add("irevnet", modules.IRevNetDownsampling)
            return
        self.add("haar", modules.HaarDownsampling, **self.haar)
        self.answers["orderByWavelet"] = str(self.haar["order_by_wavelet"])
        self.answers["rebalance"] = self.haar["rebalance"]

    def settled(self):
        """The answers: blocks of one kind are asked for their clamp by its plain name."""
        present = [kind for kind in self.kinds if kind in self.parts]
        answers = dict(self.answers)
        for kind in present:
            own = dict(self.own[kind])
            clamp = own.pop("clamp", 2.0)
            key = "clamp"
            if kind == "AllInOne" and len(present) > 1:
                key = "affineClamping"
            answers |= {**own, key: clamp}
        return answers


def image(rng):
    channels, side = int(pick(rng, [1, 2, 3, 4])), int(pick(rng, [4, 8]))
    # What is the clamp function of one kind of block is that of all but AllInOneBlock.
    kinds = pick(rng, [["AllInOne"], ["GLOW"], ["GIN"], ["RNVP"], ["AllInOne", "GLOW"], ["AllInOne", "RNVP"]])
    chain = Chain(rng, kinds, channels, side)
    given = int(rng.integers(1, 4)) if chance(rng, 0.3) else None
    condition = None
    size = side
    flatten = chance(rng, 0.3)
    for level in range(int(rng.integers(1, 3))):
        shrinks = size >= 4 and (chain.model.shapes[-1][0] == 1 or chance(rng, 0.6))
        # Blocks see conditions of one size.
        if shrinks and not (given and level > 0):
            chain.downsample()
            size //= 2
        condition = (given, size, size) if given else None
        for _ in range(int(rng.integers(1, 3))):
            chain.block(pick(rng, kinds), condition)
            chain.between()
    if flatten and not given:
        chain.add("flatten", modules.Flatten)
        chain.block(kinds[-1], flat=True)
    elif side != 32:
        chain.answers |= {"height": side, "width": side}
    settings = {"parts": chain.parts, "how": {kind: str(how) for kind, how in chain.how.items()}}
    return case(chain.model, rng, (channels, side, side), settings, chain.settled(), condition)


kinds = {"freia-image": image}
