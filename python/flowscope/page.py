"""The inspector's page of a recording: one HTML document that holds everything it needs."""

from __future__ import annotations

import base64
import html
import os
import secrets
from pathlib import Path

#: Written by the build: into the package of a release, or next to the other pages of a checkout or the extension.
PLACES = (
    Path(__file__).parent / "page" / "recording.html",
    Path(__file__).parents[2] / "dist" / "webview" / "recording.html",
)


def recording_page(recording: bytes, name: str, *, page: str | None = None, version: str = "") -> str:
    """The document. `page` tells it apart from others whose messages a flow answers, and `version` is that of the weights
    that were recorded; without them it asks nobody."""
    text = _template()
    text = text.replace("nonce-of-the-page", secrets.token_urlsafe(18))
    asks = "" if page is None else f' data-page="{html.escape(page)}" data-version="{html.escape(version)}"'
    text = text.replace(' data-page="{{page}}" data-version="{{version}}"', asks)
    language = os.environ.get("FLOWSCOPE_LANGUAGE", "en")
    if language.startswith("de"):
        text = text.replace('<html lang="en">', '<html lang="de">')
    text = text.replace("{{title}}", html.escape(name)).replace("{{name}}", html.escape(name, quote=True))
    # Last, as nothing in it is to be replaced.
    return text.replace("{{recording}}", base64.b64encode(recording).decode("ascii"))


def _template() -> str:
    for place in PLACES:
        if place.is_file():
            return place.read_text(encoding="utf8")
    raise FileNotFoundError(
        "The inspector's page is not in this installation of flowscope. Install the wheel of a release, or build the checkout: "
        "npm start -- --no-open."
    )
