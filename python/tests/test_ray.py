"""Trainings with PyTorch by workers of Ray."""

import json
import os
import subprocess
import sys

import pytest
from runs import (
    COMMAND,
    ENGINE,
    FOLDER,
    KILLS,
    PROCESSES,
    THOROUGH,
    curve,
    difference,
    free_port,
    goes_on_after_killed_workers,
    listeners,
    patience,
    prepared,
    result_of,
    rows,
    train,
    wait_for,
)
from safetensors import safe_open

from flowscope.train_ray import start_ray
from flowscope.training.plan import TrainingError


def with_ray(run, *more):
    return [sys.executable, "-m", "flowscope.train_ray", str(run), "--workers=2", *more]


def test_ray_goes_on_after_killed_workers(family, tmp_path):
    # Ray takes many seconds to notice a death and to start other workers.
    kills = KILLS if THOROUGH else 1
    goes_on_after_killed_workers(lambda run: with_ray(run, f"--max-restarts={kills}"), family, tmp_path, kills)


def test_workers_of_ray_learn_what_one_process_learns(family, tmp_path):
    name = "digits" if THOROUGH else "table"
    one = prepared(name, tmp_path / "one")
    train(one)
    run = prepared(name, tmp_path / "run")
    done = subprocess.run(with_ray(run), capture_output=True, text=True, timeout=patience(300))
    result = result_of(done.stdout)
    assert (result["status"], result["step"]) == ("finished", 50)
    assert difference(curve(run), curve(one)) < PROCESSES
    wait_for(lambda: not family(), 10)


def test_workers_of_ray_save_and_end_when_the_command_line_is_killed(family, tmp_path):
    run = tmp_path / "run"
    words = ["train", "--config", str(FOLDER / "digits.json"), "--output", str(run), "--launcher", "ray", "--workers", "2"]
    said = tmp_path / "said.txt"
    with said.open("wb") as file:
        started = subprocess.Popen([*COMMAND, *words], stdout=file, stderr=file)

    def has_rows():
        assert started.poll() is None, said.read_text()
        return (run / "metrics.jsonl").exists() and len(rows(run)) >= 3

    wait_for(has_rows, 300)
    assert listeners(family()) == {"127.0.0.1"}
    assert {os.getpriority(os.PRIO_PROCESS, member) for member in family()} == {os.getpriority(os.PRIO_PROCESS, 0)}
    started.kill()
    started.wait()
    wait_for(lambda: not family(), 20)
    status = json.loads((run / "run.json").read_text())
    assert status["status"] == "stopped" and 3 <= status["step"] < 50
    with safe_open(run / "checkpoints" / "last.resume.safetensors", "np") as saved:
        assert int(saved.metadata()["step"]) == status["step"]


def test_workers_of_ray_do_not_start_again_for_what_stays_wrong(family, tmp_path):
    run = prepared("moons", tmp_path / "run")
    (run / "rates.json").write_text("[1]")
    done = subprocess.run(with_ray(run, "--max-restarts=3"), capture_output=True, text=True, timeout=patience(300))
    assert done.returncode == 2
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    # A slow machine says first that it waits for its workers.
    errors = [line["error"] for line in said if "error" in line]
    assert len(errors) == 1 and "is damaged" in errors[0]


def test_workers_of_ray_train_on_a_cluster(family, tmp_path, monkeypatch):
    run = prepared("moons", tmp_path / "run")
    address = f"127.0.0.1:{free_port()}"
    done = subprocess.run(with_ray(run, f"--address={address}"), capture_output=True, text=True, timeout=patience(120))
    assert done.returncode == 2
    assert f"cluster at {address} cannot be joined" in json.loads(done.stdout)["error"]

    def start_node(options):
        """Ray gives up on a node after half a minute, which a busy machine may need. Another start has another port."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--num-cpus=1", "--disable-usage-stats"]
        for _ in range(4):
            port = free_port()
            node = [*start, *options(port)]
            done = subprocess.run(node, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=patience(300))
            if done.returncode == 0:
                return port
        raise AssertionError(done.stderr[-2000:])

    # Two of one processor each, which have a worker each, and do not find our package by themselves.
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    address = f"127.0.0.1:{start_node(lambda port: ['--head', f'--port={port}', '--include-dashboard=false'])}"
    start_node(lambda _: [f"--address={address}"])
    done = subprocess.run(
        with_ray(run, f"--address={address}"), cwd=tmp_path, capture_output=True, text=True, timeout=patience(300)
    )
    assert '"finished"' in done.stdout, done.stderr[-2000:]
    assert difference(curve(run), curve(FOLDER / "moons" / "engine")) < ENGINE
    # Ray asks workers to end, and kills those that have not after half a minute (actor_graceful_shutdown_timeout_ms).
    wait_for(lambda: not [name for name in family().values() if name.startswith("ray::Worker")], 60)


def test_ray_starts_where_its_agents_are_slow(family, tmp_path, monkeypatch):
    run = prepared("moons", tmp_path / "run")
    # Each Python runs this when it starts. Ray gives an agent 15 seconds.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\ntime.sleep(20 if 'agent' in ''.join(sys.orig_argv[:3]) else 0)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    done = subprocess.run(with_ray(run), capture_output=True, text=True, timeout=patience(300))
    assert result_of(done.stdout)["status"] == "finished"


def test_a_machine_that_is_too_busy_for_ray_is_said(monkeypatch):
    ray = pytest.importorskip("ray")
    ended = []

    def init(*_, **__):
        raise Exception("The current node timed out during startup. This could happen because some of the raylet failed.")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "shutdown", lambda: ended.append(True))
    # What is set in the test is gone after it.
    monkeypatch.setattr(os, "environ", {**os.environ})
    with pytest.raises(TrainingError, match=r"did not start.*--launcher torchrun"):
        start_ray(None, 1)
    assert ended == [True]
