"""Runs of other software. TensorBoard's files are written here, by PyTorch's writer. `tracked` holds what wandb 0.31.0 and
mlflow-skinny 3.17.2 wrote, with other paths; mlflow.sql is a dump of what MLflow has in its database."""

import json
import math
import os
import shutil
import sqlite3
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
import torch
from flows import batch, zuko_flow

import flowscope
from flowscope.reading.tensorboard import LARGEST
from flowscope.reading.wire import Damaged, crc32c, fields, masked
from flowscope.runs import convert, main, read, read_mlflow, read_tensorboard, read_wandb

TRACKED = Path(__file__).parent / "tracked"
CLI = os.environ.get("FLOWSCOPE_CLI", str(Path(__file__).resolve().parents[2] / "dist" / "cli.js"))
#: What the fixtures hold: a value that was not finite is left out.
TRAIN = {0: 3.0, 1: 2.5, 2: 2.0, 3: 1.5, 4: 1.0}
VALIDATION = {0: 2.5, 1: 2.1, 2: 1.7, 3: 1.3, 4: 0.9}


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf8").splitlines()]


def column(folder, name):
    return {row["step"]: row[name] for row in rows(folder) if name in row}


def status(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf8"))


def config(folder):
    return json.loads((folder / "config.json").read_text(encoding="utf8"))


def event_files(folder, **tags):
    """As PyTorch writes them."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for name, values in tags.items():
            for step, value in enumerate(values):
                writer.add_scalar(name, value, step)
    return max(folder.glob("*tfevents*"), key=lambda path: path.stat().st_mtime_ns)


def test_event_files_of_tensorboard(tmp_path):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "logs" / "spline")) as writer:
        for step, value in TRAIN.items():
            writer.add_scalar("train/loss", value, step)
            # A tensor, as newer writers have it.
            writer.add_scalar("val_loss", VALIDATION[step], step, new_style=True)
            writer.add_scalar("precise", math.pi, step, double_precision=True)
        writer.add_scalar("train/loss", float("nan"), 6)
        writer.add_text("note", "words", 3)
        writer.add_histogram("weights", torch.arange(100.0), 3)
        writer.add_image("large", torch.rand(3, 800, 800), 3)
    event_files(tmp_path / "logs" / "affine", loss=[1.0])
    assert any(path.stat().st_size > LARGEST for path in (tmp_path / "logs" / "spline").iterdir())

    written = {folder.name: folder for folder in convert(tmp_path / "logs", tmp_path / "runs")}
    assert sorted(written) == ["affine", "spline"]
    assert column(written["spline"], "trainNats") == TRAIN
    assert column(written["spline"], "validationNats") == pytest.approx(VALIDATION, rel=1e-6)
    assert column(written["spline"], "precise")[0] == pytest.approx(math.pi, rel=1e-7)
    assert status(written["spline"])["status"] == "finished" and "message" not in status(written["spline"])
    assert status(written["spline"])["best"] == {"step": 4, "nats": pytest.approx(0.9, rel=1e-6)}
    seconds = [row["seconds"] for row in rows(written["spline"])]
    assert seconds[0] == 0 and seconds == sorted(seconds)


def test_a_file_that_is_still_written_is_read_to_its_last_whole_record(tmp_path):
    file = event_files(tmp_path / "run", loss=[3.0, 2.0, 1.0])
    whole = file.read_bytes()
    counts = []
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        [run] = read_tensorboard(file)
        assert run.notes == []
        counts.append(len(run.measured.get("loss", [])))
    assert counts == sorted(counts) and set(counts) == {0, 1, 2}


def test_damaged_records_are_noticed(tmp_path):
    file = event_files(tmp_path / "run", loss=[3.0, 2.0, 1.0])
    whole = file.read_bytes()
    noticed = 0
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        [run] = read_tensorboard(file)
        assert [one.value for one in run.measured.get("loss", [])] == [3.0, 2.0, 1.0][: len(run.measured.get("loss", []))]
        noticed += len(run.notes) == 1 and "has another checksum" in run.notes[0]
    assert noticed == len(whole)


def test_a_resumed_training_is_one_run(tmp_path):
    event_files(tmp_path / "run", loss=[3.0, 2.0, 1.0])
    later = event_files(tmp_path / "run", loss=[3.5, 2.5])
    # Files of one second are told apart by their number.
    later.rename(later.with_name(later.name + ".later"))
    [folder] = convert(tmp_path / "run", tmp_path / "runs")
    assert column(folder, "trainNats") == {0: 3.5, 1: 2.5, 2: 1.0}


def test_both_folders_of_keras_are_one_run(tmp_path):
    event_files(tmp_path / "flow" / "train", epoch_loss=[3.0, 2.0], epoch_learning_rate=[0.1, 0.2])
    event_files(tmp_path / "flow" / "validation", epoch_loss=[3.5, 2.5])
    [folder] = convert(tmp_path, tmp_path / "runs")
    assert folder.name == "flow"
    assert list(column(folder, "trainNats").values()) == [3.0, 2.0]
    assert list(column(folder, "validationNats").values()) == [3.5, 2.5]
    assert list(column(folder, "learningRate").values()) == pytest.approx([0.1, 0.2])


def test_offline_runs_of_wandb(tmp_path):
    [folder] = convert(TRACKED / "run-yvxmhlf2.wandb", tmp_path / "runs")
    assert folder.name == "spline-flow" and status(folder)["status"] == "finished"
    assert column(folder, "trainNats") == TRAIN
    assert column(folder, "validationNats") == pytest.approx({**VALIDATION, 5: 0.25})
    assert column(folder, "epoch") == {0: 0, 1: 0, 2: 1, 3: 1, 4: 2}
    assert column(folder, "deep.a") == {step: step for step in range(5)}
    assert not any(name.startswith("_") or name == "note" for row in rows(folder) for name in row)
    assert config(folder)["parameters"] == {"lr": 1e-3, "layers": [3, 4]}
    assert config(folder)["origin"]["id"] == "yvxmhlf2"


def wandb_log(place, records):
    """A log of LevelDB with these records."""
    out = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        rest, is_first = record, True
        while rest:
            left = 2**15 - len(out) % 2**15
            if left < 7:
                out += bytes(left)
                continue
            piece, rest = rest[: left - 7], rest[left - 7 :]
            kind = (2 if rest else 1) if is_first else (3 if rest else 4)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            # A first part may be empty.
            is_first = False
    place.write_bytes(out)
    return place


def field(number, content):
    size = len(content)
    length = bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def history(values):
    # 82 01 is field 16.
    items = [field(2, name.encode()) + b"\x82\x01" + field(0, value.encode())[1:] for name, value in values.items()]
    return field(2, b"".join(field(1, item) for item in items))


def test_records_of_wandb_go_over_the_ends_of_blocks(tmp_path):
    long = json.dumps("x" * 70_000)
    records = [history({"_step": str(step), "loss": str(9 - step), "note": long if step % 2 else '""'}) for step in range(6)]
    [run] = read_wandb(wandb_log(tmp_path / "run-a.wandb", records))
    assert run.notes == [] and [(one.step, one.value) for one in run.measured["loss"]] == [(step, 9 - step) for step in range(6)]


def test_what_no_number_is_in_a_history_is_left_out(tmp_path):
    odd = ["NaN", "1e999", "1" + "0" * 400, "true", '"3"', "[1]", "{", "[" * 100_000]
    records = [history({"_step": str(step), "loss": value, "good": "1"}) for step, value in enumerate(odd)]
    records += [history({"_step": "NaN", "good": "1"}), history({"_step": "-1", "good": "1"})]
    [run] = read_wandb(wandb_log(tmp_path / "run-a.wandb", records))
    assert "loss" not in run.measured and {one.step for one in run.measured["good"]} <= set(range(len(odd)))


def test_a_log_of_wandb_that_is_damaged_or_still_written(tmp_path):
    whole = (TRACKED / "run-yvxmhlf2.wandb").read_bytes()
    file = tmp_path / "run-a.wandb"
    steps = []
    for end in range(7, len(whole), 5):
        file.write_bytes(whole[:end])
        [run] = read_wandb(file)
        assert run.notes == []
        steps.append(len(run.measured.get("val/loss", [])))
    assert steps == sorted(steps) and steps[-1] == 6 and run.status == "stopped"
    for at in range(7, len(whole), 5):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        [run] = read_wandb(file)
        assert {one.step: one.value for one in run.measured.get("train/loss", [])}.items() <= TRAIN.items()
    file.write_bytes(b"not a log")
    assert "does not begin as" in read_wandb(file)[0].notes[0]


def in_database(place):
    with sqlite3.connect(place) as opened:
        opened.executescript((TRACKED / "mlflow.sql").read_text(encoding="utf8"))
    opened.close()
    return place


@pytest.mark.parametrize("kind", ["folder", "database"])
def test_stores_of_mlflow(kind, tmp_path):
    source = TRACKED / "mlruns" if kind == "folder" else in_database(tmp_path / "mlflow.db")
    # The one that was deleted is not there.
    written = {folder.name: folder for folder in convert(source, tmp_path / "runs")}
    assert sorted(written) == ["affine-flow", "spline-flow"]
    for folder in written.values():
        assert column(folder, "trainNats") == TRAIN
        assert column(folder, "validationNats") == pytest.approx({**VALIDATION, 6: 0.25})
        assert config(folder)["parameters"] == {"lr": "0.001", "layers": "3"}
    assert status(written["spline-flow"])["status"] == "finished"
    assert status(written["affine-flow"])["status"] == "failed"
    assert status(written["spline-flow"])["best"] == {"step": 6, "nats": 0.25}


def test_lines_of_mlflow_that_are_no_measurements_are_left_out(tmp_path):
    shutil.copytree(TRACKED / "mlruns", tmp_path / "mlruns")
    [file] = [path for path in tmp_path.rglob("train_loss") if "spline flow" in (path.parents[1] / "meta.yaml").read_text()]
    with file.open("a") as out:
        out.write(f"words\n1 2\n1 x 7\n{'9' * 400} 1.0 7\n1 1.0 -7\n1 inf 7\n{'1 ' * 100_000}\n")
        out.write("1796096934806 0.5 8\n1796096934806 0.")
    run = next(run for run in read_mlflow(tmp_path) if run.name == "spline flow")
    assert {one.step: one.value for one in run.measured["train_loss"]} == {**TRAIN, 8: 0.5}


def test_other_databases_are_refused(tmp_path, capsys):
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE runs (name)").connection.close()
    assert main([str(tmp_path / "other.db")]) == 1
    assert "is not a database of MLflow" in capsys.readouterr().err


def test_an_import_that_is_repeated_replaces_its_run(tmp_path):
    logs, output = tmp_path / "logs" / "run", tmp_path / "runs"
    event_files(logs, loss=[3.0])
    assert convert(logs, output) == [output / "run"]
    later = event_files(logs, loss=[3.0, 2.0])
    later.rename(later.with_name(later.name + ".later"))
    assert convert(logs, output) == [output / "run"] and len(rows(output / "run")) == 2
    # That of another place does not.
    event_files(tmp_path / "elsewhere" / "run", loss=[1.0])
    assert convert(tmp_path / "elsewhere", output) == [output / "run-2"]
    # Nor does it what is no import.
    with flowscope.Run(output / "mine") as run:
        run.log(0, loss=1.0)
    event_files(tmp_path / "mine", loss=[1.0])
    assert convert(tmp_path / "mine", output) == [output / "mine-2"]


def test_the_command(tmp_path, capsys):
    event_files(tmp_path / "logs" / "a\x1b[31m", objective=[3.0, 2.0], held_out=[4.0, 3.0])
    assert main([str(tmp_path / "logs"), "--output", str(tmp_path / "runs")]) == 0
    said = capsys.readouterr().out
    assert "None of them is called a loss: held_out, objective" in said and "\x1b" not in said
    names = ["--loss", "objective", "--val", "held_out"]
    assert main([str(tmp_path / "logs"), "--output", str(tmp_path / "runs"), *names]) == 0
    assert "2 measurements" in capsys.readouterr().out
    [folder] = (tmp_path / "runs").iterdir()
    assert column(folder, "trainNats") == {0: 3.0, 1: 2.0} and column(folder, "validationNats") == {0: 4.0, 1: 3.0}
    (tmp_path / "empty").mkdir()
    for place in ("empty", "nowhere"):
        assert main([str(tmp_path / place)]) == 1
    said = capsys.readouterr().err
    assert "holds no tracked runs; expected event files of TensorBoard" in said and "nowhere: is not there" in said


def test_an_import_opens_with_a_recording_of_its_flow(tmp_path):
    [folder] = [each for each in convert(TRACKED / "mlruns", tmp_path) if each.name == "spline-flow"]
    flowscope.record(zuko_flow(), batch(8), path=folder / "checkpoints" / "last", step=4)
    ended = subprocess.run(["node", CLI, "info", str(folder), "--json"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["step"] == 4


def test_folders_with_runs_of_all_kinds(tmp_path):
    event_files(tmp_path / "logs", loss=[1.0])
    shutil.copytree(TRACKED, tmp_path / "tracked")
    in_database(tmp_path / "mlflow.db")
    assert sorted({run.software for run in read(tmp_path)}) == ["MLflow", "TensorBoard", "Weights & Biases"]
    assert len(read(tmp_path)) == 6


def test_messages_and_checksums():
    # That of RFC 3720, B.4.
    assert crc32c(bytes(32)) == 0x8A9136AA and masked(0) == 0xA282EAD8
    for broken in (b"\x0a\x05abc", b"\xff" * 11, b"\x09abc", b"\x0b", b"\x08"):
        with pytest.raises(Damaged):
            list(fields(broken))
