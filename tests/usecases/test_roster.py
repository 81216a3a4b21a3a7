"""Who people are to the ledger: where they live and work, what they may do, and how little of them is kept."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.domain import errors
from ledger.domain.act import micros
from ledger.storage import access, database, people
from ledger.storage.sql import Statement
from ledger.usecases.found_book import found_book
from ledger.usecases.give_role import end_role, give_role
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_people import import_people
from tests.cast import AREAS, PEOPLE, District, migrated_settings, open_book

LINKS = Statement("SELECT kind, target, from_at, until_at FROM {membership} WHERE holder = :id ORDER BY kind, target")
IDENTITY = Statement("SELECT id, identity_lookup, identity_tail FROM {holder} WHERE kind = 'person' ORDER BY id")
AREAS_NOW = Statement("SELECT path, pool, kind FROM {area} WHERE until_at IS NULL ORDER BY path")
EVIDENCE = Statement("SELECT DISTINCT kind, evidence, evidence_level, batch FROM {act} WHERE subject = 'V000002' AND evidence <> ''")
ID_NUMBER = "370399195001011234"


def test_a_person_lives_somewhere_works_somewhere_and_serves_in_a_team_since_a_day(district: District) -> None:
    joined = micros(district.now)
    assert district.book.read(lambda unit: unit.rows(LINKS, id="V000002")) == [
        ("area", "dongyuan-w01", joined, None),
        ("team", "T0001", joined, None), ("work_unit", "W0001", joined, None),
    ]  # fmt: skip
    marks = district.book.read(lambda unit: unit.rows(LINKS, id="V000001"))
    assert ("mark", "building_head", joined, None) in marks
    lives = district.book.read(lambda unit: people.holder(unit, "V000006"))
    assert (lives.pool, lives.status) == ("xiyuan", "active")


def test_the_grid_is_a_tree_and_a_community_is_a_pool(sqlite_district: District) -> None:
    assert sqlite_district.book.read(lambda unit: unit.rows(AREAS_NOW)) == [
        ("石桥街道", "shiqiao", "town"),
        ("石桥街道/东苑社区", "dongyuan", "community"),
        ("石桥街道/东苑社区/第1网格", "dongyuan", "grid"),
        ("石桥街道/东苑社区/第1网格/微网格01", "dongyuan", "micro_grid"),
        ("石桥街道/西苑社区", "xiyuan", "community"),
        ("石桥街道/西苑社区/第1网格", "xiyuan", "grid"),
        ("石桥街道/西苑社区/第1网格/微网格01", "xiyuan", "micro_grid"),
    ]
    lineage = sqlite_district.book.read(lambda unit: people.lineage(unit, people.holder(unit, "V000001").area))
    assert (len(lineage), lineage[-2:]) == (4, ["dongyuan", "shiqiao"])


def test_an_earning_names_its_activity_its_level_and_its_sheet(sqlite_district: District) -> None:
    [(kind, evidence, level, batch)] = sqlite_district.book.read(lambda unit: unit.rows(EVIDENCE))
    assert (kind, level, batch) == ("service_earned", 2, "B000007")
    assert evidence.startswith("activity:")
    assert len(evidence.removeprefix("activity:")) == 36


@pytest.mark.parametrize(("keeps", "tail"), [(False, ""), (True, "1234")])
def test_an_id_number_leaves_a_keyed_digest_and_four_places_only_where_the_district_asks(home: Path, keeps: bool, tail: str) -> None:
    book = open_book(migrated_settings(home, toml=f"[identity]\nkeep_id_digest = {str(keeps).lower()}\n"))
    district = District(book, home)
    request = district.request("import", key=None)
    found_book(book, request)
    for name, importer, text in (("areas.csv", import_areas, AREAS), ("people.csv", import_people, PEOPLE)):
        (home / name).write_text(text, encoding="utf-8")
        importer(book, request, home / name)
        (home / name).unlink()
    rows = book.read(lambda unit: unit.rows(IDENTITY))
    assert rows[0][2] == tail
    assert (rows[0][1] is not None) is keeps
    assert rows[5][1:] == (None, "")  # the one who brought none
    raw = b"".join(p.read_bytes() for p in database.sqlite_file(book.settings).parent.glob("ledger.sqlite3*"))
    assert ID_NUMBER.encode() not in raw
    for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5):
        assert digest(ID_NUMBER.encode()).digest() not in raw
        assert digest(ID_NUMBER.encode()).hexdigest().encode() not in raw
    district.check_clean()
    book.close()


def test_a_deputy_stands_in_between_two_dates_and_not_a_moment_longer(district: District) -> None:
    until = district.now + timedelta(days=3)
    given = give_role(
        district.book, district.request("give_role"), grantee="U000004", role="keeper", station="DY001", until=until, deputy_for="U000001"
    )
    assert given["grant"]

    def roles() -> list[tuple[str, str, str]]:
        grants = district.book.read(lambda unit: access.grants(unit, "U000004", district.now))
        return [(g.role, g.scope, g.deputy_for) for g in grants if g.role == "keeper"]

    assert roles() == [("keeper", "DY001", "U000001")]
    district.later(days=3, microseconds=-1)
    assert len(roles()) == 1
    district.later(microseconds=1)
    assert roles() == []


def test_a_role_that_ended_is_over_at_once(district: District) -> None:
    given = give_role(district.book, district.request("give_role"), grantee="U000004", role="keeper", station="DY001")
    end_role(district.book, district.request("end_role"), grant=given["grant"])
    grants = district.book.read(lambda unit: access.grants(unit, "U000004", district.now))
    assert [g.role for g in grants] == ["officer"]
    with pytest.raises(errors.LedgerError):
        end_role(district.book, district.request("end_role"), grant="no such grant")
