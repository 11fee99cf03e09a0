"""Shows a recording or a running flow in a notebook: the inspector's own page, inside of the cell."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any

from .page import recording_page


class Shown:
    """What a notebook displays: the page in a frame of its own."""

    def __init__(self, page: str, height: int, live: Any = None, answers: Any = None) -> None:
        self.page, self.height = page, height
        #: The flow that answers the page, a `flowscope.Live`; None for a recording.
        self.live = live
        self._answers = answers

    def _repr_html_(self) -> str:
        # A frame without the notebook's rights: the page's script runs, and reaches nothing else.
        return (
            f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{html.escape(self.page, quote=True)}" '
            f'style="width:100%;height:{self.height}px;border:0"></iframe>'
        )

    def _display_(self) -> Any:
        """What marimo shows: there, a widget answers only where it is shown too."""
        import marimo

        frame = marimo.Html(self._repr_html_())
        return frame if self._answers is None else marimo.vstack([frame, marimo.ui.anywidget(self._answers)])


def show(
    recording: str | os.PathLike[str] | Any, x: Any = None, context: Any = None, *, height: int | None = None, **options: Any
) -> Shown:
    """The page of a recording, `show("model.flowrec.safetensors")`, or of a flow that answers it while the kernel lives,
    `show(flow, x)`. Takes what `record` takes. Nothing is loaded from elsewhere and nothing listens: the page has its
    recording, and asks the flow through the kernel's own channel (needs anywidget; without it, it is a page of the recording)."""
    if isinstance(recording, (str, os.PathLike)):
        file = Path(recording)
        return Shown(recording_page(file.read_bytes(), file.name), height or 800)
    from .live import Live

    live = Live(recording, x, context, **options)
    name = str(options.get("title") or type(recording).__name__)
    try:
        from .widget import answer_page
    except ImportError:
        return Shown(recording_page(live.recording, name), height or 420)
    answers = answer_page(live)
    page = recording_page(live.recording, name, page=answers.page, version=live.version)
    return Shown(page, height or 420, live, answers)
