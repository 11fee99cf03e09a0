"""The page in a cell of JupyterLab or marimo asks the flow of the kernel: in a browser, and when the kernel has gone."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]

SHOW = """
import torch, zuko, flowscope
torch.manual_seed(0)
flow, x = zuko.flows.NSF(2, transforms=3, hidden_features=(16,)), torch.randn(64, 2)
flowscope.show(flow, x)
"""
CHANGE = """
with torch.no_grad():
    next(flow.parameters()).mul_(1.5)
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def server(command, url, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "JUPYTER_CONFIG_DIR": str(cwd / "config")}
    with (cwd / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(600):
            assert process.poll() is None, (cwd / "log.txt").read_text()
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def drive(kind, url, tmp_path):
    pictures = Path(os.environ.get("FLOWSCOPE_PICTURES", tmp_path))
    done = subprocess.run(
        ["node", os.environ["FLOWSCOPE_DRIVE_NOTEBOOK"], kind, url, str(pictures)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_cell_of_jupyterlab_is_live(tmp_path):
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (SHOW, CHANGE)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "live.ipynb")
    overrides = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
    settings = tmp_path / "config" / "lab"
    settings.mkdir(parents=True)
    port = free_port()
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=t", "--allow-root"]
    (settings / "overrides.json").write_text(json.dumps(overrides))
    with server([sys.executable, "-m", "jupyterlab", *options], f"http://127.0.0.1:{port}/api?token=t", tmp_path):
        drive("jupyterlab", f"http://localhost:{port}/lab/tree/live.ipynb?token=t", tmp_path)


MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    import flowscope, torch, zuko
    torch.manual_seed(0)
    flow, x = zuko.flows.NSF(2, transforms=3, hidden_features=(16,)), torch.randn(64, 2)
    return flow, flowscope, mo, torch, x

@app.cell
def _(flow, flowscope, x):
    flowscope.show(flow, x)

@app.cell
def _(flow, mo, torch):
    def change(_):
        with torch.no_grad():
            next(flow.parameters()).mul_(1.5)
    mo.ui.button(label="Change the weights", on_click=change)
"""


def test_a_cell_of_marimo_is_live(tmp_path):
    (tmp_path / "live.py").write_text(MARIMO)
    port = free_port()
    options = ["--headless", "--port", str(port), "--no-token", "--skip-update-check"]
    with server([sys.executable, "-m", "marimo", "edit", "live.py", *options], f"http://127.0.0.1:{port}/", tmp_path):
        drive("marimo", f"http://localhost:{port}/", tmp_path)
