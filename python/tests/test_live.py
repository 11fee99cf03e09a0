"""A flow that runs answers the inspector's questions with the numbers of its library, and stays what it was."""

import base64
import json
import os
import re
import subprocess
import time

import nflows.distributions
import nflows.flows
import nflows.transforms
import numpy as np
import pytest
import torch
import zuko
from flows import Mix, Scale, batch
from safetensors.numpy import load

from flowscope import Live, Step, bridge

VALIDATION = {"split": "validation", "count": 64}


def ask(live, *asked):
    """Answers of the inspector's own code, in a process of Node."""
    script = ["node", os.environ["FLOWSCOPE_ASK_LIVE"]]
    process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def put(what):
        process.stdin.write(json.dumps(what) + "\n")
        process.stdin.flush()

    questions = [dict(zip(("method", "query", "context"), one, strict=False)) for one in asked]
    put({"recording": base64.b64encode(live.recording).decode(), "asked": questions})
    for line in process.stdout:
        said = json.loads(line)
        if "answers" in said:
            process.stdin.close()
            assert process.wait(timeout=20) == 0
            return [one["answer"] for one in said["answers"]], [one["requests"] for one in said["answers"]]
        reply = live.answer(json.dumps({"version": live.version, **said["request"]}))
        if "bytes" in reply:
            reply["bytes"] = base64.b64encode(reply["bytes"]).decode()
        put(reply)
    raise AssertionError(f"Node ended with {process.wait()}.")


def values(x):
    return {"example": {"kind": "values", "values": [float(v) for v in x]}, "batch": VALIDATION, "mode": "eval"}


def array(answer):
    return np.array([float(v) for v in answer["data"]]).reshape(answer["shape"])


def spline(features=2, context=0):
    torch.manual_seed(0)
    flow = zuko.flows.NSF(features, context, transforms=3, hidden_features=(32, 32))
    with torch.no_grad():
        for p in flow.parameters():
            p.mul_(2.0)
    return flow


def nflows_flow():
    torch.manual_seed(1)
    transforms = []
    for _ in range(3):
        transforms += [
            nflows.transforms.MaskedAffineAutoregressiveTransform(4, 16),
            nflows.transforms.ReversePermutation(4),
        ]
    return nflows.flows.Flow(nflows.transforms.CompositeTransform(transforms), nflows.distributions.StandardNormal([4]))


@pytest.mark.parametrize("make", [lambda: spline(4), nflows_flow], ids=["zuko", "nflows"])
def test_other_examples_have_the_likelihood_of_the_library(make):
    flow = make()
    live = Live(flow, torch.randn(32, 4))
    x = torch.randn(4)
    log_prob = (flow().log_prob(x) if isinstance(flow, zuko.flows.NSF) else flow.log_prob(x[None])[0]).item()
    (strip, layer, scores), requests = ask(
        live,
        ("strip", values(x)),
        ("layer", {**values(x), "layer": 1}),
        ("edited", {"example": values(x)["example"], "edits": []}),
    )
    assert -strip["example"]["nats"] == pytest.approx(log_prob, abs=1e-4)
    assert scores["nats"] == pytest.approx(-log_prob, abs=1e-4)
    np.testing.assert_allclose(array(scores["values"]), x.numpy(), atol=1e-4)
    h = x[None]
    for step in live._subject.chain.steps[:2]:
        h = step.forward(h, None)[0]
    output = next(one for one in layer["tensors"] if one["name"] == "y")
    np.testing.assert_allclose([float(v) for v in output["data"]], h[0].detach().numpy(), atol=1e-5)
    # The example was asked for once; its layers are in the answer.
    assert requests[1] == 0


def test_what_was_recorded_is_not_asked_for():
    live = Live(spline(4), torch.randn(32, 4))
    selection = {"example": {"kind": "data", "split": "validation", "index": 3}, "batch": VALIDATION, "mode": "eval"}
    _, requests = ask(
        live,
        ("strip", selection),
        ("jacobian", {**selection, "layer": 1, "around": -1, "count": 8}),
        ("diagnostics", selection),
        ("samples", {"count": 64, "seed": 0, "temperature": 1}),
    )
    assert requests == [0, 0, 0, 0]


def test_an_example_that_is_asked_for_is_as_it_was_recorded():
    live = Live(spline(4), torch.randn(32, 4))
    recorded = load(live.recording)
    again = load(request(live, "inside", h=encoded(recorded["x"][5:9]))["bytes"])
    for name, values_of_all in recorded.items():
        if name.startswith("layers.") and len(values_of_all) == 32:
            np.testing.assert_allclose(again[name], values_of_all[5:9], rtol=1e-6, atol=1e-6, err_msg=name)


