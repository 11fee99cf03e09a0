"""Answers a page in a notebook over the kernel's own channel. Nothing of it is drawn: the page is in the cell's output."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from .live import Live


class _Answers(anywidget.AnyWidget):
    _esm = Path(__file__).with_name("widget.js")
    #: Name of the page that it answers.
    page = traitlets.Unicode().tag(sync=True)

    def __init__(self, live: Live, page: str) -> None:
        super().__init__(page=page)
        self._live = live
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("flowscope") != self.page:
            return
        reply = self._live.answer(str(content.get("request")))
        found = reply.pop("bytes", None)
        self.send({"flowscope": self.page, "id": content.get("id"), "reply": reply}, [] if found is None else [found])


def answer_page(live: Live) -> str:
    """Lets `live` answer a page as long as the kernel lives. Returns what the page says to be that one."""
    page = secrets.token_hex(16)
    _Answers(live, page)
    return page
