"""The house itself: every refusal has its words, every command its help, every module says what it is for."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from typer.main import get_command

from ledger import boundary, phrases
from ledger.console.main import app
from ledger.domain import errors
from ledger.domain.errors import LedgerError

ROOT = Path(__file__).resolve().parents[1]
LEDGER = sorted((ROOT / "ledger").rglob("*.py"))


def refusals() -> list[type[LedgerError]]:
    return [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, LedgerError)]


@pytest.mark.parametrize("refusal", refusals(), ids=lambda c: c.__name__)
def test_every_refusal_has_words_in_both_languages_and_a_status(refusal: type[LedgerError]) -> None:
    titles = {language: phrases.title(refusal.code, language) for language in ("zh", "en")}
    assert re.search(r"[一-鿿]", titles["zh"]) and not re.search(r"[一-鿿]", titles["en"])
    assert boundary.STATUS[refusal.kind] >= 400
    assert boundary.EXIT[refusal.kind] in (3, 4)


def commands() -> list[tuple[str, object]]:
    found = []

    def walk(command: object, path: str) -> None:
        inner = getattr(command, "commands", None)
        if inner:
            for name, child in inner.items():
                walk(child, f"{path} {name}".strip())
        else:
            found.append((path, command))

    walk(get_command(app), "")
    return found


@pytest.mark.parametrize(("path", "command"), commands(), ids=[path for path, _ in commands()])
def test_every_command_and_option_says_what_it_does_in_chinese(path: str, command: object) -> None:
    assert re.search(r"[一-鿿]", getattr(command, "help", "") or ""), path
    for parameter in command.params:  # type: ignore[attr-defined]
        if parameter.name != "help":
            assert re.search(r"[一-鿿]", getattr(parameter, "help", "") or ""), f"{path} {parameter.name}"


def test_the_contract_s_commands_are_there() -> None:
    promised = {
        "init", "serve", "scheduler", "user add", "import areas", "import people", "import stations", "import goods", "import activities",
        "import attendance", "import opening", "import undo", "cycle list", "cycle show", "cycle tick", "cycle advance", "points balance",
        "points statement", "stock show", "rules list", "audit check", "audit seal", "audit head", "audit proof", "audit consistency",
        "audit export", "backup", "restore", "bench", "doctor", "demo",
    }  # fmt: skip
    assert promised <= {path for path, _ in commands()}


@pytest.mark.parametrize("file", LEDGER, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), file


def test_no_style_and_no_script_stands_inside_a_page() -> None:
    for page in sorted((ROOT / "templates").rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style", text), page
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", text), page


def test_nothing_is_asked_of_another_host() -> None:
    asked = re.compile(r"""(?:src|href|action)\s*=\s*["']https?://|url\(\s*["']?https?://|fetch\(\s*["']https?://""")
    for file in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.css"), *(ROOT / "static" / "js").rglob("*.js")]:
        assert not asked.search(file.read_text(encoding="utf-8")), file
