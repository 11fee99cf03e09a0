"""What a notebook shows is the inspector's page, in a frame, with the recording in it: no other program is needed."""

import base64
import html
import re

import pytest
from flows import Mix, Scale, batch

import flowscope


def page_of(shown):
    frame = shown._repr_html_()
    assert 'sandbox="allow-scripts' in frame and "allow-same-origin" not in frame
    return html.unescape(re.search(r'srcdoc="([^"]*)"', frame).group(1))


def held(page):
    tag, text = re.search(r'<script type="text/plain" id="flowscope-recording"([^>]*)>([^<]*)<', page).groups()
    return tag, base64.b64decode(text)


def test_a_recording_becomes_a_page_in_a_frame(monkeypatch, tmp_path):
    file = flowscope.record([Scale(), Mix()], batch(8), path=tmp_path / "a <b>")
    # Neither Node nor a command of Flowscope.
    monkeypatch.setenv("PATH", "")
    page = page_of(flowscope.show(file))
    tag, recording = held(page)
    assert recording == file.read_bytes()
    assert page.startswith("<!DOCTYPE html>") and "<title>a &lt;b&gt;.flowrec.safetensors</title>" in page
    assert "data-page" not in tag and not re.search(r"{{\w+}}", page)


def test_a_flow_is_answered_by_itself():
    shown = flowscope.show([Scale(), Mix()], batch(8), title="Shown")
    tag, recording = held(page_of(shown))
    assert recording == shown.live.recording
    assert re.search(r'data-page="[0-9a-f]{32}"', tag) and 'data-name="Shown"' in tag


def test_pages_differ_in_their_nonces_and_load_nothing(tmp_path):
    file = flowscope.record([Scale()], batch(8), path=tmp_path / "flow")
    pages = [page_of(flowscope.show(file)) for _ in range(2)]
    nonces = [set(re.findall(r'nonce="([^"]+)"', page)) for page in pages]
    assert len(nonces[0]) == 1 and nonces[0] != nonces[1]
    assert all("default-src 'none'" in page and "nonce-of-the-page" not in page for page in pages)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.flowrec"):
        flowscope.show(tmp_path / "none.flowrec.safetensors")
