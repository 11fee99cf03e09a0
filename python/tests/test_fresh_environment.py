"""The three lines of docs/record.md in a virtual environment that the package's wheel was just installed into."""

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

LINES = """
import torch, zuko
flow, x = zuko.flows.NSF(3, transforms=2, hidden_features=(8,)), torch.randn(16, 3)

import flowscope

print(flowscope.record(flow, x, path="model.flowrec.safetensors"))
print(flowscope.__file__)
print(len(flowscope.show(flow, x).page), len(flowscope.show("model.flowrec.safetensors").page))
"""


def run(*command, cwd, **variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | variables
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_lines_work_where_the_package_was_installed(tmp_path):
    made = tmp_path / "environment"
    venv.create(made, with_pip=True)
    paths = sysconfig.get_paths("venv", vars={"base": str(made), "platbase": str(made)})
    packages = Path(paths["purelib"])
    # PyTorch and the libraries are gigabytes, and stay where they are.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = Path(paths["scripts"]) / ("python.exe" if os.name == "nt" else "python")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", os.environ["FLOWSCOPE_WHEEL"], cwd=tmp_path)
    said = run(python, "-c", LINES, cwd=tmp_path, PATH="").splitlines()
    assert (tmp_path / said[0]).stat().st_size > 10_000
    assert packages in Path(said[1]).parents
    # The page is in the wheel, and needs no other program.
    assert all(int(size) > 300_000 for size in said[2].split())
