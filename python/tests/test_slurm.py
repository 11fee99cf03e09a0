"""Jobs of Slurm, which `flowscope submit` hands in."""

import json
import os
import shutil
import signal
import subprocess

import pytest
from runs import FOLDER, ends_at, first_process, flowscope, free_port, patience, rows, wait_for

#: What a cluster has, for one machine that stands for all: srun starts the command once for each node.
STAND_INS = {
    "sbatch": 'cp "$2" "$STAND_INS/submitted.sh"; echo 77',
    "srun": """for ((node = 0; node < SLURM_NNODES; node++)); do SLURM_NODEID=$node "$@" & done
        code=0; while [ -n "$(jobs -pr)" ]; do wait -n || { code=$?; kill $(jobs -pr); }; done; exit $code""",
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


def test_a_job_of_slurm_saves_in_time_and_goes_on_and_again_where_a_process_dies(cluster, family, tmp_path):
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
        assert job.wait(patience(60)) == 0
    assert (cluster / "requeued").read_text().split() == [os.environ["SLURM_JOB_ID"]]
    status = json.loads((run / "run.json").read_text())
    assert status["status"] == "stopped" and status["step"] > 5

    end = status["step"] + 100
    ends_at(run, end)
    with subprocess.Popen(["bash", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
        wait_for(lambda: rows(run)[-1]["step"] > status["step"], 120)
        first = first_process(run)
        ours = [
            process for process, name in family().items() if "flowscope.train\0" in name and "torch.distributed.run" not in name
        ]
        os.kill(next(process for process in ours if process != first), signal.SIGKILL)
        assert job.wait(patience(120)) == 0
    assert len((cluster / "requeued").read_text().split()) == 1
    assert json.loads((run / "run.json").read_text())["step"] == end


def test_a_cluster_without_slurm_is_said(tmp_path, monkeypatch):
    node = shutil.which("node")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").symlink_to(node)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    run = tmp_path / "run"
    done = flowscope("submit", "--slurm", "--config", str(FOLDER / "moons.json"), "--output", str(run))
    assert done.returncode == 1
    assert "sbatch was not found" in done.stderr and (run / "torch" / "job.sh").exists()
