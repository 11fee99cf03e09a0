"""Trainings with PyTorch in several processes, on several machines, and by the command line, which starts both."""

import json
import os
import signal
import subprocess
import sys

import pytest
from runs import (
    COMMAND,
    ENGINE,
    FOLDER,
    KILLS,
    arguments,
    curve,
    difference,
    ends_at,
    flowscope,
    free_port,
    goes_on_after_killed_workers,
    listeners,
    patience,
    prepared,
    rows,
    train,
    wait_for,
)
from safetensors.numpy import load_file

from flowscope.training.plan import read_plan


def test_processes_go_on_after_killed_workers(family, tmp_path):
    goes_on_after_killed_workers(lambda run: arguments(run, 2, restarts=KILLS), family, tmp_path)


@pytest.mark.parametrize("by", ["its input", "a signal"])
def test_ends_with_whoever_started_it(by, family, tmp_path):
    run = prepared("table", tmp_path / "run")
    ends_at(run, 10**6)
    command = arguments(run, 2, "--until-closed")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as started:
        wait_for(lambda: (run / "metrics.jsonl").exists() and len(rows(run)) > 5)
        if by == "a signal":
            started.terminate()
        else:
            # As when that process is killed: nothing is read any more either.
            started.stdout.close()
            started.stdin.close()
        assert started.wait(patience(15)) == 0
    assert json.loads((run / "run.json").read_text())["status"] == "stopped"
    assert not family()


def test_nobody_else_can_connect_to_processes_of_one_machine_which_end_with_their_supervisor(family, tmp_path):
    config = json.loads((FOLDER / "moons.json").read_text())
    config["training"]["steps"] = 10**6
    (tmp_path / "long.json").write_text(json.dumps(config))
    run = tmp_path / "run"
    words = ["train", "--config", str(tmp_path / "long.json"), "--output", str(run), "--launcher", "torchrun", "--processes", "2"]
    started = subprocess.Popen([*COMMAND, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: (run / "metrics.jsonl").exists() and len(rows(run)) > 2, 120)
    assert listeners(family()) == {"127.0.0.1"}
    # As when memory runs out.
    os.kill(next(process for process, name in family().items() if "train_processes" in name), signal.SIGKILL)
    started.wait(patience(60))
    wait_for(lambda: not family(), 30)
    assert json.loads((run / "run.json").read_text())["status"] == "stopped"


def test_four_processes_go_on_as_two_and_in_the_engine_and_back(tmp_path):
    """The line of one process all along, whoever trained: 4, then 2, then the engine, then 2."""
    run = prepared("moons", tmp_path / "run")
    for processes, end in ((4, 15), (2, 25)):
        ends_at(run, end)
        train(run, processes)
    done = flowscope("train", "--output", "run", "--resume", "--backend", "onnxruntime", "--max-steps", "35", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    launched = ["--launcher", "torchrun", "--processes", "2"]
    done = flowscope("train", "--output", "run", "--resume", *launched, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert difference(curve(run), curve(FOLDER / "moons" / "engine")) < ENGINE
    assert (rows(run)[-1]["step"], json.loads((run / "run.json").read_text())["status"]) == (50, "finished")


def test_obeys_requests(tmp_path):
    run = prepared("table", tmp_path / "run")
    ends_at(run, 10**6)

    def ask(name, **request):
        (run / "control.json").write_text(json.dumps({"id": name, **request}))
        wait_for(lambda: status().get("control", {}).get("id") == name)

    def status():
        file = run / "run.json"
        return json.loads(file.read_text()) if file.exists() else {}

    with subprocess.Popen(arguments(run), stdout=subprocess.DEVNULL) as started:
        wait_for(lambda: status().get("status") == "running")
        ask("slower", learningRate=1e-6)
        assert json.loads((run / "rates.json").read_text())[0]["learningRate"] == 1e-6
        ask("wrong", action="fly")
        assert "fly" in status()["control"]["problem"]
        ask("rest", action="pause")
        wait_for(lambda: status()["status"] == "paused")
        step = status()["step"]
        assert load_file(run / "checkpoints" / "last.resume.safetensors")
        ask("go", action="resume")
        wait_for(lambda: rows(run)[-1]["step"] > step)
        ask("enough", action="stop")
        started.wait(patience(60))
    assert status()["status"] == "stopped"
    assert rows(run)[-1]["learningRate"] < 2e-6


def test_the_command_line_trains_with_two_processes_and_resumes_in_the_engine(tmp_path):
    config = str(FOLDER / "moons.json")
    # Python must not take what lies in the current folder for PyTorch.
    (tmp_path / "torch.py").write_text("raise SystemExit('not this one')")
    launched = ["--launcher", "torchrun", "--processes", "2", "--max-steps", "20", "--json"]
    done = flowscope("train", "--config", config, "--output", "run", *launched, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert (result["status"], result["step"]) == ("stopped", 20)
    reports = [json.loads(line) for line in done.stderr.splitlines()]
    assert any(report.get("metrics", {}).get("step") == 20 for report in reports)
    assert any(report.get("backend", {}).get("name") == "pytorch" for report in reports)
    run = tmp_path / "run"
    assert [picture.name for picture in (run / "samples").iterdir()] == ["step-00000020.png"]

    again = flowscope("train", "--output", "run", "--resume", "--backend", "onnxruntime", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert difference(curve(run), curve(FOLDER / "moons" / "engine")) < ENGINE

    longer = ["--resume", "--more-steps", "5", "--launcher", "torch", "--json"]
    more = flowscope("train", "--output", "run", *longer, cwd=tmp_path)
    assert more.returncode == 0, more.stderr[-2000:]
    assert (json.loads(more.stdout)["step"], rows(run)[-1]["step"]) == (55, 55)


def test_the_command_line_says_how_pytorch_computes(tmp_path):
    wanted = ["train", "--config", str(FOLDER / "moons.json"), "--max-steps", "2", "--precision", "bfloat16"]
    done = flowscope(*wanted, "--output", str(tmp_path / "engine"))
    assert (done.returncode, "need --launcher" in done.stderr) == (1, True), done.stderr
    # As where users of a group may change each other's files by default: not what is run as a program.
    done = flowscope(*wanted, "--output", str(tmp_path / "run"), "--launcher", "torch", umask=0o002)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "run" / "torch").stat().st_mode & 0o777 == 0o700
    plan = read_plan(tmp_path / "run")
    assert (plan.precision, plan.compile) == ("bfloat16", False)


def test_machines_meet_where_they_are_told(tmp_path):
    run = prepared("moons", tmp_path / "run")
    ends_at(run, 5)
    meeting = ["--nnodes=2", "--master-addr=127.0.0.1", f"--master-port={free_port()}", "--nproc-per-node=1"]
    commands = [
        [sys.executable, "-m", "torch.distributed.run", *meeting, f"--node-rank={rank}", "-m", "flowscope.train", str(run)]
        for rank in (0, 1)
    ]
    second = subprocess.Popen(commands[1], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    first = subprocess.run(commands[0], capture_output=True, text=True, timeout=patience(120))
    output, _ = second.communicate(timeout=patience(60))
    assert first.returncode == second.returncode == 0, first.stderr[-2000:]
    assert '"result"' in first.stdout and '"result"' not in output
    assert rows(run)[-1]["step"] == 5
