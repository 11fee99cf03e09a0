"""Measures what docs/recording.md says of the recorder and of flowscope.Run, and docs/results.md of following a
training and of flows that run.

python python/tests/measure.py
"""

import base64
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import flowscope
from flowscope.watching import _Backward


class Coupling(nn.Module):
    """An affine coupling whose halves take turns."""

    def __init__(self, size, hidden, flip):
        super().__init__()
        self.flip, half = flip, size // 2
        self.net = nn.Sequential(
            nn.Linear(half, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, size)
        )

    def forward(self, x):
        a, b = self.halves(x)
        s, t = self.parts(a)
        return self.join(a, b * s.exp() + t), s.sum(1)

    def inverse(self, y):
        a, b = self.halves(y)
        s, t = self.parts(a)
        return self.join(a, (b - t) * (-s).exp())

    def parts(self, a):
        s, t = self.net(a).chunk(2, 1)
        return torch.tanh(s), t

    def halves(self, x):
        return x.chunk(2, 1)[:: -1 if self.flip else 1]

    def join(self, a, b):
        return torch.cat([b, a] if self.flip else [a, b], 1)


def flow(parameters, size=64, layers=8):
    """Couplings with about so many parameters."""
    hidden = int((parameters / layers + (size * 3 // 4) ** 2) ** 0.5) - size * 3 // 4
    return nn.ModuleList(Coupling(size, hidden, index % 2 == 1) for index in range(layers))


def count(layers):
    return sum(parameter.numel() for parameter in layers.parameters())


def seconds(work):
    """By the clock, and of the processor: the first is longer where others use it."""
    started, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - busy


def main(folder):
    x = torch.randn(256, 64)
    for parameters, what in ((5e6, "records"), (1e6, "records and saves a checkpoint of")):
        layers = flow(parameters)
        with flowscope.Run(folder / f"{parameters:.0f}") as run:

            def save(layers=layers, run=run):
                return run.checkpoint(1, layers, x)

            def record(layers=layers):
                return flowscope.record(list(layers), x, path=folder / "large")

            took, busy = min(seconds(record if what == "records" else save) for _ in range(3))
        print(f"{what} {count(layers):,} parameters: {took:.2f} s, {busy:.2f} s of the processor")
    print(f"file: {(folder / 'large.flowrec.safetensors').stat().st_size / 1e6:.1f} MB")
    overhead(folder, x)
    following(folder, x)


def overhead(folder, x):
    """Of a log line each step, beside the steps themselves."""
    step = step_of(flow(1e6), x)
    stepping = logging = 0.0
    with flowscope.Run(folder / "overhead") as run:
        for number in range(200):
            started = time.perf_counter()
            loss = step()
            middle = time.perf_counter()
            run.log(number, loss=loss, lr=1e-4)
            stepping, logging = stepping + middle - started, logging + time.perf_counter() - middle
    print(f"log line: {logging / 200 * 1e6:.0f} µs beside a step of {stepping / 200 * 1e3:.1f} ms, {logging / stepping:.2%}")


def step_of(layers, x):
    optimizer = torch.optim.Adam(layers.parameters(), 1e-4)

    def step():
        h, total = x, 0
        for layer in layers:
            h, log_det = layer(h)
            total = total + log_det
        loss = (0.5 * h**2).sum(1).mean() - total.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def following(folder, x):
    """A loop with and without `watch`, by turns of two steps: the processor's time, since others use it too."""
    layers = flow(1e6)
    step = step_of(layers, x)
    plain, watched = [], []
    with flowscope.watch(layers, folder=folder) as watch:
        listening = _Backward.watching
        for number in range(1600):
            is_watched = number // 2 % 2 == 1
            watch._active, _Backward.watching = is_watched, listening if is_watched else ()
            _, busy = seconds(step)
            (watched if is_watched else plain).append(busy)
        watch._active, _Backward.watching = True, listening
    usual, more = statistics.median(plain), statistics.median(watched)
    print(f"a step: {usual * 1e3:.2f} ms, watched {more * 1e3:.2f} ms, {more / usual - 1:+.2%}")

    # By itself: backward passes that leave the gradients in place, and steps that do nothing.
    loss, optimizer = step(), torch.optim.SGD(layers.parameters(), 0.0)
    gradients = [parameter.grad for parameter in layers.parameters()]
    backward, torch.autograd.backward = torch.autograd.backward, lambda *_, **__: gradients[0].zero_()
    optimizer.step = torch.optim.Optimizer.profile_hook_step(lambda _: None).__get__(optimizer)

    def empty(steps=1000):
        return seconds(lambda: [(loss.backward(), optimizer.step()) for _ in range(steps)])[0] / steps

    try:
        alone = min(empty() for _ in range(5))
        with flowscope.watch(layers, folder=folder):
            cost = min(empty() for _ in range(5)) - alone
    finally:
        torch.autograd.backward = backward
    print(f"watch by itself: {cost * 1e6:.0f} µs a step, {cost / usual:.2%}")

    with flowscope.Tracker(folder / "tracked") as tracker:

        def track():
            for number in range(50_000):
                tracker.log_metric("loss", 1.0, number)
                tracker.log_metric("val", 1.0, number)
            tracker.flush()

        cost = seconds(track)[0] / 50_000
    print(f"Tracker: {cost * 1e6:.0f} µs a step with two measurements, {cost / usual:.2%}")


def live():
    """What a page waits for, of a spline flow: a latent that is moved, and the strip of an example that was not recorded."""
    import zuko

    torch.manual_seed(0)
    flow = zuko.flows.NSF(8, transforms=6, hidden_features=(384, 384))
    count = sum(p.numel() for p in flow.parameters())
    running = flowscope.Live(flow, torch.randn(256, 8))

    def request(op):
        h = np.random.default_rng().normal(size=(1, 8)).astype("<f4")
        sent = {"shape": list(h.shape), "data": base64.b64encode(h.tobytes()).decode()}
        began = time.perf_counter()
        assert "bytes" in running.answer(json.dumps({"op": op, "version": running.version, "h": sent}))
        return 1000 * (time.perf_counter() - began)

    moved = statistics.median(request("backward") + request("forward") for _ in range(25))
    strip = statistics.median(request("inside") for _ in range(25))
    print(f"a spline flow of {count / 1e6:.1f} M parameters: a latent {moved:.0f} ms, an example's strip {strip:.0f} ms")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as made:
        main(Path(made))
    live()
