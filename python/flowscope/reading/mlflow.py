"""MLflow's stores: a folder of text files (mlruns), and a database of SQLite (mlflow.db)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from .tracked import TrackedRun

#: Bytes of meta.yaml and of a parameter.
LARGEST = 2**16
#: As the folder has them, and as the database has them.
STATES = {"3": "finished", "4": "failed", "FINISHED": "finished", "FAILED": "failed"}


def read_mlflow(path: str | os.PathLike[str]) -> list[TrackedRun]:
    """Of every run below the folder `path`, or in the database `path`. Deleted runs are left out."""
    source = Path(path)
    if source.is_file():
        return _in_database(source)
    folders = sorted(Path(folder) for folder, parts, names in os.walk(source) if "meta.yaml" in names and "metrics" in parts)
    runs = [_in_folder(folder) for folder in folders]
    return [run for run in runs if run is not None]


def _in_folder(folder: Path) -> TrackedRun | None:
    about = _meta(folder / "meta.yaml")
    if about.get("lifecycle_stage", "active") != "active":
        return None
    tag = folder / "tags" / "mlflow.runName"
    name = about.get("run_name") or (_text(tag) if tag.is_file() else "") or folder.name
    run = TrackedRun(name, "MLflow", folder, folder.name, status=STATES.get(about.get("status", ""), "stopped"))
    # The name of a measurement may have folders.
    for file in sorted(each for each in (folder / "metrics").rglob("*") if each.is_file()):
        with file.open(encoding="utf8", errors="replace") as lines:
            for line in iter(lambda lines=lines: lines.readline(LARGEST), ""):
                words = line.split()
                # The last line may still be being written. After the step, there may be a data set and a model.
                if 3 <= len(words) <= 8 and line.endswith("\n"):
                    with contextlib.suppress(ValueError, OverflowError):
                        time, value, step = int(words[0]) / 1000, float(words[1]), int(words[2])
                        run.add(file.relative_to(folder / "metrics").as_posix(), step, time, value)
    for file in sorted(each for each in (folder / "params").rglob("*") if each.is_file()):
        run.parameters[file.relative_to(folder / "params").as_posix()] = _text(file)
    return run


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(LARGEST).decode("utf8", "replace")


def _meta(file: Path) -> dict[str, str]:
    """YAML, of which MLflow uses `name: value` alone."""
    pairs = (line.partition(": ") for line in _text(file).splitlines())
    return {name: value.strip().strip("'\"") for name, _, value in pairs if not name.startswith(" ")}


def _in_database(file: Path) -> list[TrackedRun]:
    # Nothing is written to it, and a program may write to it meanwhile.
    opened = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        with contextlib.closing(opened):
            found = opened.execute("SELECT run_uuid, name, status FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time")
            runs = {
                key: TrackedRun(str(name or key), "MLflow", file, str(key), status=STATES.get(status, "stopped"))
                for key, name, status in found
            }
            for key, name, value in opened.execute("SELECT run_uuid, key, value FROM params"):
                if key in runs:
                    runs[key].parameters[str(name)] = str(value)
            query = "SELECT run_uuid, key, step, timestamp, value FROM metrics WHERE NOT is_nan ORDER BY timestamp, step"
            for key, name, step, time, value in opened.execute(query):
                # SQLite does not hold columns to their types.
                if key in runs and isinstance(step, int) and all(isinstance(each, (int, float)) for each in (time, value)):
                    runs[key].add(str(name), step, time / 1000, value)
    except sqlite3.Error as problem:
        raise ValueError(f"{file}: is not a database of MLflow, or cannot be read ({problem}).") from problem
    return list(runs.values())
