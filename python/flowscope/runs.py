"""Runs that TensorBoard, Weights & Biases or MLflow have tracked, as run folders: `python -m flowscope.runs SOURCE`."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .reading.mlflow import read_mlflow
from .reading.tensorboard import MARK, read_tensorboard
from .reading.tracked import TrackedRun
from .reading.wandb import read_wandb
from .run import NAMES, line_of
from .run_files import now, replace_file, write_json

__all__ = ["TrackedRun", "convert", "main", "read", "read_mlflow", "read_tensorboard", "read_wandb", "write_run"]

#: What others call them, besides NAMES; slashes, dots and so on are underscores here.
OTHER_NAMES = {
    "loss_train": "trainNats",
    "train_loss_epoch": "trainNats",
    "train_loss_step": "trainNats",
    "epoch_loss": "trainNats",
    "batch_loss": "trainNats",
    "train_nll": "trainNats",
    "nll": "trainNats",
    "loss_val": "validationNats",
    "loss_validation": "validationNats",
    "valid_loss": "validationNats",
    "val_nll": "validationNats",
    "epoch_learning_rate": "learningRate",
    "train_lr": "learningRate",
    "train_learning_rate": "learningRate",
    "gradient_norm": "gradientNorm",
    "train_grad_norm": "gradientNorm",
    "epoch": "epoch",
}
STATUS_WORDS = {"stopped": "It was not finished when it was read.", "failed": "It failed where it was tracked."}


def read(source: str | os.PathLike[str]) -> list[TrackedRun]:
    """Of whichever software `source` is: a folder of event files, of Weights & Biases or mlruns, or one of their files."""
    path = Path(source)
    if not path.exists():
        raise ValueError(f"{path}: is not there.")
    if path.is_file():
        with path.open("rb") as opened:
            start = opened.read(16)
        if start.startswith(b":W&B"):
            return read_wandb(path)
        if start.startswith(b"SQLite format 3"):
            return read_mlflow(path)
        if MARK in path.name:
            return read_tensorboard(path)
    else:
        runs = [*read_tensorboard(path), *read_wandb(path), *read_mlflow(path)]
        for database in sorted(path.glob("mlflow.db")):
            runs += read_mlflow(database)
        if runs:
            return runs
    expected = "event files of TensorBoard, run-ID.wandb of Weights & Biases, mlruns or mlflow.db of MLflow"
    raise ValueError(f"{path}: holds no tracked runs; expected {expected}.")


def convert(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] = "runs",
    *,
    loss: str | None = None,
    val: str | None = None,
) -> list[Path]:
    """Writes the runs of `source` as folders in `output`, and gives them. Those that were written before are replaced.

    `loss` and `val` are what the training and the validation loss are called, where their names do not say it.
    """
    names = _given_names(loss, val)
    return [write_run(run, output, names) for run in read(source) if run.measured]


def _given_names(loss: str | None, val: str | None) -> dict[str, str]:
    return {name: known for name, known in ((loss, "trainNats"), (val, "validationNats")) if name}


def write_run(run: TrackedRun, output: str | os.PathLike[str], names: dict[str, str] | None = None) -> Path:
    """`names`: of measurements, and what a line of metrics.jsonl calls them."""
    origin = {"software": run.software, "place": str(run.place.resolve()), "id": run.id}
    folder = _folder_for(Path(output), run, origin)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    rows = _rows_of(run, _names_in(run, names or {}))
    replace_file(folder / "metrics.jsonl", "".join(map(line_of, rows)).encode())
    message = " ".join([*([STATUS_WORDS[run.status]] if run.status in STATUS_WORDS else []), *run.notes])
    validated = [row for row in rows if "validationNats" in row]
    best = min(validated, key=lambda row: row["validationNats"], default=None)
    last = rows[-1] if rows else {"step": 0, "seconds": 0.0}
    fields: dict[str, Any] = {"status": run.status, "step": last["step"], "seconds": round(last["seconds"], 3)}
    fields |= {"message": message} if message else {}
    fields |= {"best": {"step": best["step"], "nats": best["validationNats"]}} if best else {}
    write_json(folder / "run.json", {**fields, "updated": now()})
    # A folder with this file is a run.
    write_json(folder / "config.json", {"writer": "flowscope.runs", "origin": origin, "parameters": run.parameters})
    return folder


def _folder_for(output: Path, run: TrackedRun, origin: dict[str, str]) -> Path:
    """That of the same run where it was written before, else a new one: runs/name, runs/name-2 and so on."""
    name = re.sub(r"[^\w.-]+", "-", run.name).strip("-.")[:100] or "run"
    number = 1
    while True:
        folder = output / (name if number == 1 else f"{name}-{number}")
        if not folder.exists():
            return folder
        try:
            if json.loads((folder / "config.json").read_text(encoding="utf8")).get("origin") == origin:
                return folder
        except (OSError, ValueError, AttributeError):
            pass
        number += 1


def _names_in(run: TrackedRun, names: dict[str, str]) -> dict[str, str]:
    """What a line of metrics.jsonl calls them. Of several that mean the same, the one that was measured most often."""
    found = dict(names)
    for name in sorted(run.measured, key=lambda name: -len(run.measured[name])):
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        known = NAMES.get(plain) or OTHER_NAMES.get(plain)
        if known and known not in found.values() and name not in found:
            found[name] = known
    return {name: found.get(name, name) for name in run.measured}


def _rows_of(run: TrackedRun, names: dict[str, str]) -> list[dict[str, float]]:
    """By step; what was measured again at a step is newer."""
    begin = min((one.time for measured in run.measured.values() for one in measured), default=0.0)
    rows: dict[int, dict[str, float]] = {}
    for name, measured in run.measured.items():
        for one in measured:
            row = rows.setdefault(one.step, {"step": one.step, "seconds": one.time - begin})
            if names[name] not in ("step", "seconds"):
                row[names[name]] = one.value
    return [rows[step] for step in sorted(rows)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m flowscope.runs",
        description="Writes runs that TensorBoard, Weights & Biases or MLflow have tracked as run folders of Flowscope.",
    )
    parser.add_argument("source", help="a folder of event files, of Weights & Biases or mlruns; or one of their files, mlflow.db")
    parser.add_argument("--output", default="runs", help="where the run folders are written (runs)")
    parser.add_argument("--loss", help="what the training loss is called, where its name does not say it")
    parser.add_argument("--val", help="the same of the validation loss")
    options = parser.parse_args(arguments)
    try:
        for run in read(options.source):
            print(_printable(_write(run, options.output, _given_names(options.loss, options.val))))
    except (ValueError, OSError) as problem:
        print(f"flowscope: {problem}", file=sys.stderr)
        return 1
    return 0


def _write(run: TrackedRun, output: str, names: dict[str, str]) -> str:
    """What came of it."""
    if not run.measured:
        return "\n".join([f"{run.place}: has no scalars.", *run.notes])
    folder, found = write_run(run, output, names), _names_in(run, names)
    lines = [f"{folder}: {run.status} at {run.software}, {len(found)} measurements.", *run.notes]
    if not {"trainNats", "validationNats"} & set(found.values()):
        listed = ", ".join(sorted(found)[:10])
        lines.append(f"None of them is called a loss: {listed}. Say which one is: --loss NAME, --val NAME.")
    return "\n  ".join(lines)


def _printable(text: str) -> str:
    """Names come from files, and would be obeyed by a terminal."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)


if __name__ == "__main__":
    sys.exit(main())
