"""`flowscope check`: a function of a Python file as the target, run by the engine in a process of its own."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from flows import nflows_flow, zuko_flow

import flowscope
from flowscope.checks import effective, smoothed
from flowscope.flows import Step, chain_of
from flowscope.target import evaluate, load, serve

CLI = ["node", os.environ.get("FLOWSCOPE_CLI", str(Path(__file__).resolve().parents[2] / "dist" / "cli.js"))]

#: N(m, diag(s²)) of two features, unnormalized by exp(3): its log evidence is log(2π · s₁ · s₂) + 3.
TARGET = """
import numpy as np

print("words of the file do not get in the way")
CENTER, DEVIATION = np.array([0.5, 0.25]), np.array([0.6, 0.35])


def log_prob(x):
    return 3 - (((x - CENTER) / DEVIATION) ** 2).sum(1) / 2


def half(x):
    return np.where(x[:, 0] > CENTER[0], log_prob(x), -np.inf)


def holes(x):
    return np.where(x[:, 0] > 0, log_prob(x), np.nan)


def wrong(x):
    return log_prob(x)[:-1]


def breaks(x):
    raise ArithmeticError("no luck")


def joint(x, c):
    return log_prob(x - c)
"""


def command(*words):
    env = {**os.environ, "FLOWSCOPE_PYTHON": sys.executable}
    return subprocess.run([*CLI, *words], capture_output=True, text=True, env=env)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A flow that has hardly learned: N(0, 1) in the units of its data, nearly."""
    run = tmp_path_factory.mktemp("check") / "run"
    done = command("train", "--data=moons", "--preset=realnvp", f"--output={run}", "--max-steps=1", "--backend=onnxruntime")
    assert done.returncode == 0, done.stderr
    return run


@pytest.fixture
def target(tmp_path):
    file = tmp_path / "target.py"
    file.write_text(TARGET, encoding="utf8")
    return file


def check(model, target, *more):
    done = command("check", str(model), f"--target={target}", "--draws=4000", "--json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_evidence_is_that_of_the_target(model, target, tmp_path):
    rows = np.random.default_rng(1).normal(size=(4000, 2)) * [0.6, 0.35] + [0.5, 0.25]
    np.save(tmp_path / "rows.npy", rows.astype(np.float32))
    found = check(model, target, f"--input={tmp_path / 'rows.npy'}")
    truth = np.log(2 * np.pi * 0.6 * 0.35) + 3
    for by in (found["logEvidence"], found["rows"]["logEvidence"]):
        assert abs(by["value"] - truth) < 4 * by["error"] and by["error"] < 0.05, by
    weights = np.exp([0 if one["logWeight"] is None else one["logWeight"] for one in found["worst"]])
    assert weights.max() > 1
    assert 0 < found["ess"] <= found["draws"] == 4000
    assert found["efficiency"]["low"] <= found["efficiency"]["value"] <= 1
    done = command("check", str(model), f"--target={target}:half", "--draws=500", f"--input={tmp_path / 'rows.npy'}")
    assert done.returncode == 1
    assert "rows that are said to be of it" in done.stderr
    for feature, (center, deviation) in zip(found["features"], ((0.5, 0.6), (0.25, 0.35)), strict=True):
        assert abs(feature["mean"]["target"] - center) < 0.06
        assert abs(feature["deviation"]["target"] / deviation - 1) < 0.1


def test_what_is_outside_of_the_support_is_counted(model, target):
    found = check(model, f"{target}:half")
    assert 0.3 < found["leakage"]["share"] < 0.7
    truth = np.log(np.pi * 0.6 * 0.35) + 3
    assert abs(found["logEvidence"]["value"] - truth) < 4 * found["logEvidence"]["error"]
    outside = [one for one in found["worst"] if one["kind"] == "outside"]
    assert outside and all(one["logWeight"] is None and one["x"][0] <= 0.5 for one in outside)
    assert "leakage" in [one["kind"] for one in found["findings"] if one["severity"] == "notice"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("holes", "log density is NaN for"),
        ("wrong", "returned an array of shape"),
        ("breaks", "ArithmeticError: no luck"),
        ("nothing", "has no function nothing"),
    ],
)
def test_what_is_wrong_with_a_target_is_said(model, target, name, words):
    done = command("check", str(model), f"--target={target}:{name}", "--draws=500")
    assert done.returncode == 1
    assert words in done.stderr, done.stderr
    assert "    at " not in done.stderr


def test_a_function_of_two_arguments_gets_the_condition(target):
    joint = load(Path(target), "joint")
    x = np.zeros((3, 2))
    at = np.array([0.5, 0.25])
    assert np.allclose(evaluate(joint, x + at, at), 3 - (np.array([0.5 / 0.6, 0.25 / 0.35]) ** 2).sum() / 2)
    assert np.allclose(evaluate(load(Path(target), "log_prob"), x, at), evaluate(joint, x, np.zeros(2)))


def test_a_file_that_imports_torch_gets_tensors(tmp_path):
    file = tmp_path / "with_torch.py"
    file.write_text(
        "from torch import Tensor\n\n\ndef log_prob(x: Tensor):\n    return -x.square().sum(-1) / 2\n", encoding="utf8"
    )
    assert np.allclose(evaluate(load(file, "log_prob"), np.ones((3, 2)), None), -1)


def test_messages_are_lines_with_bytes_behind_them(target):
    x = np.array([[0.5, 0.25], [1.1, 0.25]], np.float32)
    sink = io.BytesIO()
    source = io.BytesIO(json.dumps({"rows": 2, "features": 2}).encode() + b"\n" + x.tobytes())
    serve(Path(target), "log_prob", 0, source, sink)
    ready, head, body = sink.getvalue().split(b"\n", 2)
    assert json.loads(ready) == {"ready": True}
    assert json.loads(head) == {"rows": 2}
    assert np.allclose(np.frombuffer(body, "<f8"), [3, 2.5])


