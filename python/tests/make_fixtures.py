"""Writes test/fixtures/recordings: recordings of small flows, and the state dicts of the same flows for the importers.

    python python/tests/make_fixtures.py

Numbers change with other versions of PyTorch and other processors; nothing depends on their values.
"""

import json
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

import torch
from fields import CFM
from flows import Mix, PixelCoupling, Scale, batch, freia_flow, nflows_flow, normflows_flow, shaken, zuko_flow
from safetensors.torch import save_file

import flowscope

FOLDER = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "recordings"
#: What the importers have to be told.
ANSWERS = {"nflows": {}, "zuko": {"univariate": "MonotonicRQSTransform"}, "normflows": {}, "FrEIA": {}}
EXAMPLES = 24


class FixedTime(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 11, 27, 12, 0, tzinfo=tz or timezone.utc)


def nvp():
    from nflows.flows import SimpleRealNVP

    torch.manual_seed(0)
    flow = shaken(SimpleRealNVP(4, 8, 3, 1, batch_norm_between_layers=False))
    return flow


def lively():
    torch.manual_seed(3)
    net = CFM(2)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter *= 1.6
    return net


def later(flow):
    """A few steps on: every layer from the second coupling changed a little."""
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, parameter in flow.named_parameters():
            if not name.startswith("_transform._transforms.0."):
                parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return flow


def save(name, flow, library):
    state = {key: value.contiguous() for key, value in flow.state_dict().items()}
    save_file(state, FOLDER / f"{name}.state.safetensors")
    sidecar = FOLDER / f"{name}.state.safetensors.flowscope.json"
    sidecar.write_text(json.dumps({"library": library.lower(), "answers": ANSWERS[library]}, indent=1) + "\n")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    x = batch(EXAMPLES)
    for name, flow, library in (
        ("nflows", nvp(), "nflows"),
        ("zuko", zuko_flow(), "zuko"),
        ("normflows", normflows_flow(), "normflows"),
        ("freia", freia_flow(), "FrEIA"),
    ):
        flowscope.record(flow, x, path=FOLDER / name, title=type(flow).__name__, step=100, samples=12)
        save(name, flow, library)
    flowscope.record(later(nvp()), x, path=FOLDER / "nflows-later", title="SimpleRealNVP", step=200, samples=12)
    mixed = nflows_flow()
    flowscope.record(mixed, x, path=FOLDER / "mixed", title="Coupling and MAF", activations=["linear"], samples=12)
    conditional, angles = zuko_flow(2), torch.linspace(-1, 1, EXAMPLES)
    flowscope.record(
        conditional,
        x,
        torch.stack([angles, angles**2], 1),
        path=FOLDER / "conditional",
        title="A conditional spline flow",
        context_names=["angle", "its square"],
        samples=12,
    )
    save("conditional", conditional, "zuko")
    flowscope.record([Scale(inverse=False), Mix()], x, path=FOLDER / "own", title="A flow of nobody's library")
    # With kinks and few steps, so that its solver errs.
    field = flowscope.Field(lively(), 2, data_time=1, noise_time=0, call="net(cat(x, t))")
    flowscope.record(field, batch(EXAMPLES, 2), path=FOLDER / "field", title="Flow matching", samples=12, solver=("euler", 20))
    torch.manual_seed(4)
    images = torch.rand(6, 3, 8, 8)
    layers = [PixelCoupling(3, 8, 8), PixelCoupling(3, 8, 8)]
    flowscope.record(layers, images, path=FOLDER / "pixels", title="Pixels", activations=["net.1"], samples=6)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with patch("flowscope.recording.datetime", FixedTime):
        main()
