"""sbi's trackers: the protocol of its newest release, and a training of it."""

import gc
import inspect
import json
import subprocess
import sys
import time

import pytest
import torch

import flowscope


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def status(folder):
    return json.loads((folder / "run.json").read_text())


def test_it_is_the_protocol():
    from sbi.sbi_types import Tracker

    names = [name for name in vars(Tracker) if not name.startswith("_")]
    assert sorted(names) == ["add_figure", "flush", "log_dir", "log_metric", "log_metrics", "log_params"]
    for name in names:
        theirs, ours = getattr(Tracker, name), getattr(flowscope.Tracker, name)
        if name == "log_dir":
            assert isinstance(theirs, property) and isinstance(ours, property)
        else:
            theirs, ours = (inspect.signature(each).parameters for each in (theirs, ours))
            assert [(each.name, each.default) for each in ours.values()] == [
                (each.name, each.default) for each in theirs.values()
            ]


@pytest.mark.filterwarnings("ignore")
def test_a_posterior_of_sbi_is_followed(tmp_path):
    from sbi.inference import NPE
    from sbi.utils import BoxUniform

    torch.manual_seed(0)
    prior = BoxUniform(-2 * torch.ones(2), 2 * torch.ones(2))
    theta = prior.sample((200,))
    x = theta + 0.3 * torch.randn_like(theta)
    folder = tmp_path / "posterior"
    with flowscope.Tracker(folder) as tracker:
        inference = NPE(prior, tracker=tracker)
        inference.append_simulations(theta, x).train(max_num_epochs=4)
        epochs = len(inference.summary["training_loss"])
        assert [row["step"] for row in rows(folder)] == list(range(epochs))
        # Its epochs go on, and what is said of the round is said again.
        inference.append_simulations(theta, x).train(max_num_epochs=2, force_first_round_loss=True)
    found, summary = rows(folder), inference.summary
    epochs = len(summary["training_loss"])
    assert len(summary["epochs_trained"]) == 2 and epochs > 5
    assert [row["step"] for row in found] == list(range(epochs))
    assert [row["trainNats"] for row in found] == pytest.approx(summary["training_loss"])
    assert [row["validationNats"] for row in found] == pytest.approx(summary["validation_loss"])
    assert found[1]["epochs_trained"] == summary["epochs_trained"][1]
    assert found[1]["best_validation_loss"] == pytest.approx(summary["best_validation_loss"][1])
    assert found[-1]["seconds"] == pytest.approx(sum(summary["epoch_durations_sec"]), abs=1e-5)
    best = min(summary["validation_loss"])
    assert status(folder)["status"] == "finished"
    assert status(folder)["best"] == {"step": summary["validation_loss"].index(best), "nats": pytest.approx(best)}


def test_lines_are_in_the_order_of_steps(tmp_path):
    with flowscope.Tracker(tmp_path / "run", {"note": "mine"}, names={"nll": "loss"}) as tracker:
        for name in ("val_loss", "nll"):
            for step in range(3):
                tracker.log_metric(name, 3.0 - step, step)
            tracker.flush()
        tracker.log_metrics({"nll": torch.tensor(0.5), "mine": float("nan")}, step=1)
        tracker.log_metrics({"nll": -1.0, "mine": 2.0})
    found = rows(tmp_path / "run")
    assert [row["step"] for row in found] == [0, 1, 2]
    assert [row["validationNats"] for row in found] == [3.0, 2.0, 1.0]
    # What is said again is newer; without a step it is the next one.
    assert [row["trainNats"] for row in found] == [3.0, 0.5, -1.0]
    assert [row.get("mine") for row in found] == [None, None, 2.0]
    assert status(tmp_path / "run")["best"] == {"step": 2, "nats": 1.0}
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config == {"writer": "flowscope.Tracker", "note": "mine"}


def test_lines_are_written_while_it_measures(tmp_path, monkeypatch):
    tracker = flowscope.Tracker(tmp_path / "run")
    monkeypatch.setattr("flowscope.tracker.WRITE_EVERY", 0.0)
    for step in range(3):
        tracker.log_metric("loss", 1.0, step)
        tracker.log_metric("val", 1.0, step)
    # The newest step may still get more.
    assert [row["step"] for row in rows(tmp_path / "run")] == [0, 1]
    tracker.finish()
    tracker.finish("failed")
    assert [row["step"] for row in rows(tmp_path / "run")] == [0, 1, 2]
    assert status(tmp_path / "run")["status"] == "finished"


def test_parameters_are_kept(tmp_path):
    with flowscope.Tracker(tmp_path / "run") as tracker:
        tracker.log_params({"lr": 1e-3, "layers": [1, 2]})
        tracker.log_params({"prior": torch.nn.ReLU(), "lr": 2e-3, "limit": float("inf")})
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["parameters"] == {"lr": 2e-3, "layers": [1, 2], "prior": "ReLU()", "limit": "inf"}
    assert tracker.log_dir == str(tmp_path / "run")


def test_figures_are_pictures(tmp_path):
    matplotlib = pytest.importorskip("matplotlib.figure")
    figure = matplotlib.Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    with flowscope.Tracker(tmp_path / "run") as tracker:
        tracker.add_figure("../pair/plot", figure, step=3)
        tracker.add_figure("pair", [figure, figure])
        with pytest.raises(TypeError, match="is a int; expected a figure of matplotlib"):
            tracker.add_figure("pair", 7)
    pictures = sorted((tmp_path / "run" / "figures").iterdir())
    assert [path.name for path in pictures] == ["pair-00000000-0.png", "pair-00000000-1.png", "pair-plot-00000003.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize(
    ("last", "expected"),
    [("", "finished"), ("raise ValueError('of no use')", "failed"), ("raise KeyboardInterrupt", "stopped")],
)
def test_the_end_of_the_program_ends_the_run(last, expected, tmp_path):
    program = f"import flowscope\ntracker = flowscope.Tracker('run')\ntracker.log_metric('loss', 1.5, 7)\n{last}\n"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, stderr=subprocess.DEVNULL)
    assert rows(tmp_path / "run")[0]["trainNats"] == 1.5
    assert status(tmp_path / "run")["status"] == expected
    assert ("of no use" in status(tmp_path / "run").get("message", "")) == (expected == "failed")
    assert not (tmp_path / "run" / "train.lock").exists()


def test_a_tracker_that_nobody_has_any_more_ends_its_run(tmp_path):
    tracker = flowscope.Tracker(tmp_path / "run")
    tracker.log_metric("loss", 1.0)
    del tracker
    gc.collect()
    assert status(tmp_path / "run")["status"] == "finished" and len(rows(tmp_path / "run")) == 1


def test_an_error_makes_it_fail(tmp_path):
    with pytest.raises(RuntimeError), flowscope.Tracker(tmp_path / "run") as tracker:
        tracker.log_metric("loss", 1.0)
        raise RuntimeError("out of memory")
    assert status(tmp_path / "run")["status"] == "failed" and len(rows(tmp_path / "run")) == 1


def test_tracking_takes_little(tmp_path):
    """0.1 ms a measurement is 1 % of a step of 10 ms; a busy machine takes longer, so that the least of three counts."""
    with flowscope.Tracker(tmp_path / "run") as tracker:
        taken = []
        for part in range(3):
            started = time.perf_counter()
            for step in range(500):
                tracker.log_metric("loss", 1.0, part * 500 + step)
            taken.append((time.perf_counter() - started) / 500)
    assert min(taken) < 1e-4
