"""The gate itself: who may call what, what a form may come from, what every answer carries, and how refusals look."""

import json

import pytest
from flask import Blueprint

from ledger.config import load
from ledger.domain.errors import NotEnoughPoints
from ledger.keyring import KeyringUnreadable
from ledger.usecases.add_login import add_login
from ledger.web import create_app, gate
from ledger.web.headers import HEADERS
from ledger.web.refusing import local_path
from tests.web.conftest import PASSWORD

FORM = {"login": "organiser", "password": PASSWORD}


@pytest.fixture
def doors(app):
    """Views of every kind, beside the real ones."""
    blueprint = Blueprint("doors", __name__)

    @blueprint.get("/for-keepers")
    @blueprint.get("/api/v1/for-keepers", endpoint="api")
    @gate.allow("keeper")
    def for_keepers():
        return "goods"

    @blueprint.route("/for-anybody-known", methods=["GET", "POST"])
    @gate.signed_in
    def for_known():
        return gate.actor().id

    @blueprint.get("/broken")
    @blueprint.get("/api/v1/broken", endpoint="api_broken")
    @gate.everyone
    def broken():
        raise ZeroDivisionError("13800001234 王秀兰")

    @blueprint.get("/short")
    @blueprint.get("/api/v1/short", endpoint="api_short")
    @gate.everyone
    def short():
        raise NotEnoughPoints(spendable_points=36, needed_points=50)

    @blueprint.get("/api/v1/no-keys")
    @gate.everyone
    def no_keys():
        raise KeyringUnreadable("x")

    app.register_blueprint(blueprint)
    gate.check_all_marked(app)
    return app.test_client()


def csrf(client, path="/sign-in"):
    page = client.get(path).text
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def sign_in(client, **more):
    return client.post("/sign-in", data={**FORM, "csrf_token": csrf(client), **more})


def test_a_view_that_says_not_who_may_call_it_stops_the_start(app):
    @app.route("/forgotten")
    def forgotten():
        return ""

    with pytest.raises(AssertionError, match="forgotten"):
        gate.check_all_marked(app)


def test_nobody_known_is_sent_to_the_door_and_a_wrong_role_away(doors, staff, token):
    assert doors.get("/for-keepers").headers["Location"] == "/sign-in?next=%2Ffor-keepers"
    assert doors.get("/api/v1/for-keepers").json["code"] == "unauthenticated"
    refused = doors.get("/api/v1/for-keepers", headers=token("organiser"))
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def test_the_cookie_is_nothing_to_the_api_and_the_token_nothing_to_pages(doors, staff, token):
    assert doors.get("/for-anybody-known", headers=token("organiser")).status_code == 303
    assert sign_in(doors).status_code == 303
    assert doors.get("/for-anybody-known").text == "U000001"
    assert doors.get("/api/v1/for-keepers").status_code == 401


def test_signing_in_on_a_page_goes_where_one_was_going(doors, staff):
    answer = sign_in(doors, next="/for-anybody-known")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/for-anybody-known")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("ledger-main=main.")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie and "Expires" not in cookie


def test_the_token_is_another_one_after_every_sign_in(doors, staff):
    first = sign_in(doors).headers["Set-Cookie"]
    assert sign_in(doors).headers["Set-Cookie"] != first


def test_signing_out_ends_the_session_on_the_server(doors, staff):
    sign_in(doors)
    stolen = doors.get_cookie("ledger-main").value
    answer = doors.post("/sign-out", data={"csrf_token": csrf(doors, "/sign-out")})
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (303, '"cache", "storage"')
    doors.set_cookie("ledger-main", stolen)
    assert doors.get("/for-anybody-known").status_code == 303


def test_a_refused_password_says_so_beside_the_form(client, staff):
    answer = client.post("/sign-in", data={**FORM, "password": "wrong", "csrf_token": csrf(client)})
    assert answer.status_code == 401
    assert "登录名、密码或动态码对不上。" in answer.text
    assert PASSWORD not in answer.text


def test_an_officer_is_asked_for_the_code(client, staff):
    answer = client.post("/sign-in", data={"login": "officer", "password": PASSWORD, "csrf_token": csrf(client)})
    assert answer.status_code == 401
    assert 'name="otp"' in answer.text