def test_samples_latents_and_jacobians_are_those_of_the_flow():
    flow = spline(3)
    live = Live(flow, torch.randn(32, 3))
    x = torch.randn(3)
    moved = [{"element": 1, "value": 0.75}]
    (samples, edited, latents, jacobian), _ = ask(
        live,
        ("samples", {"count": 40, "seed": 5, "temperature": 0.5}),
        ("edited", {"example": values(x)["example"], "edits": moved}),
        ("latents", {"example": values(x)["example"]}),
        ("jacobian", {**values(x), "layer": 0, "around": -1, "count": 8}),
    )
    transform = flow().transform
    z = transform(x).detach()
    np.testing.assert_allclose([float(v) for v in latents["z"]], z.numpy(), atol=1e-5)
    z[1] = 0.75
    expected = transform.inv(z).detach()
    np.testing.assert_allclose(array(edited["values"]), expected.numpy(), atol=1e-4)
    assert edited["nats"] == pytest.approx(-flow().log_prob(expected).item(), abs=1e-3)
    first = live._subject.chain.steps[0]
    by_torch = torch.autograd.functional.jacobian(lambda h: first.forward(h[None], None)[0][0], x)
    np.testing.assert_allclose(array(jacobian["matrix"]), by_torch.numpy(), atol=1e-5)
    # At half the temperature the latents of the samples have half the spread.
    back = transform(torch.tensor(array(samples["values"]), dtype=torch.float32)).detach()
    assert back.std().item() == pytest.approx(0.5, abs=0.1)


def test_the_plane_is_the_density_of_the_library():
    flow = spline()
    live = Live(flow, torch.randn(64, 2))
    pixels = 24
    answers, _ = ask(live, *[("planeDensity", {"batch": VALIDATION, "stage": stage, "pixels": pixels}) for stage in range(4)])
    for stage, answer in enumerate(answers):
        density = array(answer["density"])
        (left, right), (bottom, top) = answer["bounds"]["x"], answer["bounds"]["y"]
        middle = (np.arange(pixels) + 0.5) / pixels
        across, down = np.meshgrid(left + (right - left) * middle, top - (top - bottom) * middle)
        h = torch.tensor(np.stack([across, down], -1).reshape(-1, 2), dtype=torch.float32)
        rest, log_det = h, 0.0
        for step in live._subject.chain.steps[stage:]:
            rest, add = step.forward(rest, None)
            log_det = log_det + add
        prior = torch.distributions.Normal(0, 1).log_prob(rest).sum(-1)
        np.testing.assert_allclose(density.ravel(), (prior + log_det).exp().detach().numpy(), rtol=2e-3, atol=1e-6)


def test_a_chosen_condition_is_what_the_flow_is_given():
    flow = spline(2, context=3)
    x, context = torch.randn(32, 2), torch.randn(32, 3)
    live = Live(flow, x, context)
    chosen = [0.3, -1.2, 0.8]
    selection = {"example": {"kind": "data", "split": "validation", "index": 3}, "batch": VALIDATION, "mode": "eval"}
    block = {**selection, "layer": 0, "around": -1, "count": 8}
    (own, other, samples, jacobian, recorded), requests = ask(
        live,
        ("strip", selection),
        ("strip", selection, chosen),
        ("samples", {"count": 30, "seed": 1, "temperature": 1}, chosen),
        ("jacobian", block, chosen),
        ("jacobian", block),
    )
    first = live._subject.chain.steps[0].forward
    for found, condition in ((jacobian, torch.tensor(chosen)), (recorded, context[3])):
        expected = torch.autograd.functional.jacobian(lambda h, c=condition: first(h[None], c[None])[0][0], x[3])
        np.testing.assert_allclose(array(found["matrix"]), expected.numpy(), atol=1e-5)
    assert -own["example"]["nats"] == pytest.approx(flow(context[3]).log_prob(x[3]).item(), abs=1e-4)
    expected = flow(torch.tensor(chosen)).log_prob(x[3]).item()
    assert -other["example"]["nats"] == pytest.approx(expected, abs=1e-4)
    assert abs(expected - flow(context[3]).log_prob(x[3]).item()) > 1e-3
    assert requests[0] == 0 and requests[1] > 0
    z = flow(torch.tensor(chosen)).transform(torch.tensor(array(samples["values"]), dtype=torch.float32)).detach()
    assert abs(z.mean().item()) < 0.4 and 0.7 < z.std().item() < 1.3


