"""What a notebook shows is the inspector's saved page, in a frame. Made by the command line that was built (FLOWSCOPE_CLI)."""

import html
import os
import re
from pathlib import Path

import pytest
from flows import Mix, Scale, batch

import flowscope

CLI = Path(__file__).resolve().parents[2] / "dist" / "cli.js"


def test_a_flow_becomes_a_page_in_a_frame(monkeypatch):
    monkeypatch.setenv("FLOWSCOPE_CLI", os.environ.get("FLOWSCOPE_CLI", str(CLI)))
    shown = flowscope.show([Scale(), Mix()], batch(8), title="Shown")
    frame = shown._repr_html_()
    page = html.unescape(re.search(r'srcdoc="([^"]*)"', frame).group(1))
    assert page.startswith("<!DOCTYPE html>") and "Shown, 4 features" in page
    assert 'sandbox="allow-scripts' in frame and "allow-same-origin" not in frame


def test_errors_are_those_of_the_command_line(monkeypatch, tmp_path):
    monkeypatch.setenv("FLOWSCOPE_CLI", os.environ.get("FLOWSCOPE_CLI", str(CLI)))
    with pytest.raises(RuntimeError, match=r"no such file|is not a model"):
        flowscope.show(tmp_path / "none.flowrec.safetensors")
    monkeypatch.delenv("FLOWSCOPE_CLI")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="FLOWSCOPE_CLI"):
        flowscope.show("any.flowrec.safetensors")
