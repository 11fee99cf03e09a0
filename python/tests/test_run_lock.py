"""One writer per run, also between Python and the engine (test/unit/checkpoint/run-lock.test.ts asks the same of the engine)."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

import flowscope
from flowscope import run_lock
from flowscope.run_lock import RunLock, TakenOver

CLI = ["node", os.environ.get("FLOWSCOPE_CLI", str(Path(__file__).resolve().parents[2] / "dist" / "cli.js"))]
WRITER = """
import sys, time, flowscope
with flowscope.Run(sys.argv[1], resume=True) as run:
    print(run._lock._text.decode().replace("\\n", ""), flush=True)
    time.sleep(60)
"""
ELSEWHERE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say when a process began")
on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that is open")


def leave(folder, seconds_ago=0.0, **more):
    """A lock like one of this process, except for these entries. Returns its content."""
    lock = {**json.loads(run_lock._text_of_this_process()), "id": str(uuid.uuid4()), **more}
    write(folder, json.dumps({key: value for key, value in lock.items() if value is not None}), seconds_ago)
    return lock


def write(folder, text, seconds_ago=0.0):
    file = folder / "train.lock"
    file.write_text(text)
    then = time.time() - seconds_ago
    os.utime(file, (then, then))


def started(folder, *before):
    """A process that writes the run, and what its lock says."""
    command = [*before, sys.executable, "-c", WRITER, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())


def resume(folder, *more):
    """In the engine."""
    environment = {**os.environ, "FLOWSCOPE_BACKEND": "onnxruntime"}
    command = [*CLI, "train", "--output", str(folder), "--resume", *more]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def name_of(lock):
    return rf"process {lock['pid']} on {lock['host']} since {lock['since'][:19].replace('T', ' ')} UTC"


@on_linux
def test_a_killed_writer_is_seen_as_gone_at_once(tmp_path):
    process, lock = started(tmp_path)
    with pytest.raises(FileExistsError, match=f"is being trained by {name_of(lock)}"):
        RunLock(tmp_path, take_over=True)
    assert f"is being trained by {name_of(lock)}" in resume(tmp_path, "--take-over").stderr
    process.kill()
    # Nobody asks for its end: it stays in the table.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    # What this folder lacks is said: the lock is in nobody's way.
    assert "config.json" in resume(tmp_path).stderr
    RunLock(tmp_path).release()
    process.wait()


@on_linux
def test_a_killed_engine_is_seen_as_gone_at_once(tmp_path):
    command = [*CLI, "train", "--data", "moons", "--output", str(tmp_path / "run"), "--max-seconds", "60", "--quiet"]
    environment = {**os.environ, "FLOWSCOPE_BACKEND": "onnxruntime"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        file = tmp_path / "run" / "train.lock"
        until = time.monotonic() + 60
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.02)
        lock = json.loads(file.read_text())
        assert lock["start"] == run_lock._start_of(process.pid) and lock["space"] == run_lock.process_space()
        with pytest.raises(FileExistsError, match=f"is being trained by {name_of(lock)}"):
            RunLock(file.parent, take_over=True)
        process.send_signal(signal.SIGKILL)
    RunLock(file.parent).release()
    assert not file.exists()


@on_linux
def test_two_containers_of_one_name_do_not_write_one_run(tmp_path):
    if not shutil.which("unshare") or subprocess.run([*ELSEWHERE, "true"], capture_output=True).returncode != 0:
        pytest.skip("another namespace cannot be made here (unshare --pid)")
    process, lock = started(tmp_path, *ELSEWHERE)
    try:
        assert lock["host"] == socket.gethostname() and lock["space"] != run_lock.process_space()
        with pytest.raises(FileExistsError, match=f"is being trained by {name_of(lock)}"):
            flowscope.Run(tmp_path, resume=True)
        assert f"is being trained by {name_of(lock)}" in resume(tmp_path).stderr
    finally:
        process.kill()
        process.wait()


#: Of processes that cannot be seen from here, which those of our own number may be.
UNSEEN = {
    "another machine": {"host": "far-away"},
    "a container of the same name": {"space": "pid:[1]"},
    "a system that does not say when processes began": {"start": None},
}


@pytest.mark.parametrize("more", UNSEEN.values(), ids=UNSEEN)
def test_heartbeats_count_where_a_process_cannot_be_seen(more, tmp_path):
    lock = leave(tmp_path, 100, **more)
    with pytest.raises(FileExistsError, match=f"is being trained by {name_of(lock)}"):
        flowscope.Run(tmp_path, resume=True)
    leave(tmp_path, 840, **more)
    with pytest.raises(FileExistsError, match=r"no sign of life for 14 minutes .*take_over=True"):
        flowscope.Run(tmp_path, resume=True)
    flowscope.Run(tmp_path, resume=True, take_over=True).finish()
    assert not (tmp_path / "train.lock").exists()


@on_linux
def test_a_predecessor_with_the_same_number_is_gone(tmp_path):
    lock = leave(tmp_path, start=f"{run_lock._start_of(os.getpid())}0")
    assert lock["pid"] == os.getpid()
    flowscope.Run(tmp_path, resume=True).finish()


@pytest.mark.parametrize("text", ["", '{"id": "../../x", "pid": 1', '{"id": 3}', "[1]", "[" * 4000, "x" * 5000])
def test_a_lock_that_says_nothing_holds_while_it_is_young(text, tmp_path, monkeypatch):
    monkeypatch.setattr(run_lock, "LOOKS", 2)
    write(tmp_path, text)
    with pytest.raises(FileExistsError, match=r"by a process that is not named in train\.lock"):
        RunLock(tmp_path)
    write(tmp_path, text, 600)
    with pytest.raises(FileExistsError, match="no sign of life for 10 minutes"):
        RunLock(tmp_path)
    RunLock(tmp_path, take_over=True).release()
    assert list(tmp_path.iterdir()) == []


def test_the_clock_of_the_file_server_counts(tmp_path, monkeypatch):
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 3600)
    file = tmp_path / "train.lock"
    lock = leave(tmp_path, host="far-away")
    os.utime(file)
    with pytest.raises(FileExistsError, match=f"is being trained by {name_of(lock)}"):
        RunLock(tmp_path)


def test_a_silent_process_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(run_lock, "SILENT_AFTER", 0.8)
    # An hour ahead of all clocks.
    leave(tmp_path, -3600, host="far-away")
    with pytest.raises(FileExistsError, match="60 minutes ahead of the folder's clock"):
        RunLock(tmp_path)
    RunLock(tmp_path, take_over=True).release()
    lock = leave(tmp_path, -3600, host="far-away")
    beat = threading.Timer(0.5, lambda: write(tmp_path, json.dumps(lock)))
    beat.start()
    with pytest.raises(FileExistsError, match=f"is being trained by {name_of(lock)}"):
        RunLock(tmp_path, take_over=True)


def test_of_many_that_find_a_dead_lock_one_gets_it(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        leave(folder, pid=dead.pid)
        ready, won, refused = threading.Barrier(8), [], []

        def race(folder=folder, ready=ready, won=won, refused=refused):
            ready.wait()
            try:
                won.append(RunLock(folder))
            except FileExistsError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=race) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1 and len(refused) == 7, number
        won[0].check()
        won[0].release()
        assert list(folder.iterdir()) == []


def test_a_taker_that_was_killed_is_in_nobodys_way(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    lock = leave(tmp_path, pid=dead.pid)
    (tmp_path / f"train.lock.{lock['id']}").write_text(json.dumps({**lock, "id": str(uuid.uuid4())}))
    RunLock(tmp_path).release()
    assert list(tmp_path.iterdir()) == []


@on_posix
def test_heartbeats_reach_no_lock_but_ones_own(tmp_path):
    lock = RunLock(tmp_path, every=0.02)
    file = tmp_path / "train.lock"
    os.utime(file, (1, 1))
    until = time.monotonic() + 10
    while file.stat().st_mtime == 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert file.stat().st_mtime != 1
    # As a process that takes it over does.
    other = {**json.loads(file.read_text()), "id": str(uuid.uuid4()), "host": "far-away"}
    file.unlink()
    write(tmp_path, json.dumps(other), 1000)
    before = file.stat().st_mtime
    time.sleep(0.1)
    assert file.stat().st_mtime == before
    with pytest.raises(TakenOver, match=r"was taken over by process \d+ on far-away"):
        lock.check()
    lock.release()
    assert json.loads(file.read_text()) == other


def test_a_run_that_was_taken_over_writes_nothing_more(tmp_path):
    import torch

    run = flowscope.Run(tmp_path / "run")
    run.log(1, loss=1.0)
    files = {file: file.read_bytes() for file in run.folder.rglob("*") if file.is_file() and file.name != "train.lock"}
    other = leave(run.folder, host="far-away")
    with pytest.raises(TakenOver):
        run.log(2, loss=1.0)
    with pytest.raises(TakenOver):
        run.checkpoint(2, torch.nn.Linear(1, 1))
    with pytest.raises(TakenOver):
        run.finish()
    (run.folder / "train.lock").unlink()
    with pytest.raises(TakenOver, match="far-away"), flowscope.Run(run.folder, resume=True) as again:
        files[run.folder / "run.json"] = (run.folder / "run.json").read_bytes()
        other = leave(run.folder, host="far-away")
        again.log(3, loss=1.0)
    assert {file: file.read_bytes() for file in files} == files
    assert json.loads((run.folder / "train.lock").read_text()) == other
