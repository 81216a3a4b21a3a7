"""A pass as a picture of its link, for <img>: only a picture can be held long in WeChat to be read."""

from __future__ import annotations

from typing import Final

from flask import Response

from ledger.passes.image import qr_png
from ledger.passes.links import url_of
from ledger.web import gate

MODULE_PIXELS: Final = 16


def png(text: str) -> Response:
    """The PNG of a pass, kept by nobody on the way."""
    response = Response(qr_png(url_of(gate.book_settings().public_url, text), module_pixels=MODULE_PIXELS), content_type="image/png")
    response.headers["Cache-Control"] = "no-store"
    return response
