"""Runs that were prepared, and trained by the engine, and ways to train them here.

scripts/python-tests.mjs has them made (test/python/prepare-runs.ts) and says where: FLOWSCOPE_RUNS.
"""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["FLOWSCOPE_RUNS"])
#: Relative, of the loss of any of 50 steps: two ways of rounding to float32, which grows from step to step.
ENGINE = 1e-4
#: The same of one process and several.
PROCESSES = 1e-5
#: Before a release: every number of processes, and more kills.
THOROUGH = os.environ.get("FLOWSCOPE_THOROUGH") == "1"
#: How often a worker is killed.
KILLS = 20 if THOROUGH else 2

os.environ.update(FLOWSCOPE_PYTHON=sys.executable, OMP_NUM_THREADS="1")
COMMAND = ["node", os.environ.get("FLOWSCOPE_CLI", str(Path(__file__).resolve().parents[2] / "dist" / "cli.js"))]

#: Processes that have PyTorch at once: they are forks of one that has loaded it.
FORKS = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
FORKS.set_forkserver_preload(["flowscope.train"])


def patience(seconds):
    """On this machine, which may take longer than usual (scripts/pace.mjs)."""
    return seconds * float(os.environ.get("FLOWSCOPE_TEST_PACE", "1"))


def flowscope(*words, **more):
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=patience(300), **more)


def arguments(run, processes=None, *more, restarts=0):
    """Of a command that trains."""
    several = [f"--processes={processes}", f"--max-restarts={restarts}"] if processes else []
    return [sys.executable, "-m", f"flowscope.train{'_processes' if processes else ''}", str(run), *several, *more]


def train(run, processes=1, *more):
    """By as many processes, without a command. Gives the result."""
    code, said = start_training(run, processes, *more)
    assert code == 0, said
    return result_of(said)


def start_training(run, processes=1, *more):
    """Gives what the first of the processes ends with, and what it says."""
    output = run.with_name(f"{run.name} output")
    port = free_port()
    started = [FORKS.Process(target=_train, args=([str(run), *more], rank, processes, port, output)) for rank in range(processes)]
    for process in started:
        process.start()
    for process in started:
        process.join(patience(300))
        process.kill()
    return started[0].exitcode, output.read_text()


def _train(given, rank, processes, port, output):
    from flowscope.train import main

    os.environ.update(RANK=str(rank), WORLD_SIZE=str(processes), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    sys.argv[1:] = given
    with open(output if rank == 0 else os.devnull, "w") as file, contextlib.redirect_stdout(file):
        code = main()
    sys.exit(code)


def result_of(said):
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    results = [line["result"] for line in lines if "result" in line]
    assert len(results) == 1, said[-500:]
    return results[0]


def prepared(name, place):
    return Path(shutil.copytree(FOLDER / name / "prepared", place))


def with_settings(name, place, **settings):
    run = prepared(name, place)
    file = run / "torch" / "plan.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))
    return run


def ends_at(run, step):
    file = run / "torch" / "plan.json"
    plan = json.loads(file.read_text())
    plan["totalSteps"] = step
    plan["training"]["steps"] = max(step, plan["training"]["steps"])
    file.write_text(json.dumps(plan))


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def curve(run, key="trainNats"):
    return {row["step"]: row[key] for row in rows(run) if key in row}


def difference(a, b):
    """The largest relative one."""
    assert a.keys() == b.keys()
    return max(abs(a[step] - b[step]) / max(abs(b[step]), 1) for step in a)


def goes_on_after_killed_workers(command_for, family, tmp_path, kills=KILLS):
    steps = 50 * kills
    whole, run = (prepared("table", tmp_path / name) for name in ("whole", "killed"))
    for folder in (whole, run):
        ends_at(folder, steps)
    train(whole, 2)
    draw = random.Random(kills)
    with subprocess.Popen(command_for(run), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        for step in sorted(draw.sample(range(5, steps - 20), kills)):
            wait_for(lambda step=step: (run / "metrics.jsonl").exists() and len(rows(run)) >= step, 300)
            workers = [process for process, name in family().items() if "flowscope.train\0" in name or "::Worker" in name]
            first = first_process(run)
            os.kill(draw.choice([process for process in workers if process != started.pid]), signal.SIGKILL)
            wait_for(lambda first=first: first_process(run) not in (None, first), 300)
        assert started.wait(patience(300)) == 0
    assert rows(run)[-1]["step"] == steps
    assert difference(curve(run), curve(whole)) < PROCESSES
    wait_for(lambda: not family(), 10)


def first_process(run):
    """Who trains it; none in between."""
    try:
        return json.loads((run / "train.lock").read_text())["pid"]
    except (OSError, ValueError):
        return None


def listeners(processes):
    """The addresses, without ports, at which these processes accept connections (TCP)."""
    held = set()
    for process in processes:
        for opened in Path(f"/proc/{process}/fd").iterdir():
            held.add(os.readlink(opened).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            # 0A is LISTEN. Addresses are numbers of 32 bits as this processor has them.
            if words[3] == "0A" and words[9] in held:
                address = bytes.fromhex(words[1].split(":")[0])
                packed = b"".join(
                    int.from_bytes(address[i : i + 4], "big").to_bytes(4, sys.byteorder) for i in range(0, len(address), 4)
                )
                # What is mapped into IPv6 is an address of IPv4.
                found.add(socket.inet_ntop(family, packed).removeprefix("::ffff:"))
    return found


def wait_for(is_so, seconds=60):
    end = time.monotonic() + patience(seconds)
    while not is_so():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]
