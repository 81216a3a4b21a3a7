"""The stand-alone verifier agrees with the audit: it accepts what is whole and names what is not."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.audit import trail
from ledger.audit.export import export
from tests.audit import district
from tests.audit.conftest import open_book

VERIFIER = Path(__file__).parents[2] / "docs" / "verify" / "verify.py"


@pytest.fixture(params=["sha256", "sm3"])
def published(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Path]:
    """What a stranger gets: an old head, the new head, the export, a proof and a consistency proof."""
    book = open_book(tmp_path / "home", hash_=request.param)
    now = district.live(book, tmp_path / "files")
    old = trail.head(book).document()
    trail.seal(book, now)
    files = {"acts": tmp_path / "acts.jsonl"}
    export(book, "jsonl", files["acts"])
    entry = json.loads(files["acts"].read_text(encoding="utf-8").splitlines()[40])["header"]["id"]
    documents = {"old": old, "head": trail.head(book).document(), "proof": trail.proof(book, entry), "consistency": trail.since(book, old)}
    for name, document in documents.items():
        files[name] = tmp_path / f"{name}.json"
        files[name].write_text(json.dumps(document), encoding="utf-8")
    book.close()
    return files


def verify(files: dict[str, Path], *names: str, key: str = "") -> tuple[int, str]:
    options = [part for name in names for part in (f"--{name}", str(files[name]))] + (["--key", key] if key else [])
    done = subprocess.run([sys.executable, "-I", str(VERIFIER), *options], capture_output=True, encoding="utf-8", env={"PYTHONUTF8": "1"})
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_was_published_holds_together(published):
    key = json.loads(published["head"].read_text())["public_key"]
    code, said = verify(published, "head", "acts", "old", "proof", "consistency", key=key)
    assert code == 0 and "全部相符" in said and "不符  " not in said
    assert verify(published, "head", "old", "consistency")[0] == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("acts", '"actor":"U000001"', '"actor":"U000002"', "重算的树根"),
        ("acts", '"amount":60', '"amount":61', "借贷相差"),
        ("acts", '"leaf_index":5,', '"leaf_index":500,', "缺第 5 片"),
        ("head", '"size": ', '"size": 1', "签名无效"),
        ("old", '"signed_at": "2022', '"signed_at": "2021', "签名无效"),
        ("proof", '"leaf_hash": "', '"leaf_hash": "00', "包含证明不成立"),
        ("consistency", '"first": ', '"first": 1', "旧账被改过"),
    ],
)
def test_what_was_altered_is_named(published, file, old, new, words):
    edit(published[file], old, new)
    code, said = verify(published, "head", "acts", "old", "proof", "consistency")
    assert code == 1 and words in said


def test_a_deleted_act_and_a_foreign_key_are_named(published):
    lines = published["acts"].read_text(encoding="utf-8").splitlines()
    published["acts"].write_text("\n".join(lines[:20] + lines[21:]) + "\n", encoding="utf-8")
    code, said = verify(published, "head", "acts", key="00" * 32)
    assert code == 1 and "凭证被删" in said and "公钥不是所知的那一把" in said


def test_documents_that_are_not_ours_cannot_be_judged(published):
    published["acts"].write_text("{}\n", encoding="utf-8")
    assert verify(published, "head", "acts")[0] == 2
    published["head"].write_text("no json", encoding="utf-8")
    assert verify(published, "head")[0] == 2


def test_the_verifier_is_short_and_knows_nothing_of_us():
    text = VERIFIER.read_text(encoding="utf-8")
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in getattr(node, "names", [])]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert len(text.splitlines()) <= 300
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
