"""Signing in and out on pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("signing", __name__)
