"""Training with PyTorch against the engine's own, number by number and step by step."""

import json
import os
import subprocess

import numpy as np
import pytest
import torch
from runs import (
    ENGINE,
    FOLDER,
    PROCESSES,
    THOROUGH,
    arguments,
    curve,
    difference,
    ends_at,
    patience,
    prepared,
    start_training,
    train,
    with_settings,
)
from safetensors.numpy import load_file
from seen import Seen

from flowscope.training.collective import World
from flowscope.training.data import open_split
from flowscope.training.folder import read_resume
from flowscope.training.model import Trainer
from flowscope.training.plan import read_plan
from flowscope.training.random import Stream, computed_order, shuffled

NUMBERS = json.loads((FOLDER / "numbers.json").read_text())
RUNS = ["moons", "table", "digits", "counts"]
#: Of gradients, and of what is validated with the average of parameters whose gradients are nearly nothing but rounding.
NEARLY = 1e-4
#: How many processes share the batches of a run. Three do so unevenly.
SHARED = {"moons": [4], "table": [2, 3], "digits": [2], "counts": [3]}
#: Of products and convolutions in bfloat16, which has 8 bits of precision, for 50 steps.
BFLOAT16 = 5e-3
#: Of a compiled step: another order of float32.
COMPILED = 1e-5
#: Of a step in float64, where hardly any rounding is left.
EXACT = 1e-12


def test_draws_what_the_engine_draws():
    assert Stream(3, "noise", 17).uniform(5000).tolist() == NUMBERS["noise"]
    assert Stream(0, "flips", 1).uniform(33).tolist() == NUMBERS["flips"]
    # log is computed by another library: the last bit may differ.
    np.testing.assert_allclose(Stream(2**31, "samples").normal(5001), np.array(NUMBERS["samples"], np.float32), rtol=2e-7)
    assert Stream(4, "order", 2).permutation(70_000).tolist() == NUMBERS["permutation"]
    assert [Stream(1, "a", i).integer(3 * 2**30) for i in range(20)] == NUMBERS["integers"]
    positions = np.arange(200) * 20
    assert shuffled(4000, 9, "order", 0)(positions).tolist() == NUMBERS["shuffled"]
    assert computed_order(4000, 9, "order", 0)(positions).tolist() == NUMBERS["computed"]


def test_draws_from_any_place_on():
    whole = Stream(3, "noise", 17)
    first, second = whole.uniform(100), whole.uniform(900)
    expected = np.array(NUMBERS["noise"][:1000], np.float32)
    assert np.array_equal(np.concatenate([first, second]), expected)
    assert np.array_equal(Stream(3, "noise", 17).skip(777).uniform(223), expected[777:])


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """A run that one process has trained."""
    trained = {}

    def of(name):
        if name not in trained:
            trained[name] = prepared(name, tmp_path_factory.mktemp("alone") / name)
            result = train(trained[name])
            assert (result["status"], result["step"]) == ("finished", 50)
        return trained[name]

    return of


@pytest.mark.parametrize("name", [*RUNS, "photos", "field"])
def test_learns_what_the_engine_learns(name, alone):
    run = alone(name)
    engine = FOLDER / name / "engine"
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    losses = ("velocityError", "gradientNorm") if name == "field" else ("trainNats", "prior", "logDet")
    for key in (*losses, "validationNats", "learningRate", "epoch"):
        assert difference(curve(run, key), curve(engine, key)) < ENGINE, key
    # The engine's files, and in them the same tensors.
    names = {file.name for file in (engine / "checkpoints").iterdir()}
    assert {file.name for file in (run / "checkpoints").iterdir()} == names
    for file in names:
        found, expected = (load_file(folder / "checkpoints" / file) for folder in (run, engine))
        assert {name: tensor.shape for name, tensor in found.items()} == {n: t.shape for n, t in expected.items()}
    assert not (run / "train.lock").exists()


@pytest.mark.parametrize("name", RUNS)
def test_several_processes_learn_what_one_learns(name, alone, tmp_path):
    one = alone(name)
    for processes in [2, 3, 4] if THOROUGH else SHARED[name]:
        run = prepared(name, tmp_path / str(processes))
        train(run, processes)
        assert difference(curve(run), curve(one)) < PROCESSES, processes
        for key in ("validationNats", "gradientNorm"):
            assert difference(curve(run, key), curve(one, key)) < NEARLY, (processes, key)


def test_several_processes_share_the_lines_of_flow_matching(alone, tmp_path):
    run = prepared("field", tmp_path / "field")
    train(run, 3)
    for key in ("velocityError", "validationNats", "gradientNorm"):
        assert difference(curve(run, key), curve(alone("field"), key)) < NEARLY, key


