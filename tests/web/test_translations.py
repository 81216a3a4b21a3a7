"""The English catalogue keeps step with what pages say. `python -m ledger.web.translating` brings it in step (docs/translations.md)."""

import re

from ledger.web import translating

FIGURE = re.compile(r"%\(\w+\)[a-z]")


def test_every_sentence_has_its_english():
    assert translating.missing() == []


def test_no_figure_is_lost_on_the_way():
    for chinese, english in translating.kept().items():
        assert not english or sorted(FIGURE.findall(chinese)) == sorted(FIGURE.findall(english)), chinese
        assert not re.search(r"[一-鿿]", english), english


def test_the_compiled_catalogue_is_that_of_the_text():
    assert translating.CATALOGUE.with_suffix(".mo").read_bytes() == translating.compiled(translating.kept())


def test_english_pages_speak_english(client):
    page = client.get("/?lang=en").text
    assert "Staff sign-in" in page
    assert not re.search(r"[一-鿿]", re.sub(r"<a[^>]*lang=\"zh-CN\".*?</a>|示例高新区", "", page))