@pytest.mark.parametrize(
    ("changed", "headers", "status"),
    [
        ({"csrf_token": ""}, {}, 400),
        ({"csrf_token": "x"}, {}, 400),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, {"Sec-Fetch-Site": "same-site"}, 403),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({}, {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 303),
        ({}, {"Origin": "http://localhost"}, 303),
    ],
)
def test_a_form_from_elsewhere_is_refused(client, staff, changed, headers, status):
    good = {**FORM, "csrf_token": csrf(client)}
    assert client.post("/sign-in", data={**good, **changed}, headers=headers).status_code == status


def test_every_answer_carries_the_headers(doors):
    paths = ["/", "/nothing", "/broken", "/short", "/healthz", "/static/css/tokens.css"]
    paths += ["/api/v1/nothing", "/api/v1/broken", "/api/v1/openapi.json"]
    for path in paths:
        answer = doors.get(path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        assert answer.headers["X-Request-Id"], path
        assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]
    assert doors.get("/").headers["Cache-Control"] == "no-store"
    assert "unsafe-inline" not in HEADERS["Content-Security-Policy"]


def test_over_https_cookies_are_bound_to_their_host(settings, book, staff, clock, tmp_path):
    secure = load({"LEDGER_HOME": str(tmp_path / "var"), "LEDGER_PUBLIC_URL": "https://points.example.cn"})
    client = create_app(secure, {book.slug: book}, clock=clock).test_client()
    page = client.get("/sign-in", base_url="https://points.example.cn")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    assert page.headers["Set-Cookie"].startswith("__Host-ledger-form=")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    answer = client.post("/sign-in", data={**FORM, "csrf_token": token}, base_url="https://points.example.cn")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-ledger-main=")
    assert "Secure" in cookie.split("; ")


def test_a_bug_is_told_without_its_inside_and_logged_once(doors, capsys):
    for path in ("/broken", "/api/v1/broken"):
        answer = doors.get(path)
        assert answer.status_code == 500
        for secret in ("13800001234", "王秀兰", "ZeroDivision", "Traceback", "test_gate_door"):
            assert secret not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text
    logged = "".join(capsys.readouterr())
    assert logged.count("ZeroDivisionError") == 2
    assert "13800001234" not in logged and "Traceback" not in logged


def test_a_refusal_speaks_the_language_asked_for(doors):
    told = doors.get("/api/v1/short", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert (told.status_code, told.content_type) == (409, "application/problem+json")
    assert told.json["detail"].startswith("14 points short: 36 available, 50 needed.")
    assert doors.get("/api/v1/short").json["detail"].startswith("还差14分")
    assert doors.get("/api/v1/short", headers={"Accept-Language": "fr"}).json["detail"].startswith("还差14分")
    page = doors.get("/short")
    assert (page.status_code, "还差14分" in page.text, page.headers["X-Request-Id"] in page.text) == (409, True, True)


def test_keys_that_cannot_be_read_are_told_as_an_outage(doors):
    answer = doors.get("/api/v1/no-keys")
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "60")


