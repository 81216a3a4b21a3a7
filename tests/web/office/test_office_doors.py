"""Who may open what in the office: one declared cell for each role and route, and nothing undeclared."""

from __future__ import annotations

import pytest

from tests.web.office.office_cast import ROLES, Office

READ = {"officer", "auditor"}
WRITE = {"officer"}
ADMIN = {"admin"}
ALL = {"officer", "auditor", "admin"}

DECLARED = {
    "GET today_page": ("/office", ALL | {"organiser"}),
    "GET imports": ("/office/imports", READ),
    "GET new_import": ("/office/imports/new", WRITE),
    "POST take_upload": ("/office/imports/new", WRITE),
    "GET preview": ("/office/imports/new/0123456789abcdef0123456789abcdef", WRITE),
    "POST set_as_of": ("/office/imports/new/0123456789abcdef0123456789abcdef/as-of", WRITE),
    "POST write_import": ("/office/imports/new/0123456789abcdef0123456789abcdef/people", WRITE),
    "POST drop_upload": ("/office/imports/new/0123456789abcdef0123456789abcdef/drop", WRITE),
    "GET returned_rows": ("/office/imports/new/0123456789abcdef0123456789abcdef/people/returned.csv", WRITE),
    "GET import_batch": ("/office/imports/B000001", READ),
    "GET show_undo": ("/office/imports/B999999/undo", WRITE),
    "POST take_undo": ("/office/imports/B999999/undo", WRITE),
    "GET cycles": ("/office/cycles", READ),
    "GET cycle": ("/office/cycles/2022Q3", READ),
    "POST tick_cycles": ("/office/cycles/tick", WRITE),
    "POST advance": ("/office/cycles/2022Q3/advance", WRITE),
    "GET objections": ("/office/objections", READ),
    "GET objection": ("/office/objections/none", READ),
    "POST decide": ("/office/objections/none", WRITE),
    "GET find_people": ("/office/people", READ),
    "GET person": ("/office/people/V000001", READ),
    "POST reveal": ("/office/people/V000001/phone", WRITE),
    "POST invite_person": ("/office/people/V000001/invite", WRITE),
    "GET areas": ("/office/areas", READ),
    "GET stations": ("/office/stations", READ),
    "GET station": ("/office/stations/DY001", READ),
    "GET goods": ("/office/goods", READ),
    "GET good": ("/office/goods/SP-01", READ),
    "POST change_price": ("/office/goods/SP-01", WRITE),
    "GET rules": ("/office/rules", READ),
    "GET users": ("/office/users", ADMIN | {"auditor"}),
    "GET new_user": ("/office/users/new", ADMIN),
    "POST take_user": ("/office/users/new", ADMIN),
    "GET user": ("/office/users/U000001", ADMIN | {"auditor"}),
    "POST take_grant": ("/office/users/U999999/grants", ADMIN),
    "POST take_grant_back": ("/office/users/U999999/grants/none/end", ADMIN),
    "POST disable": ("/office/users/U999999/disable", ADMIN),
    "POST end_user_sessions": ("/office/users/U999999/sessions/end", ADMIN),
    "GET journal": ("/office/journal", ALL),
    "GET entry": ("/office/entries/none", READ),
    "GET audit": ("/office/audit", READ),
    "POST run_checks": ("/office/audit/check", READ),
    "POST export": ("/office/audit/export", READ),
    "GET trial_balance": ("/office/audit/balance", READ),
}
"""An auditor writes nothing. Checking the book and taking a file of it away are an auditor's work: neither changes the ledger's
business, and the journal says who took what."""

AUDITOR_MAY_POST = {"run_checks", "export"}


def test_every_office_route_is_declared(office: Office) -> None:
    found = {
        f"{method} {rule.endpoint.removeprefix('office.')}"
        for rule in office.app.url_map.iter_rules()
        if rule.endpoint.startswith("office.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found == set(DECLARED)


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_each_cell_of_role_and_route_is_as_declared(office: Office, role: str) -> None:
    wrong = []
    for name, (path, roles) in DECLARED.items():
        if role == "nobody":
            client = office.app.test_client()
            status = client.open(path, method=name.split()[0]).status_code
            fits = status == (303 if name.startswith("GET") else 401)
        else:
            method = office.get if name.startswith("GET") else office.post
            status = method(role, path).status_code
            fits = (status not in (401, 403)) == (role in roles) and status < 500
        if not fits:
            wrong.append((name, status))
    assert wrong == []


def test_an_auditor_posts_nothing_but_checks_and_exports(office: Office) -> None:
    for name, (_path, roles) in DECLARED.items():
        if name.startswith("POST") and "auditor" in roles:
            assert name.removeprefix("POST ") in AUDITOR_MAY_POST


def test_a_page_shows_no_form_to_those_who_may_not_send_it(office: Office) -> None:
    for path in ("/office/imports", "/office/cycles/2022Q3", "/office/people/V000001", "/office/goods/SP-01", "/office/users/U000001"):
        page = office.get("auditor", path)
        assert page.status_code == 200
        assert 'method="post"' not in page.text, path


def test_an_organiser_is_sent_on_from_the_office(office: Office) -> None:
    assert office.get("organiser", "/office").status_code == 303


def test_an_admin_sees_no_points_on_the_first_page(office: Office) -> None:
    page = office.get("admin", "/office").text
    assert "自动步骤和封存" in page
    assert "货架成本" not in page


def test_a_form_without_its_token_is_refused(office: Office) -> None:
    assert office.browser("officer").post("/office/cycles/tick").status_code == 400