def test_another_base_draws_for_itself():
    torch.manual_seed(2)
    base = nflows.distributions.ConditionalDiagonalNormal([2], context_encoder=torch.nn.Linear(1, 4))
    transforms = [nflows.transforms.MaskedAffineAutoregressiveTransform(2, 8, context_features=1)]
    flow = nflows.flows.Flow(nflows.transforms.CompositeTransform(transforms), base)
    context = torch.randn(16, 1)
    live = Live(flow, torch.randn(16, 2), context)
    query = {"count": 400, "seed": 3, "temperature": 1}
    (samples, again, cold), _ = ask(
        live, ("samples", query, [0.5]), ("samples", query, [0.5]), ("samples", {**query, "temperature": 0.5}, [0.5])
    )
    assert samples == again
    assert "temperature" in cold["said"]
    drawn = flow.sample(4000, context=torch.tensor([[0.5]]))[0].detach()
    np.testing.assert_allclose(array(samples["values"]).mean(0), drawn.mean(0).numpy(), atol=4 * drawn.std().item() / 20)


def test_images_keep_their_axes():
    class Brighten(torch.nn.Module):
        """Each channel by a factor of its own."""

        def forward(self, h):
            scale = torch.tensor([1.0, 2.0, 4.0]).reshape(1, 3, 1, 1)
            return h * scale, torch.log(scale).sum() * h[0, 0].numel()

        def inverse(self, y):
            return y / torch.tensor([1.0, 2.0, 4.0]).reshape(1, 3, 1, 1)

    x = torch.rand(8, 3, 4, 4)
    live = Live([Brighten()], x)
    pixels = np.random.default_rng(0).random((4, 4, 3)).astype(np.float32)
    (layer, edited), _ = ask(
        live,
        ("layer", {**values(pixels.ravel()), "layer": 0}),
        ("edited", {"example": values(pixels.ravel())["example"], "edits": []}),
    )
    output = next(one for one in layer["tensors"] if one["name"] == "y")
    np.testing.assert_allclose(np.reshape([float(v) for v in output["data"]], (4, 4, 3)), pixels * [1, 2, 4], rtol=1e-5)
    np.testing.assert_allclose(array(edited["values"]), pixels, rtol=1e-5)


def test_functions_of_jax_and_numpy_arrays_answer_too():
    jnp = pytest.importorskip("jax.numpy")
    bend = Step.of_arrays(
        "bend",
        lambda h, c: (jnp.sinh(h), jnp.log(jnp.cosh(h)).sum(-1)),
        lambda y, c: np.arcsinh(y),
    )
    stretch = Step.of_arrays("stretch", lambda h, c: (h * 2, np.full(len(h), 2 * np.log(2.0))), lambda y, c: y / 2)
    live = Live(None, torch.randn(16, 2), layers=[bend, stretch])
    x = np.array([0.3, -0.7])
    (strip, jacobian, edited), _ = ask(
        live,
        ("strip", values(x)),
        ("jacobian", {**values(x), "layer": 0, "around": -1, "count": 8}),
        ("edited", {"example": values(x)["example"], "edits": []}),
    )
    z = 2 * np.sinh(x)
    log_prob = -0.5 * (z**2 + np.log(2 * np.pi)).sum() + np.log(2 * np.cosh(x)).sum()
    assert -strip["example"]["nats"] == pytest.approx(log_prob, abs=1e-5)
    np.testing.assert_allclose(array(jacobian["matrix"]), np.diag(np.cosh(x)), atol=1e-6)
    np.testing.assert_allclose(array(edited["values"]), x, atol=1e-6)


def encoded(x):
    x = np.ascontiguousarray(x, dtype="<f4")
    return {"shape": list(x.shape), "data": base64.b64encode(x.tobytes()).decode()}


def request(live, op, **rest):
    return live.answer(json.dumps({"op": op, "version": live.version, **rest}))


def test_the_flow_stays_what_it_was():
    flow = torch.nn.ModuleList([Scale(), torch.nn.Sequential(Mix())[0]])
    flow.train()
    flow[1].eval()
    first = next(flow.parameters())
    first.grad = torch.full_like(first, 7.0)
    state = {name: value.clone() for name, value in flow.state_dict().items()}
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    live = Live(flow, batch(8))
    for op in ("inside", "forward"):
        assert "bytes" in request(live, op, h=encoded(np.random.default_rng(0).normal(size=(4, 4))))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first.grad, torch.full_like(first, 7.0))
    assert flow[0].training and not flow[1].training
    assert all(torch.equal(value, state[name]) for name, value in flow.state_dict().items())
    assert not live.changed()


