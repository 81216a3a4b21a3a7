"""Debian's Chromium, how it is started so that it asks nobody outside, and the accessibility checker."""

from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
