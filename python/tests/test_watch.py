"""Loops that know nothing of Flowscope are followed, and give what they give without it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from flows import Scale, batch, nflows_flow, zuko_flow
from safetensors.torch import load_file
from torch.optim import optimizer as torch_optimizer

import flowscope
from flowscope.run import Run

CLI = os.environ.get("FLOWSCOPE_CLI", str(Path(__file__).resolve().parents[2] / "dist" / "cli.js"))
STEPS = 6


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """zuko turns off the checks of PyTorch's distributions, and Pyro turns them on: the one that is imported last decides."""
    monkeypatch.setattr(torch.distributions.Distribution, "_validate_args", False)


def rows(watched):
    return [json.loads(line) for line in (watched.folder / "metrics.jsonl").read_text().splitlines()]


def status(watched):
    return json.loads((watched.folder / "run.json").read_text())


def loss_of(flow, x):
    """As loops of zuko and nflows have it."""
    return -(flow.log_prob(x) if hasattr(flow, "log_prob") else flow().log_prob(x)).mean()


def somebodys_loop(flow, steps=STEPS, optimizer=torch.optim.Adam, rate=1e-2):
    """Gives the losses. Its batches are drawn, and its gradients clipped."""
    made, losses = optimizer(flow.parameters(), rate), []
    flow.train()
    for _ in range(steps):
        loss = loss_of(flow, torch.randn(16, 4))
        made.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(flow.parameters(), 0.1)
        made.step()
        losses.append(loss.item())
    return losses


def hooks():
    backward, scale = torch.autograd.backward, torch.amp.GradScaler.scale
    before, after = torch_optimizer._global_optimizer_pre_hooks, torch_optimizer._global_optimizer_post_hooks
    return backward, scale, list(before.values()), list(after.values())


@pytest.mark.parametrize("make", [zuko_flow, nflows_flow])
def test_a_loop_gives_what_it_gives_unwatched(make, tmp_path):
    untouched = hooks()
    flow = make()
    torch.manual_seed(3)
    losses, state = somebodys_loop(flow), torch.get_rng_state()

    torch.manual_seed(0)
    watched_flow = make()
    torch.manual_seed(3)
    with flowscope.watch(watched_flow, every=2, folder=tmp_path, x=batch(8), record_every=3) as watched:
        assert somebodys_loop(watched_flow) == losses
        assert torch.equal(torch.get_rng_state(), state)
        assert watched_flow.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(module.training for module in watched_flow.modules())
    for ours, theirs in zip(watched_flow.parameters(), flow.parameters(), strict=True):
        assert torch.equal(ours, theirs) and torch.equal(ours.grad, theirs.grad)
    assert hooks() == untouched

    found = rows(watched)
    assert [row["step"] for row in found] == [1, 2, 3, 4, 5, 6]
    assert [row["trainNats"] for row in found] == losses
    assert [row["learningRate"] for row in found] == [1e-2] * STEPS
    assert [row["step"] for row in found if "gradientNorm" in row and "parameterNorm" in row] == [1, 2, 4, 6]
    assert [row["seconds"] for row in found] == sorted(row["seconds"] for row in found)
    # As it was before the loop clipped it.
    assert found[0]["gradientNorm"] > 0.1
    squares = sum(parameter.detach().square().sum() for parameter in flow.parameters())
    assert found[-1]["parameterNorm"] == pytest.approx(float(squares.sqrt()), rel=1e-5)
    assert status(watched)["status"] == "finished" and "notFinite" not in status(watched)


def test_the_run_opens(tmp_path):
    flow = zuko_flow()
    with flowscope.watch(flow, folder=tmp_path, x=batch(8), record_every=4) as watched:
        somebodys_loop(flow)
    saved = sorted(path.name for path in (watched.folder / "checkpoints").glob("step-*"))
    suffixes = ("flowrec.safetensors", "safetensors")
    assert saved == [f"step-{step:08d}.{suffix}" for step in (4, 6) for suffix in suffixes]
    state = load_file(watched.folder / "checkpoints" / "step-00000006.safetensors")
    assert all(torch.equal(state[name], value) for name, value in flow.state_dict().items())
    info = opened(watched.folder)
    assert info["step"] == 6 and len(info["layers"]) == 2 and info["parameterCount"] > 0


def test_without_a_batch_the_last_state_opens(tmp_path):
    flow = zuko_flow()
    with flowscope.watch(flow, folder=tmp_path) as watched:
        somebodys_loop(flow)
    [file] = (watched.folder / "checkpoints").iterdir()
    assert opened(file)["origin"]["library"] == "zuko"


