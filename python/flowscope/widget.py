"""Answers a page in a notebook over the kernel's own channel. Nothing of it is drawn: the page is in the cell's output."""

from __future__ import annotations

import json
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
        #: The load of the page that is answered. The first is the one that the user asked for.
        self._load: Any = None
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("flowscope") != self.page:
            return
        reply = self._reply(content.get("load"), str(content.get("request")))
        found = reply.pop("bytes", None)
        self.send({"flowscope": self.page, "id": content.get("id"), "reply": reply}, [] if found is None else [found])

    def _reply(self, load: Any, request: str) -> dict[str, Any]:
        """A page that was loaded again, or stands twice on the screen, is answered when its reader says so: no code of the
        user runs because something was opened."""
        if self._load is None or (load != self._load and json.loads(request).get("op") == "wake"):
            self._load = load
        return {"version": self._live.version, "asleep": True} if load != self._load else self._live.answer(request)


def answer_page(live: Live) -> _Answers:
    """Lets `live` answer a page as long as the kernel lives: the one that says to be `page` of what this returns."""
    return _Answers(live, secrets.token_hex(16))
