"""The three lines of docs/record.md in a notebook that a Jupyter kernel executes."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]

LINES = """
import flowscope
flowscope.record(flow, x, path="model.flowrec.safetensors")
flowscope.show("model.flowrec.safetensors")
"""

FLOW = """
import torch, zuko
torch.manual_seed(0)
flow, x = zuko.flows.NSF(3, transforms=2, hidden_features=(8,)), torch.randn(16, 3)
"""


def test_the_lines_show_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (FLOW, LINES)])
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert (tmp_path / "model.flowrec.safetensors").stat().st_size > 10_000
    (shown,) = [out for out in notebook.cells[1].outputs if out.output_type == "execute_result"]
    assert "model.flowrec" in shown.data["text/html"] and "srcdoc" in shown.data["text/html"]


def test_the_notebook_of_the_docs_finds_its_bug(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python"))
    notebook = nbformat.read(ROOT / "docs" / "notebooks" / "find-a-bug.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    printed = [out.text for out in outputs if out.output_type == "stream"]
    left, outside = (int(line.split("%")[0].split()[-1]) for line in printed[1].splitlines())
    assert left == outside > 30
    after, before = (float(word) for word in printed[2].replace("nats", "").split("instead of"))
    assert after < 6 and before > after + 5
    assert sum("srcdoc" in out.data["text/html"] for out in outputs if out.output_type == "execute_result") == 2
