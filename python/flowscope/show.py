"""Shows a recording in a notebook: the inspector's own page, inside of the cell."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any


class Shown:
    """What a notebook displays: the saved page in a frame of its own."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def _repr_html_(self) -> str:
        # A frame without the notebook's rights: the page's script runs, and reaches nothing else.
        return (
            f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{html.escape(self.page, quote=True)}" '
            f'style="width:100%;height:{self.height}px;border:0"></iframe>'
        )


def show(
    recording: str | os.PathLike[str] | Any, x: Any = None, context: Any = None, *, height: int = 800, **options: Any
) -> Shown:
    """The saved page of a recording, or of a flow that is recorded for it: `show("model.flowrec.safetensors")` or
    `show(flow, x)`. Needs the command line `flowscope`, or FLOWSCOPE_CLI as the path of its cli.js; the page stays on this
    machine, and holds the batch."""
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(recording, (str, os.PathLike)):
            file = Path(recording)
        else:
            from .recorder import record

            file = record(recording, x, context, path=Path(folder) / "shown", **options)
        page = Path(folder) / "page.html"
        done = subprocess.run(
            [*_command(), "inspect", str(file), "--output", str(page), "--quiet"], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"flowscope inspect ended with {done.returncode}.")
        return Shown(page.read_text(encoding="utf8"), height)


def _command() -> list[str]:
    script = os.environ.get("FLOWSCOPE_CLI")
    if script:
        node = shutil.which("node")
        if node is None:
            raise FileNotFoundError("FLOWSCOPE_CLI is set, and there is no node on the path to run it.")
        return [node, script]
    found = shutil.which("flowscope")
    if found is None:
        raise FileNotFoundError(
            "There is no command flowscope on the path. Install Flowscope's command line, or set FLOWSCOPE_CLI to its cli.js."
        )
    return [found]
