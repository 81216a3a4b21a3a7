"""Signing in over the API: one answer for every wrong try, limits that all workers share, sessions that end at once."""

import threading

import pyotp
import pytest

from ledger.domain.act import instant
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book
from ledger.usecases import open_sign_in
from ledger.usecases.add_login import add_login, disable_login, set_password
from ledger.usecases.give_role import end_role
from ledger.usecases.open_sign_in import who
from ledger.web import create_app
from tests.web.conftest import PASSWORD

ACTS = Statement("SELECT kind, actor, subject, facts FROM {act} WHERE kind LIKE 'sign%' ORDER BY recorded_at, id")


def acts(book):
    return [tuple(row) for row in book.read(lambda unit: unit.rows(ACTS))]


def try_in(client, login="organiser", password=PASSWORD, address="10.0.0.1", **more):
    return client.post("/api/v1/sessions", json={"login": login, "password": password, **more}, environ_base={"REMOTE_ADDR": address})


def ends(client, header):
    return client.delete("/api/v1/sessions/current", headers=header).status_code


def test_a_right_password_opens_a_session_and_is_journalled(client, staff, book):
    answer = try_in(client, "  ORGANISER ")
    assert answer.status_code == 201
    assert set(answer.json) == {"token", "role", "roles", "expires_at"}
    assert (answer.json["role"], answer.json["roles"], answer.json["expires_at"]) == (
        "organiser",
        ["organiser"],
        "2022-10-08T18:00:00+00:00",
    )
    assert acts(book) == [("signed_in", "U000001", "U000001", '{"kind":"api"}')]


def test_the_token_lies_in_the_book_as_a_digest_only(client, staff, book):
    token = try_in(client).json["token"]
    row = book.read(lambda unit: unit.row(Statement("SELECT * FROM {sign_in}")))
    assert token.encode() not in b"".join(str(part).encode() if not isinstance(part, bytes) else part for part in row)
    assert row[0] == open_sign_in.digest_of(token)


def test_unknown_disabled_and_wrong_get_the_same_answer(client, staff, book, console):
    add_login(book, console, login="left", role="organiser", password=PASSWORD)
    disable_login(book, console, login="left")
    tries = [try_in(client, "organiser", "wrong"), try_in(client, "nobody"), try_in(client, "left")]
    bodies = [{**answer.json, "trace": ""} for answer in tries]
    assert [answer.status_code for answer in tries] == [401] * 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "unauthenticated"
    assert [(kind, subject) for kind, _, subject, _ in acts(book)] == [
        ("sign_in_refused", "U000001"),
        ("sign_in_refused", ""),
        ("sign_in_refused", "U000003"),
    ]