def opened(path):
    ended = subprocess.run(["node", CLI, "info", str(path), "--json"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_folders_are_named_after_flows(tmp_path):
    flow = zuko_flow()
    names = []
    for name in (None, None, "mine"):
        with flowscope.watch(flow, folder=tmp_path, name=name) as watched:
            names.append(watched.folder.name)
    assert names == [type(flow).__name__.lower(), f"{type(flow).__name__.lower()}-2", "mine"]


def test_a_loop_that_raises_fails(tmp_path):
    untouched, flow = hooks(), zuko_flow()
    with pytest.raises(RuntimeError, match="out of luck"), flowscope.watch(flow, folder=tmp_path) as watched:
        somebodys_loop(flow)
        raise RuntimeError("out of luck")
    assert hooks() == untouched
    assert len(rows(watched)) == STEPS
    assert status(watched)["status"] == "failed" and "out of luck" in status(watched)["message"]


def test_the_first_operation_that_is_not_finite_is_found(tmp_path, caplog):
    """Its third step has a scale that overflows in the second layer."""
    import zuko

    torch.manual_seed(0)
    flow = zuko.flows.NICE(4, transforms=2, hidden_features=(8,), randmask=False)
    overflowing = Scale()
    parts, x = torch.nn.ModuleList([flow, overflowing]), batch()
    optimizer = torch.optim.Adam(parts.parameters(), 1e-3)
    with flowscope.watch(parts, every=50, folder=tmp_path) as watched:
        for step in range(5):
            if step == 2:
                with torch.no_grad():
                    overflowing.s.fill_(200.0)
            y, log_det = overflowing(x)
            loss = -(flow().log_prob(y) + log_det).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    found = status(watched)
    assert found["notFinite"] == {"step": 3, "where": "NaN or Inf first appears in the result of exp, after layer 1"}
    assert found["message"].startswith("Step 3 is not finite: NaN or Inf first appears in the result of exp")
    assert "step 3 is not finite" in caplog.text
    assert ["trainNats" in row for row in rows(watched)] == [True, True, False, False, False]


def test_parameters_that_are_not_finite_are_named(tmp_path):
    flow = zuko_flow()
    with pytest.raises(ArithmeticError), flowscope.watch(flow, folder=tmp_path) as watched:
        somebodys_loop(flow, 2)
        name, parameter = list(flow.named_parameters())[1]
        with torch.no_grad():
            parameter[0] = float("inf")
        somebodys_loop(flow, 2)
        raise ArithmeticError("the loss is nan")
    assert status(watched)["message"] == "ArithmeticError: the loss is nan"
    where = f"NaN or Inf first appears in the parameter {name}, before this step"
    assert status(watched)["notFinite"] == {"step": 3, "where": where}


def test_nan_that_a_distribution_refuses_is_explained(tmp_path, monkeypatch):
    """The error is raised before there is a loss."""
    monkeypatch.setattr(torch.distributions.Distribution, "_validate_args", True)
    flow, base = torch.nn.Linear(4, 4), torch.distributions.Normal(0.0, 1.0)
    optimizer = torch.optim.SGD(flow.parameters(), 0.0)
    with pytest.raises(ValueError), flowscope.watch(flow, folder=tmp_path) as watched:
        for step in range(4):
            x = batch()
            y = flow(x * 0 if step == 2 else x)
            loss = -base.log_prob((y - flow.bias) / (y - flow.bias).norm()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    found = status(watched)
    assert found["notFinite"]["step"] == 3
    assert found["notFinite"]["where"] == "NaN or Inf first appears in the result of div"
    assert found["message"].startswith("ValueError: Expected value argument")


def test_errors_without_nan_explain_none(tmp_path):
    flow = zuko_flow()
    with pytest.raises(KeyError), flowscope.watch(flow, folder=tmp_path) as watched:
        somebodys_loop(flow, 2)
        loss = loss_of(flow, batch())  # noqa: F841
        raise KeyError("validation")
    assert "notFinite" not in status(watched)


def test_gradients_that_are_not_finite_are_named(tmp_path):
    scale = Scale()
    with flowscope.watch([scale], every=2, folder=tmp_path) as watched:
        optimizer = torch.optim.SGD(scale.parameters(), 0.0)
        for step in range(2):
            # The square root has no slope at 0.
            loss = (scale.t * (1 - step)).abs().sum().sqrt() + scale.s.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    where = "NaN or Inf first appears in the gradient of 0.t; the loss is finite"
    assert status(watched)["notFinite"] == {"step": 2, "where": where}


def test_what_trains_other_networks_is_no_step(tmp_path):
    flow, other = zuko_flow(), torch.nn.Linear(4, 1)
    optimizers = [torch.optim.Adam(each.parameters(), 1e-3) for each in (flow, other)]
    losses = []
    with flowscope.watch(flow, folder=tmp_path) as watched:
        for _ in range(3):
            loss = loss_of(flow, batch())
            loss.backward()
            other(batch()).square().mean().backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            losses.append(loss.item())
    assert [row["trainNats"] for row in rows(watched)] == losses


def test_other_networks_may_be_not_finite(tmp_path):
    flow, other = zuko_flow(), torch.nn.Linear(4, 1)
    optimizer = torch.optim.Adam(flow.parameters(), 1e-3)
    with flowscope.watch(flow, folder=tmp_path) as watched:
        other(batch()).sum().sub(float("inf")).backward()
        loss_of(flow, batch()).backward()
        optimizer.step()
    assert len(rows(watched)) == 1 and "notFinite" not in status(watched)


def test_a_step_of_several_backward_passes_has_their_sum(tmp_path):
    flow = zuko_flow()
    optimizer = torch.optim.Adam(flow.parameters(), 1e-3)
    with flowscope.watch(flow, folder=tmp_path) as watched:
        first, second = (loss_of(flow, part) / 2 for part in batch().chunk(2))
        first.backward()
        second.backward()
        optimizer.step()
    assert rows(watched)[0]["trainNats"] == pytest.approx((first + second).item(), rel=1e-6)


def test_losses_by_example(tmp_path):
    flow, x = zuko_flow(), batch()
    optimizer = torch.optim.Adam(flow.parameters(), 1e-3)
    with flowscope.watch(flow, folder=tmp_path) as watched:
        losses = -flow().log_prob(x)
        losses.backward(torch.full_like(losses, 1 / len(x)))
        optimizer.step()
    assert rows(watched)[0]["trainNats"] == pytest.approx(losses.mean().item(), rel=1e-6)


def test_two_optimizers_of_a_flow_make_one_step(tmp_path):
    flow = zuko_flow()
    parameters = list(flow.parameters())
    optimizers = [torch.optim.Adam(part, 1e-3) for part in (parameters[:3], parameters[3:])]
    with flowscope.watch(flow, folder=tmp_path) as watched:
        for _ in range(3):
            loss_of(flow, batch()).backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
    assert [row["step"] for row in rows(watched) if "trainNats" in row] == [1, 2, 3]


def test_closures_have_the_loss_before_the_step(tmp_path):
    flow = zuko_flow()
    optimizer, losses = torch.optim.LBFGS(flow.parameters(), max_iter=4), []

    def closure():
        optimizer.zero_grad()
        losses.append(loss_of(flow, batch()))
        losses[-1].backward()
        return losses[-1]

    with flowscope.watch(flow, folder=tmp_path) as watched:
        optimizer.step(closure)
    assert len(losses) > 1 and [row["trainNats"] for row in rows(watched)] == [losses[0].item()]


def test_gradients_by_hand_make_steps_without_a_loss(tmp_path):
    flow = zuko_flow()
    optimizer = torch.optim.SGD(flow.parameters(), 1e-3)
    with flowscope.watch(flow, folder=tmp_path) as watched:
        for _ in range(2):
            gradients = torch.autograd.grad(loss_of(flow, batch()), list(flow.parameters()))
            for parameter, gradient in zip(flow.parameters(), gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
    assert [(row["step"], "trainNats" in row) for row in rows(watched)] == [(1, False), (2, False)]


def test_scaled_losses_have_their_size(tmp_path):
    plain, scaled = {}, {}
    for found, scales in ((plain, False), (scaled, True)):
        flow = zuko_flow()
        optimizer = torch.optim.SGD(flow.parameters(), 1e-3)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, enabled=scales)
        with flowscope.watch(flow, every=1, folder=tmp_path) as watched:
            for _ in range(2):
                optimizer.zero_grad()
                scaler.scale(loss_of(flow, batch())).backward()
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(flow.parameters(), 1e9)
                scaler.step(optimizer)
                scaler.update()
        found.update({row["step"]: (row["trainNats"], row["gradientNorm"]) for row in rows(watched)})
    assert plain.keys() == scaled.keys() == {1, 2}
    for step in plain:
        assert scaled[step] == pytest.approx(plain[step], rel=1e-5)


def test_what_the_loop_adds_is_in_the_line_of_its_step(tmp_path):
    flow = zuko_flow()
    with flowscope.watch(flow, every=1, folder=tmp_path) as watched:
        for step in range(3):
            somebodys_loop(flow, 1)
            watched.log(val=3.0 - step)
    assert [(row["step"], row["validationNats"]) for row in rows(watched)] == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert status(watched)["best"] == {"step": 3, "nats": 1.0}


def test_two_flows_are_watched_at_once(tmp_path):
    untouched = hooks()
    first, second = zuko_flow(), zuko_flow()
    with flowscope.watch(first, folder=tmp_path) as outer:
        with flowscope.watch(second, folder=tmp_path) as inner:
            losses = somebodys_loop(first, 2), somebodys_loop(second, 3)
        somebodys_loop(second, 1)
    assert [[row["trainNats"] for row in rows(each)] for each in (outer, inner)] == list(losses)
    assert hooks() == untouched


def test_a_full_disk_does_not_end_the_training(tmp_path, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    untouched, flow, unwatched = hooks(), zuko_flow(), zuko_flow()
    torch.manual_seed(3)
    losses = somebodys_loop(unwatched)
    torch.manual_seed(3)
    with flowscope.watch(flow, every=2, folder=tmp_path) as watched:
        monkeypatch.setattr(Run, "write_rows", full)
        assert somebodys_loop(flow) == losses
    assert "No space left on device" in caplog.text and "The training goes on" in caplog.text
    assert status(watched)["status"] == "failed" and hooks() == untouched
    assert not (watched.folder / "train.lock").exists()


def test_flows_that_cannot_be_recorded_are_followed(tmp_path, caplog):
    module = torch.nn.Linear(4, 4)
    with flowscope.watch(module, folder=tmp_path, x=batch()) as watched:
        optimizer = torch.optim.SGD(module.parameters(), 1e-2)
        module(batch()).square().mean().backward()
        optimizer.step()
    assert "there are no recordings of this flow" in caplog.text
    assert status(watched)["status"] == "finished" and len(rows(watched)) == 1


def test_a_batch_of_another_size_makes_no_recordings(tmp_path, caplog):
    flow = zuko_flow()
    with flowscope.watch(flow, folder=tmp_path, x=torch.ones(2, 7), record_every=2) as watched:
        losses = somebodys_loop(flow)
    assert caplog.text.count("there are no recordings of this flow") == 1
    assert status(watched)["status"] == "finished" and len(rows(watched)) == len(losses)
    assert (watched.folder / "checkpoints" / "step-00000006.safetensors").exists()


def test_one_of_several_processes_writes(tmp_path):
    from torch.testing._internal.distributed.fake_pg import FakeStore

    flow = zuko_flow()
    torch.distributed.init_process_group("fake", rank=1, world_size=2, store=FakeStore())
    try:
        with flowscope.watch(flow, folder=tmp_path) as watched:
            somebodys_loop(flow, 2)
            watched.log(val=1.0)
    finally:
        torch.distributed.destroy_process_group()
    assert watched.folder is None and list(tmp_path.iterdir()) == []


def test_what_cannot_be_watched_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has no parameters"):
        flowscope.watch(torch.nn.ReLU(), folder=tmp_path)
    with pytest.raises(ValueError, match="at least 1"):
        flowscope.watch(zuko_flow(), every=0, folder=tmp_path)


def test_watching_takes_little(tmp_path, monkeypatch):
    """Calls are counted, which a busy machine does not change: a step of 10 ms has room for 300 of them in 1 %."""
    flow = zuko_flow()
    optimizer = torch.optim.SGD(flow.parameters(), 1e-3)
    loss = loss_of(flow, batch())
    loss.backward()
    monkeypatch.setattr(torch.autograd, "backward", lambda *_, **__: [p.grad.zero_() for p in flow.parameters()])

    def calls(steps=200):
        count = 0

        def counting(_frame, event, _value):
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(counting)
        try:
            for _ in range(steps):
                loss.backward()
                optimizer.step()
        finally:
            sys.setprofile(None)
        return count / steps

    without = calls()
    with flowscope.watch(flow, folder=tmp_path) as watched:
        more = calls() - without
    assert watched.step == 200 and 0 < more < 120