BODIES = {
    "not JSON": (b"{", 400),
    "not UTF-8": (b'{"login": "\xff", "password": "x"}', 400),
    "NaN": (b'{"login": NaN, "password": "x"}', 400),
    "array": (b"[]", 422),
    "text": (b'"{}"', 422),
    "null": (b"null", 422),
    "empty": (b"", 422),
    "NUL": (b'{"login": "a\\u0000", "password": "x"}', 422),
    "surrogate": (b'{"login": "\\ud800", "password": "x"}', 422),
    "surrogate in a name": (b'{"login": "a", "password": "x", "\\ud800": 1}', 422),
    "number": (b'{"login": 5, "password": "x"}', 422),
    "endless number": (b'{"login": ' + b"9" * 5000 + b', "password": "x"}', 422),
    "infinite": (b'{"login": 1e400, "password": "x"}', 422),
    "unknown field": (b'{"login": "a", "password": "x", "role": "admin"}', 422),
    "deep": (b"[" * 100_000, 422),
    "large": (b" " * 1_100_000 + b"{}", 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_strange_body_is_refused_and_never_a_bug(client, staff, name):
    data, status = BODIES[name]
    answer = client.post("/api/v1/sessions", data=data, content_type="application/json")
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"


def test_json_sent_as_something_else_is_not_json(client, staff):
    assert client.post("/api/v1/sessions", data=json.dumps(FORM), content_type="text/plain").status_code == 400
    assert client.post("/api/v1/sessions", data=FORM).status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/x%00y", "/q/%00", "/?lang=%00", "/api/v1/openapi.json?cursor=%00"])
def test_nul_in_an_address_is_refused(client, path):
    assert client.get(path).status_code in (404, 422)


@pytest.mark.parametrize("host", ["a b", "<script>", "evil.example", "x" * 3000, "[::1", "a,b"])
def test_a_strange_host_changes_nothing(client, host):
    assert [client.get(path, headers={"Host": host}).status_code for path in ("/", "/api/v1/nothing")] in ([200, 404], [400, 400])


def test_whoever_is_refused_is_told_even_when_the_page_cannot_be_made(doors, app, monkeypatch):
    from ledger.web import refusing

    def broken(*_, **__):
        raise OSError("template gone")

    monkeypatch.setattr(refusing, "render_template", broken)
    answer = doors.get("/short")
    assert (answer.status_code, answer.content_type) == (409, "text/plain; charset=utf-8")
    assert "还差14分" in answer.text


@pytest.mark.parametrize("method", ["put", "delete", "patch", "trace"])
def test_only_declared_methods_are_taken(client, method):
    answer = client.open("/api/v1/sessions", method=method.upper())
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert "POST" in answer.headers["Allow"]


ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "/a\nb", "", "evil"]
ELSEWHERE += ["/sign-in?next=/x"]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_where_next_never_leads_away(text):
    assert local_path(text) == "/"


def test_where_next_may_lead_inside():
    assert local_path("/notices/2022Q3?page=2") == "/notices/2022Q3?page=2"


def test_a_choice_of_language_size_and_theme_is_kept(client):
    page = client.get("/?lang=en&size=elder&theme=contrast")
    assert 'lang="en"' in page.text and 'data-size="elder"' in page.text and 'data-theme="contrast"' in page.text
    again = client.get("/sign-in")
    assert 'lang="en"' in again.text and 'data-size="elder"' in again.text
    assert 'lang="zh-CN"' in client.get("/?lang=zh").text
    assert 'lang="zh-CN"' in client.get("/?lang=%3Cscript%3E").text


def test_pages_are_chinese_unless_somebody_chose_otherwise(client):
    assert "工作人员登录" in client.get("/", headers={"Accept-Language": "en"}).text


def test_metrics_are_for_this_machine_or_a_bearer(client, monkeypatch):
    far = {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}}
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **far).status_code == 403
    monkeypatch.setenv("LEDGER_METRICS_TOKEN", "long-metrics-token")
    assert client.get("/metrics", headers={"Authorization": "Bearer long-metrics-token"}, **far).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer other"}, **far).status_code == 403


def test_probes_answer_and_a_missing_book_is_not_ready(client, settings, book, clock):
    assert (client.get("/healthz").status_code, client.get("/readyz").text) == (200, "main ready\n")
    book.engine.dispose()
    (settings.book().folder / "ledger.sqlite3").rename(settings.book().folder / "elsewhere")
    fresh = create_app(settings, clock=clock).test_client()
    answer = fresh.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "main not_initialised\n")
    assert fresh.get("/healthz").status_code == 200


def test_a_line_of_the_log_names_the_route_and_nothing_personal(doors, staff, token, capsys):
    header = token("organiser")
    doors.get("/for-anybody-known?phone=13800001234", headers=header)
    doors.get("/api/v1/for-keepers?name=王秀兰", headers=header)
    logged = "".join(capsys.readouterr())
    assert "/api/v1/for-keepers" in logged and "U000001" in logged
    for secret in ("13800001234", "王秀兰", PASSWORD, header["Authorization"]):
        assert secret not in logged


def test_the_description_of_the_api_is_whole_and_shown(client):
    about = client.get("/api/v1/openapi.json").json
    assert about["openapi"] == "3.1.0"
    operation = about["paths"]["/api/v1/sessions"]["post"]
    assert set(operation["responses"]) >= {"201", "400", "401", "422", "429", "503"}
    assert "application/problem+json" in operation["responses"]["422"]["content"]
    page = client.get("/api/docs").text
    assert "/api/v1/sessions/current" in page and "http://" not in page


def test_a_role_may_be_added_and_a_password_is_never_weak(book, console, staff):
    from ledger.domain.errors import InvalidInput

    for weak in ("short", "administrator", "123456789012", "aaaaaaaaaaaa"):
        with pytest.raises(InvalidInput):
            add_login(book, console, login="weak", role="organiser", password=weak)
    more = add_login(book, console, login="organiser", role="auditor")
    assert more["otp_uri"].startswith("otpauth://totp/")
    with pytest.raises(InvalidInput):
        add_login(book, console, login="organiser", role="officer", password=PASSWORD)