def test_the_page_works(tmp_path, monkeypatch):
    """docs/check.md as it is written."""
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).resolve().parents[2] / "docs" / "check.md").read_text(encoding="utf8")
    for file, text in re.findall(r"^```python file=(\S+)\n(.*?)^```$", page, re.M | re.S):
        Path(file).write_text(text, encoding="utf8")
    printed = []
    for line in "".join(re.findall(r"^```sh walk\n(.*?)^```$", page, re.M | re.S)).splitlines():
        first, *words = shlex.split(line)
        if first == "python":
            subprocess.run([sys.executable, *words], check=True)
            continue
        done = command(*words)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    _, without, _, within, sampled, validation, held_out, outside = printed
    assert "outside of the support, where the target has no mass" in without
    assert "No draw is outside of the support." in within
    weighted = np.load("weighted.npz")
    v = weighted["x"][:, 0]
    # The density integrates to √(2π · 2.25) · √(2π) · (1 − e⁻²) / 2.
    truth = np.log(2 * np.pi * 1.5 * (1 - np.exp(-2)) / 2)
    evidence = np.log(np.exp(weighted["log_weight"]).mean())
    assert abs(evidence - truth) < 0.05, (evidence, truth)
    assert abs((weighted["weight"] * v).mean()) < 0.15
    assert abs(weighted["weight"].mean() - 1) < 1e-6
    assert "Log evidence" in sampled
    assert "are outside of the prior." in outside
    for found in validation, held_out, outside:
        assert re.search("A classifier (tells|cannot tell) the latents of examples from draws", found), found
        assert re.search("A classifier (tells|cannot tell) draws from examples", found), found


@pytest.mark.parametrize(
    ("n", "shape", "k", "largest", "ess"),
    [
        (1000, 0.6, 0.6186053956882753, 0.04083767012894537, 240.0347473560771),
        (5000, 0.9, 0.91133641673491, 0.12349572324091211, 49.33118910119033),
    ],
)
def test_weights_are_smoothed_as_arviz_does(n, shape, k, largest, ess):
    """Numbers of ArviZ 0.23.4."""
    i = np.arange(n)
    weights, found, _ = smoothed(-shape * np.log1p(-((i * 7919) % n + 0.5) / n) + 0.1 * np.sin(i))
    weights = np.exp(weights)
    assert abs(found - k) < 1e-9
    assert abs(weights.max() / weights.sum() / largest - 1) < 1e-9
    assert abs(effective(weights) / ess - 1) < 1e-9


@pytest.mark.parametrize("make", [nflows_flow, zuko_flow])
def test_a_live_flow_is_checked_and_its_layer_named(make):
    right, spoiled = make(), make()
    index = 2 if make is nflows_flow else 1
    steps = chain_of(spoiled, None).steps
    layer, stretch = steps[index], 1.1

    def forward(h, c):
        y, log_det = layer.forward(h, c)
        return y * stretch, log_det + 4 * np.log(stretch)

    faulty = [
        *steps[:index],
        Step(layer.name, forward, lambda h, c: layer.inverse(h / stretch, c), layer.module),
        *steps[index + 1 :],
    ]
    random = torch.get_rng_state()
    found = flowscope.check(faulty, right.log_prob if make is nflows_flow else right().log_prob, draws=4000, features=4)
    assert torch.equal(random, torch.get_rng_state())
    assert found.blame.named == layer.name, str(found)
    assert found.blame.removed[layer.name] > 0.9
    assert abs(found.log_evidence) < 4 * found.log_evidence_error + 0.01
    assert abs(found.weights.mean() - 1) < 1e-6
    assert found.interval[0] <= found.efficiency <= 1 and found.leakage == 0
    assert layer.name in str(found)
    exact = flowscope.check(list(steps), right.log_prob if make is nflows_flow else right().log_prob, draws=1500, features=4)
    assert exact.efficiency > 0.9999 and exact.blame.named is None


def test_holes_in_a_target_are_refused():
    with pytest.raises(ValueError, match="log density is nan for"):
        flowscope.check(nflows_flow(), lambda x: x[:, 0].log(), draws=200, features=4)
    with pytest.raises(ValueError, match="features="):
        flowscope.check([Step("same", lambda h, c: (h, h.new_zeros(len(h))), lambda z, c: z)], lambda x: x[:, 0], draws=200)


def test_log_densities_that_were_computed_before_weigh_their_draws():
    flow = nflows_flow()
    torch.manual_seed(3)
    with torch.no_grad():
        x = flow.sample(2000)
        log_q = flow.log_prob(x)
    log_p = log_q + 0.3 * torch.tanh(x[:, 0]) + 2
    found = flowscope.check(flow, (x.numpy(), log_p.double().numpy()))
    weights = torch.exp((log_p - log_q).double() - 2)
    assert found.draws == 2000
    assert found.ess == pytest.approx(float(weights.sum() ** 2 / (weights**2).sum()), rel=1e-4)
    assert found.log_evidence == pytest.approx(2 + float(weights.mean().log()), abs=1e-4)
    with pytest.raises(ValueError, match="not draws of this flow"):
        flowscope.check(flow, (1.5 * x, log_p))
    with pytest.raises(ValueError, match="have 3 features"):
        flowscope.check(flow, (x[:, :3], log_p))
    with pytest.raises(ValueError, match="expected \\(N, D\\)"):
        flowscope.check(flow, (x[:, 0], log_p))
    with pytest.raises(ValueError, match=r"shape \(1999,\) for 2000"):
        flowscope.check(flow, (x, log_p[:-1]))
