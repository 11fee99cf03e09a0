import contextlib
import os
import signal
import sys
import uuid
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)


@pytest.fixture
def family(monkeypatch):
    """What a test has started, and what that has started: process ids and names."""
    if sys.platform != "linux":
        pytest.skip("other systems do not say what was started")
    mark = uuid.uuid4().hex
    monkeypatch.setenv("FLOWSCOPE_TEST", mark)

    def found():
        named = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark.encode() in (process / "environ").read_bytes():
                    named[int(process.name)] = (process / "cmdline").read_text()
            except OSError:
                continue
        # What forks for tests (runs.py) goes on.
        return {process: name for process, name in named.items() if "from multiprocessing" not in name}

    yield found
    for process in found():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
