"""Chinese first, English second; large type and outdoor contrast: what a visitor chose, and the values every page is given."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from flask import Flask, Response, g, get_flashed_messages, request
from flask_babel import Babel

from ledger.web import gate

LOCALES: Final = {"zh": "zh_Hans_CN", "en": "en"}
CHOICES: Final = {"lang": ("zh", "en"), "size": ("normal", "elder"), "theme": ("normal", "contrast")}
"""What `?lang=`, `?size=` and `?theme=` may say on any page; the first is the default and is not kept."""

YEAR_SECONDS: Final = 365 * 24 * 3600
API_LANGUAGES: Final = ["zh-CN", "zh", "zh-Hans", "zh-Hans-CN", "en"]


def install(app: Flask, zone: str) -> None:
    """Translations, the three choices of a visitor, and the values that layouts expect."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", LOCALES["zh"])
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", zone)
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "translations")
    Babel(app, locale_selector=lambda: LOCALES[language()])
    app.jinja_env.globals["new_request_key"] = new_request_key
    app.context_processor(page_values)


def keep_choices(response: Response) -> None:
    """Remember by cookie what the visitor chose on this page."""
    for name, value in g.get("chosen", {}).items():
        if value == CHOICES[name][0]:
            response.delete_cookie(f"ledger-{name}", path="/")
        else:
            response.set_cookie(
                f"ledger-{name}", value, path="/", max_age=YEAR_SECONDS, secure=gate.is_secure(), httponly=True, samesite="Lax"
            )


def language() -> str:
    """ "zh" or "en": by `Accept-Language` for the API, by the visitor's own choice on pages, else Chinese."""
    if gate.is_api():
        best = request.accept_languages.best_match(API_LANGUAGES, "zh")
        return "en" if best == "en" else "zh"
    return choice("lang")


def choice(name: str) -> str:
    """What the visitor chose now (by the address) or before (by cookie)."""
    chosen = g.setdefault("chosen", {})
    if name in chosen:
        return str(chosen[name])
    asked = request.args.get(name, "") if request.method == "GET" else ""
    if asked in CHOICES[name]:
        chosen[name] = asked
        return asked
    kept = request.cookies.get(f"ledger-{name}", "")
    return kept if kept in CHOICES[name] else CHOICES[name][0]


def new_request_key() -> str:
    """A fresh key for the hidden field `request_key` of a form that writes."""
    return str(uuid4())


def page_values() -> dict[str, Any]:
    """Values of layouts/page.html that no view needs to think of; a view's own values stand before them."""
    size, theme = choice("size"), choice("theme")
    return {
        "lang": "en" if language() == "en" else "zh-CN",
        "size": "" if size == "normal" else size,
        "theme": "" if theme == "normal" else theme,
        "size_href": switch_href("size", "normal" if size == "elder" else "elder"),
        "theme_href": switch_href("theme", "normal" if theme == "contrast" else "contrast"),
        "lang_href": switch_href("lang", "zh" if language() == "en" else "en"),
        "flashes": [{"kind": said[0], "text": said[1]} for said in get_flashed_messages(with_categories=True)],
    }


def switch_href(name: str, value: str) -> str:
    """The address of this page with one choice changed. After a POST only the choice stays: its address may not answer GET."""
    kept = {key: text for key, text in request.args.items() if key != name} if request.method == "GET" else {}
    return "?" + urlencode({**kept, name: value})