@pytest.mark.parametrize("name", ["table", "digits"])
def test_gradients_through_statistics_of_the_batch_are_exact(name, tmp_path):
    runs = [prepared(name, tmp_path / str(processes)) for processes in (1, 3)]
    for run, processes in zip(runs, (1, 3), strict=True):
        ends_at(run, 1)
        train(run, processes, "--double")
    for key in ("trainNats", "gradientNorm"):
        assert difference(curve(runs[1], key), curve(runs[0], key)) < EXACT, key


@pytest.mark.parametrize("name", ["moons", "table", "digits"])
def test_networks_compute_in_bfloat16_and_nothing_else_does(name, tmp_path):
    run = with_settings(name, tmp_path / name, precision="bfloat16")
    plan = read_plan(run)
    trainer = Trainer(plan, World(), open_split(plan, "train", plan.train))
    trainer.restore(read_resume(run)[1])
    with Seen() as seen:
        results = trainer._pass(*trainer._batches.at(1).inputs)
    assert {value.dtype for value in results} == {torch.float32}
    # The activation of these networks is another.
    seen.check_bfloat16("tanh")


@pytest.mark.parametrize("name", ["moons", "table", "digits"])
def test_bfloat16_learns_nearly_what_float32_learns(name, alone, tmp_path):
    run = with_settings(name, tmp_path / "bfloat16", precision="bfloat16")
    train(run)
    plain = alone(name)
    for key in ("trainNats", "logDet", "validationNats"):
        assert 0 < difference(curve(run, key), curve(plain, key)) < BFLOAT16, key


def test_several_processes_share_batches_in_bfloat16(alone, tmp_path):
    run = with_settings("table", tmp_path / "several", precision="bfloat16")
    train(run, 2)
    assert 0 < difference(curve(run), curve(alone("table"))) < BFLOAT16


def test_a_compiled_step_learns_the_same(alone, tmp_path):
    run = with_settings("moons", tmp_path / "compiled", compile=True)
    train(run)
    assert difference(curve(run), curve(alone("moons"))) < COMPILED


def test_a_stopped_run_goes_on_with_the_same_curve(alone, tmp_path):
    whole = alone("moons")
    run = prepared("moons", tmp_path / "run")
    ends_at(run, 23)
    assert train(run)["status"] == "stopped"
    ends_at(run, 50)
    assert train(run)["status"] == "finished"
    assert curve(run) == curve(whole)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda run: (run / "torch" / "plan.json").unlink(), "is not prepared"),
        (lambda run: (run / "torch" / "plan.json").write_text("{"), "is not JSON"),
        (lambda run: (run / "torch" / "plan.json").write_text('{"version": 1}'), "statistics is None"),
        (lambda run: (run / "torch" / "train.npy").write_bytes(b"no array"), "cannot be read"),
        (lambda run: np.save(run / "torch" / "train.npy", np.zeros((3, 2), np.float32)), "expected float32 or uint8"),
        (lambda run: (run / "checkpoints" / "last.resume.safetensors").write_bytes(b"x" * 99), "cannot be gone on from"),
        (lambda run: (run / "rates.json").write_text("[1]"), "is damaged"),
        (lambda run: (run / "torch" / "flow.py").chmod(0o664), "can be changed by other users (mode 664)"),
        pytest.param(
            lambda run: os.chown(run / "torch" / "flow.py", 12345, -1),
            "belongs to another user (number 12345)",
            marks=pytest.mark.skipif(
                not hasattr(os, "geteuid") or os.geteuid() != 0, reason="files can be given away by root only"
            ),
        ),
    ],
)
def test_says_what_is_wrong_with_a_run(change, says, tmp_path):
    run = prepared("moons", tmp_path / "run")
    change(run)
    code, said = start_training(run)
    assert code == 2
    assert says in json.loads(said)["error"]
    assert not (run / "train.lock").exists()


def test_a_full_disk_is_said_and_noted_in_the_run(tmp_path):
    run = prepared("moons", tmp_path / "run")
    # The device on which every write fails as on a full disk.
    (run / "torch" / "samples.npy").symlink_to("/dev/full")
    code, said = start_training(run)
    assert (code, json.loads(said.splitlines()[-1])) == (
        2,
        {"error": f"{run}: cannot be written, because the disk is full. Free some space, then resume the run."},
    )
    status = json.loads((run / "run.json").read_text())
    assert (status["status"], status["step"], "the disk is full" in status["message"]) == ("failed", 50, True)


def test_the_command_says_what_is_wrong_with_whole_pictures(tmp_path):
    run = prepared("photos", tmp_path / "run")
    (run / "torch" / "train.pixels").write_bytes(b"short")
    done = subprocess.run(arguments(run), capture_output=True, text=True, timeout=patience(60))
    assert done.returncode == 2
    assert "holds 5 bytes" in json.loads(done.stdout)["error"]
