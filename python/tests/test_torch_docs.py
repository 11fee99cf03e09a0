"""docs/torch.md as it is written: its commands, then its Python with the names that a reader would have."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "torch.md").read_text(encoding="utf8")
CLI = os.environ.get("FLOWSCOPE_CLI", str(ROOT / "dist" / "cli.js"))


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_page_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = ""
    for line in "".join(blocks("sh run")).splitlines():
        ended = subprocess.run(["node", CLI, *shlex.split(line)[1:]], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        printed = ended.stdout
    use, coupling, training, compiled, bfloat16 = blocks("python")
    methods = coupling[coupling.index("    def forward") :].strip()
    assert methods in printed
    monkeypatch.syspath_prepend(str(tmp_path / "flow"))
    names = {"batches": [torch.randn(8, 2)]}
    try:
        exec(use, names)
        before = names["flow"].couplings[0].scale.detach().clone()
        exec(training, names)
        exec(compiled, names)
        float32 = names["flow"].log_prob(names["x"])
        assert torch.allclose(names["log_prob"](names["x"]), float32, atol=1e-5)
        exec(bfloat16, names)
        nearly = names["flow"].log_prob(names["x"])
    finally:
        sys.modules.pop("flow", None)
    assert nearly.dtype == torch.float32
    assert 0 < (nearly - float32).abs().median() < 0.1
    assert torch.allclose(names["back"], names["x"], atol=1e-4)
    assert not torch.equal(before, names["flow"].couplings[0].scale)