@pytest.mark.parametrize("change", ["in place", "by an optimizer", "by another tensor"])
def test_other_weights_are_never_mixed_with_the_recording(change):
    flow = spline()
    live = Live(flow, torch.randn(16, 2))
    before = live.version
    if change == "in place":
        with torch.no_grad():
            next(flow.parameters()).mul_(1.5)
    elif change == "by an optimizer":
        optimizer = torch.optim.SGD(flow.parameters(), 0.1)
        (-flow().log_prob(torch.randn(8, 2)).mean()).backward()
        optimizer.step()
    else:
        flow.load_state_dict({name: value * 1.5 for name, value in flow.state_dict().items()})
    assert live.changed()
    for op, rest in (("state", {}), ("forward", {"h": encoded(np.zeros((1, 2)))})):
        assert request(live, op, **rest) == {"version": before, "changed": True}
    again = request(live, "record")
    assert again["version"] != before and not live.changed()
    x = torch.tensor([[0.4, -0.2]])
    found = load(request(live, "forward", h=encoded(x.numpy()))["bytes"])
    log_prob = found["prior"] + sum(value for name, value in found.items() if name.startswith("log_det"))
    assert log_prob[0] == pytest.approx(flow().log_prob(x[0]).item(), abs=1e-5)
    # A page that still shows the first recording is not answered either.
    assert live.answer(json.dumps({"op": "state", "version": before}))["changed"]


def test_what_the_flow_raises_names_the_layer():
    class Breaks(torch.nn.Module):
        broken = False

        def forward(self, h):
            if self.broken:
                raise RuntimeError("the matrix is singular")
            return h, torch.zeros(len(h))

        def inverse(self, y):
            return y

    layer = Breaks()
    live = Live([Scale(), layer], batch(8))
    layer.broken = True
    for operation in ("forward", "inside"):
        reply = request(live, operation, h=encoded(np.zeros((1, 4))))
        assert reply["error"] == "RuntimeError in 1 (Breaks): the matrix is singular"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"op": "run"}', '{"op": "forward"}', '{"op": "forward", "h": {"shape": [9, 9], "data": "AAAA"}}'],
)
def test_what_is_no_request_is_answered_with_an_error(text):
    live = Live([Scale()], batch(8))
    asked = text.replace("{", f'{{"version": "{live.version}", ', 1) if text.startswith('{"') else text
    reply = live.answer(asked)
    assert "error" in reply or reply.get("changed"), reply


def test_a_long_answer_says_what_it_would_take(monkeypatch):
    def slow(h, context):
        time.sleep(0.01 * len(h))
        return h, torch.zeros(len(h))

    live = Live(None, batch(2), layers=[Step("slow", slow, lambda y, c: y)])
    monkeypatch.setattr("flowscope.live.PATIENCE", 0.5)
    asked = {"h": encoded(np.zeros((160, 4)))}
    assert request(live, "forward", **asked)["costs"] == pytest.approx(1.6, rel=0.5)
    assert "bytes" in request(live, "forward", anyway=True, **asked)
    assert "bytes" in request(live, "backward", **asked)
    assert "at most" in request(live, "draw", count=2**30)["error"]


def unpacked(text):
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", text)
    return json.loads(base64.b64decode(text))


def test_an_editor_is_answered_in_text_that_no_debugger_changes():
    flow = spline()
    names = {"x": torch.randn(8, 2), "wide": torch.randn(8, 5), "y": np.zeros((4, 2)), "_x": torch.randn(8, 2), "step": 3}
    assert unpacked(bridge.batches(flow, names)) == {"batches": [["x"], ["y"]]}
    opened = unpacked(bridge.open_flow("a", flow, names["x"]))
    assert opened["title"] == "NSF" and load(base64.b64decode(opened["bytes"]))["x"].shape == (8, 2)
    asked = {"op": "forward", "version": opened["version"], "h": encoded(np.zeros((1, 2)))}
    reply = unpacked(bridge.answer("a", json.dumps(asked)))
    expected = flow().log_prob(torch.zeros(2)).item()
    found = load(base64.b64decode(reply["bytes"]))
    log_prob = sum(float(value[0]) for name, value in found.items() if not name.startswith("outputs"))
    assert log_prob == pytest.approx(expected, abs=1e-5)
    assert "Open it again" in unpacked(bridge.answer("b", "{}"))["error"]
    assert "no layers were found" in unpacked(bridge.batches(torch.nn.Linear(2, 2), names))["error"]


def test_a_conditional_flow_is_offered_with_its_condition():
    names = {"x": torch.randn(8, 2), "c": torch.randn(8, 3), "other": torch.randn(5, 3)}
    assert unpacked(bridge.batches(spline(2, context=3), names)) == {"batches": [["x", "c"]]}