def test_after_five_failures_even_the_right_password_waits(client, staff, clock):
    assert [try_in(client, password="wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    waiting = try_in(client)
    assert (waiting.status_code, waiting.json["code"], waiting.headers["Retry-After"]) == (429, "too_many_requests", "900")
    assert try_in(client, "officer", "wrong").status_code == 401
    clock.tick(minutes=15)
    assert try_in(client).status_code == 201


def test_successes_are_never_counted_and_forget_the_failures_of_their_account(client, staff):
    for _ in range(4):
        assert try_in(client, password="wrong").status_code == 401
    assert [try_in(client).status_code for _ in range(40)] == [201] * 40
    assert [try_in(client, password="wrong").status_code for _ in range(6)] == [401] * 5 + [429]


def test_an_address_is_counted_over_all_accounts(client, staff):
    assert {try_in(client, f"guess{n}").status_code for n in range(30)} == {401}
    assert try_in(client, "organiser").status_code == 429
    assert try_in(client, "organiser", address="10.0.0.2").status_code == 201


def test_a_clock_that_was_wrong_locks_nobody_out_for_long(client, staff, clock):
    clock.tick(days=400)
    for _ in range(5):
        try_in(client, password="wrong")
    clock.tick(days=-400)
    assert try_in(client).status_code == 201


@pytest.mark.parametrize("guesses", [24])
def test_guesses_sent_at_once_over_two_workers_tell_no_more_than_five(settings, book, staff, clock, guesses):
    other = Book(settings.book(), book.keyring, book.ids)
    clients = [create_app(settings, {b.slug: b}, clock=clock).test_client() for b in (book, other)]
    start, statuses = threading.Barrier(8), []

    def guess(place):
        start.wait()
        for _ in range(guesses // 8):
            statuses.append(try_in(clients[place % 2], password="wrong", address=f"10.1.{place}.1").status_code)

    threads = [threading.Thread(target=guess, args=(place,)) for place in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    other.close()
    assert sorted(statuses) == [401] * 5 + [429] * (guesses - 5)


def test_an_officer_needs_a_one_time_code_that_works_once(client, staff, clock):
    codes = pyotp.parse_uri(staff["officer"]["otp_uri"])
    asked = try_in(client, "officer")
    assert (asked.status_code, asked.json["code"]) == (401, "otp_required")
    assert try_in(client, "officer", otp="000000").status_code == 401
    code = codes.at(clock.now)
    assert try_in(client, "officer", otp=code).status_code == 201
    assert try_in(client, "officer", otp=code).json["code"] == "unauthenticated"
    clock.tick(seconds=30)
    assert try_in(client, "officer", otp=codes.at(clock.now)).status_code == 201
    assert try_in(client, "officer", "wrong", otp=codes.at(clock.now)).status_code == 401


def test_a_session_ends_at_sign_out_and_stays_ended(client, staff, token):
    header = token("organiser")
    assert [ends(client, header), ends(client, header)] == [204, 401]


def test_a_session_ends_by_itself_and_a_clock_set_back_does_not_revive_it(client, staff, token, clock):
    header = token("organiser")
    clock.tick(hours=12)
    assert ends(client, header) == 401
    clock.tick(hours=-6)
    assert ends(client, header) == 401


def test_a_disabled_login_is_refused_at_its_next_request(client, staff, token, book, console):
    header = token("organiser")
    disable_login(book, console, login="organiser")
    assert ends(client, header) == 401


def test_an_ended_grant_is_gone_at_the_next_request(client, staff, token, book, console, clock):
    header = token("organiser")
    value = header["Authorization"].removeprefix("Bearer ")
    seen = who(book, value, clock.now)
    assert [(grant.role, grant.scope) for grant in seen.grants] == [("organiser", "")]
    grant = book.read(lambda unit: unit.value(Statement("SELECT id FROM {role_grant} WHERE grantee = 'U000001'")))
    end_role(book, console, grant=grant)
    assert who(book, value, clock.now).grants == ()


def test_who_asks_costs_one_query(staff, book, client, clock):
    token = try_in(client).json["token"]
    asked = []

    class Counting:
        def __init__(self, unit):
            self.unit = unit

        def rows(self, statement, **values):
            asked.append(statement)
            return self.unit.rows(statement, **values)

    class Reading:
        def read(self, work):
            return book.read(lambda unit: work(Counting(unit)))

    who(Reading(), token, clock.now)
    assert len(asked) == 1


def test_a_new_password_ends_every_other_session(client, staff, token, book, console, clock):
    kept, other = token("organiser"), token("organiser")
    actor = who(book, kept["Authorization"].removeprefix("Bearer "), clock.now)
    from dataclasses import replace

    set_password(
        book,
        replace(console, actor=actor),
        old=PASSWORD,
        new="another-Station-2022",
        keep_session=open_sign_in.digest_of(kept["Authorization"].removeprefix("Bearer ")),
    )
    assert ends(client, other) == 401
    assert ends(client, kept) == 204
    assert try_in(client, password="another-Station-2022").status_code == 201


def test_sessions_are_seen_no_more_often_than_once_a_minute(book, staff, console, clock, client):
    from ledger.usecases.sign_in import sign_in

    token = sign_in(book, console, login="organiser", password=PASSWORD, kind="web")["token"]

    def seen():
        return instant(book.read(lambda unit: unit.value(Statement("SELECT seen_at FROM {sign_in}"))))

    first = seen()
    clock.tick(seconds=30)
    who(book, token, clock.now)
    assert seen() == first
    clock.tick(seconds=31)
    who(book, token, clock.now)
    assert seen() == clock.now
    clock.tick(minutes=31)
    assert who(book, token, clock.now) is None
