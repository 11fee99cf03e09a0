"""Training with PyTorch against the engine's own, number by number and step by step.

scripts/python-tests.mjs has the runs prepared, and trained by the engine (test/python/prepare-runs.ts), and says where:
FLOWSCOPE_RUNS.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file
from seen import Seen

from flowscope.training.collective import World
from flowscope.training.data import open_split
from flowscope.training.folder import read_resume
from flowscope.training.model import Trainer
from flowscope.training.plan import read_plan
from flowscope.training.random import Stream, computed_order, shuffled

FOLDER = Path(os.environ["FLOWSCOPE_RUNS"])
NUMBERS = json.loads((FOLDER / "numbers.json").read_text())
RUNS = ["moons", "table", "digits"]
#: Relative, of the loss of any of 50 steps: two ways of rounding to float32, which grows from step to step.
ENGINE = 1e-4
#: The same of one process and several.
PROCESSES = 1e-5
#: Of gradients, and of what is validated with the average of parameters whose gradients are nearly nothing but rounding.
NEARLY = 1e-4
#: Before a release: every number of processes, and more kills.
THOROUGH = os.environ.get("FLOWSCOPE_THOROUGH") == "1"
#: How often a worker is killed.
KILLS = 20 if THOROUGH else 2
#: How many processes share the batches of a run. Three do so unevenly.
SHARED = {"moons": [4], "table": [2, 3], "digits": [2]}
#: Of products and convolutions in bfloat16, which has 8 bits of precision, for 50 steps.
BFLOAT16 = 5e-3
#: Of a compiled step: another order of float32.
COMPILED = 1e-5
#: Of a step in float64, where hardly any rounding is left.
EXACT = 1e-12


#: As the engine starts torchrun.
os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"


def arguments(run, processes=None, *more, restarts=0):
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", f"--max-restarts={restarts}"]
    return [sys.executable, *(start if processes else []), "-m", "flowscope.train", str(run), *more]


def prepared(name, place):
    return Path(shutil.copytree(FOLDER / name / "prepared", place))


def ends_at(run, step):
    file = run / "torch" / "plan.json"
    plan = json.loads(file.read_text())
    plan["totalSteps"] = step
    plan["training"]["steps"] = max(step, plan["training"]["steps"])
    file.write_text(json.dumps(plan))


def with_settings(name, place, **settings):
    run = prepared(name, place)
    file = run / "torch" / "plan.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))
    return run


def train(run, processes=None, *more):
    return result_of(arguments(run, processes, *more))


def result_of(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    results = [line["result"] for line in said if "result" in line]
    assert len(results) == 1, f"{done.stdout[-500:]}\n{done.stderr[-2000:]}"
    return results[0]


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def curve(run, key="trainNats"):
    return {row["step"]: row[key] for row in rows(run) if key in row}


def difference(a, b):
    """The largest relative one."""
    assert a.keys() == b.keys()
    return max(abs(a[step] - b[step]) / max(abs(b[step]), 1) for step in a)


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


@pytest.mark.parametrize("name", [*RUNS, "photos"])
def test_learns_what_the_engine_learns(name, alone):
    run = alone(name)
    engine = FOLDER / name / "engine"
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    for key in ("trainNats", "prior", "logDet", "validationNats", "learningRate", "epoch"):
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


@pytest.mark.parametrize("name", ["table", "digits"])
def test_gradients_through_statistics_of_the_batch_are_exact(name, tmp_path):
    runs = [prepared(name, tmp_path / str(processes)) for processes in (1, 3)]
    for run, processes in zip(runs, (None, 3), strict=True):
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
        results = trainer._pass(*trainer._batches.at(1).given)
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


def with_ray(run, *more):
    return [sys.executable, "-m", "flowscope.train_ray", str(run), "--workers=2", *more]


@pytest.fixture
def family(monkeypatch):
    """What a test has started, and what that has started: process ids and names."""
    if sys.platform != "linux":
        pytest.skip("other systems do not say what was started")
    mark = uuid.uuid4().hex
    monkeypatch.setenv("FLOWSCOPE_TEST", mark)

    def found():
        named = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark.encode() in (process / "environ").read_bytes():
                    named[int(process.name)] = (process / "cmdline").read_text()
            except OSError:
                continue
        return named

    yield found
    for process in found():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize("launcher", ["torchrun", "ray"])
def test_goes_on_after_killed_workers(launcher, family, tmp_path):
    steps = 50 * KILLS
    whole, run = (prepared("table", tmp_path / name) for name in ("whole", "killed"))
    for folder in (whole, run):
        ends_at(folder, steps)
    train(whole, 2)
    draw = random.Random(KILLS)
    command = arguments(run, 2, restarts=KILLS) if launcher == "torchrun" else with_ray(run, f"--max-restarts={KILLS}")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        for step in sorted(draw.sample(range(5, steps - 20), KILLS)):
            wait_for(lambda step=step: (run / "metrics.jsonl").exists() and len(rows(run)) >= step, 120)
            workers = [process for process, name in family().items() if "flowscope.train\0" in name or "::Worker" in name]
            first = first_process(run)
            os.kill(draw.choice([process for process in workers if process != started.pid]), signal.SIGKILL)
            wait_for(lambda first=first: first_process(run) not in (None, first), 120)
        assert started.wait(120) == 0
    assert rows(run)[-1]["step"] == steps
    assert difference(curve(run), curve(whole)) < PROCESSES
    wait_for(lambda: not family(), 10)


def test_ends_with_whoever_started_it(tmp_path):
    run = prepared("table", tmp_path / "run")
    ends_at(run, 10**6)
    command = arguments(run, 2, "--until-closed")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as started:
        wait_for(lambda: (run / "metrics.jsonl").exists() and len(rows(run)) > 5)
        # As when that process is killed: nothing is read any more either.
        started.stdout.close()
        started.stdin.close()
        assert started.wait(15) == 0
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
        started.wait(60)
    assert status()["status"] == "stopped"
    assert rows(run)[-1]["learningRate"] < 2e-6


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
    ],
)
def test_says_what_is_wrong_with_a_run(change, says, tmp_path):
    run = prepared("moons", tmp_path / "run")
    change(run)
    done = subprocess.run(arguments(run), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert says in json.loads(done.stdout)["error"]
    assert not (run / "train.lock").exists()


def test_says_what_is_wrong_with_whole_pictures(tmp_path):
    run = prepared("photos", tmp_path / "run")
    (run / "torch" / "train.pixels").write_bytes(b"short")
    done = subprocess.run(arguments(run), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "holds 5 bytes" in json.loads(done.stdout)["error"]


def first_process(run):
    """Who trains it; none in between."""
    try:
        return json.loads((run / "train.lock").read_text())["pid"]
    except (OSError, ValueError):
        return None


def wait_for(is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


os.environ.update(FLOWSCOPE_PYTHON=sys.executable, OMP_NUM_THREADS="1")
COMMAND = ["node", os.environ.get("FLOWSCOPE_CLI", str(Path(__file__).resolve().parents[2] / "dist" / "cli.js"))]


def flowscope(*words, **more):
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=300, **more)


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
    done = flowscope(*wanted, "--output", str(tmp_path / "run"), "--launcher", "torch")
    assert done.returncode == 0, done.stderr[-2000:]
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
    first = subprocess.run(commands[0], capture_output=True, text=True, timeout=120)
    output, _ = second.communicate(timeout=60)
    assert first.returncode == second.returncode == 0, first.stderr[-2000:]
    assert '"result"' in first.stdout and '"result"' not in output
    assert rows(run)[-1]["step"] == 5


def free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def test_workers_of_ray_learn_what_one_process_learns(family, tmp_path):
    one = prepared("digits", tmp_path / "one")
    train(one)
    run = prepared("digits", tmp_path / "run")
    result = result_of(with_ray(run))
    assert (result["status"], result["step"]) == ("finished", 50)
    assert difference(curve(run), curve(one)) < PROCESSES
    wait_for(lambda: not family(), 10)


def test_workers_of_ray_save_and_end_when_the_command_line_is_killed(family, tmp_path):
    run = tmp_path / "run"
    words = ["train", "--config", str(FOLDER / "digits.json"), "--output", str(run), "--launcher", "ray", "--workers", "2"]
    started = subprocess.Popen([*COMMAND, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: (run / "metrics.jsonl").exists() and len(rows(run)) >= 3, 120)
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
    done = subprocess.run(with_ray(run, "--max-restarts=3"), capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(said) == 1 and "is damaged" in said[0]["error"]


def test_workers_of_ray_train_on_a_cluster(family, tmp_path, monkeypatch):
    run = prepared("moons", tmp_path / "run")
    address = f"127.0.0.1:{free_port()}"
    done = subprocess.run(with_ray(run, f"--address={address}"), capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert f"cluster at {address} cannot be joined" in json.loads(done.stdout)["error"]

    # Two of one processor each, which have a worker each, and do not find our package by themselves.
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    for place in (["--head", f"--port={address.split(':')[1]}", "--include-dashboard=false"], [f"--address={address}"]):
        node = [sys.executable, "-m", "ray.scripts.scripts", "start", "--num-cpus=1", "--disable-usage-stats", *place]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run(node, cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=True)
    done = subprocess.run(with_ray(run, f"--address={address}"), cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert '"finished"' in done.stdout, done.stderr[-2000:]
    assert difference(curve(run), curve(FOLDER / "moons" / "engine")) < ENGINE
    assert not [name for name in family().values() if name.startswith("ray::Worker")]


#: What a cluster has, for one machine that stands for all: srun starts the command once for each node.
STAND_INS = {
    "sbatch": 'cp "$2" "$STAND_INS/submitted.sh"; echo 77',
    "srun": 'for node in $(seq "$SLURM_NNODES"); do "$@" & done; wait',
    "scontrol": 'if [ "$1" = requeue ]; then echo "$2" >>"$STAND_INS/requeued"; else echo 127.0.0.1; fi',
}


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    place = tmp_path / "stand-ins"
    place.mkdir()
    for name, script in STAND_INS.items():
        (place / name).write_text(f"#!/bin/bash\n{script}\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_INS", str(place))
    monkeypatch.setenv("SLURM_JOB_ID", str(free_port() % 10_000))
    monkeypatch.setenv("SLURM_NNODES", "2")
    monkeypatch.setenv("SLURM_JOB_NODELIST", "lab-[1-2]")
    return place


def test_a_job_of_slurm_saves_in_time_and_goes_on(cluster, tmp_path):
    run = tmp_path / "it's a run"
    words = ["submit", "--slurm", "--config", str(FOLDER / "moons.json"), "--output", str(run), "--nodes", "2", "--time", "1:00"]
    done = flowscope(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["job"] == "77"
    script = cluster / "submitted.sh"
    assert "#SBATCH --nodes=2\n" in script.read_text() and "#SBATCH --time=1:00\n" in script.read_text()

    ends_at(run, 10**6)
    with subprocess.Popen(["bash", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
        wait_for(lambda: (run / "metrics.jsonl").exists() and len(rows(run)) > 5, 120)
        job.send_signal(signal.SIGUSR1)
        assert job.wait(60) == 0
    assert (cluster / "requeued").read_text().split() == [os.environ["SLURM_JOB_ID"]]
    status = json.loads((run / "run.json").read_text())
    assert status["status"] == "stopped" and status["step"] > 5

    ends_at(run, status["step"] + 3)
    assert subprocess.run(["bash", script], capture_output=True, timeout=120).returncode == 0
    assert len((cluster / "requeued").read_text().split()) == 1
    assert json.loads((run / "run.json").read_text())["step"] == status["step"] + 3


def test_a_cluster_without_slurm_is_said(tmp_path, monkeypatch):
    node = shutil.which("node")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").symlink_to(node)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    run = tmp_path / "run"
    done = flowscope("submit", "--slurm", "--config", str(FOLDER / "moons.json"), "--output", str(run))
    assert done.returncode == 1
    assert "sbatch was not found" in done.stderr and (run / "torch" / "job.sh").exists()
