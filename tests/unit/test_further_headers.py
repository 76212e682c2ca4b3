"""Headers that a gateway wants besides the key's: from variables only, to one origin only, and never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from chatproof.cli import main as cli
from chatproof.cli.shared.plan import show
from chatproof.contract.probe import build
from chatproof.judging.judge import judge
from chatproof.running.plan import Settings
from chatproof.secrets.redaction import MARK
from chatproof.surfaces.chat.probes import ROWS as PROBES
from chatproof.target.header_names import REFUSED
from chatproof.target.sent_along import MOST
from chatproof.target.target import Resolved, Target, Wanted, check, resolve
from chatproof.testing.contract_plugin import ContractPlugin
from chatproof.transport.steps import wire as bytes_of
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Header, Secret
from tests.support import GOOD, KEY, MODEL, Played, approve, exchange, wire

URL = "https://gw.test/v1"
TENANT = "acme-northwind-tenant"
ENV = {"CHATPROOF_API_KEY": KEY, "TENANT": TENANT, "ORG": "org-1"}


def resolved(*options: str, url: str = URL, environ: dict[str, str] | None = None, **wanted: Any) -> Resolved:
    return resolve(Wanted(target=url, model="m", headers=options, **wanted), {**ENV, **(environ or {})})


def sent(target: Target, probe: str = "happy") -> bytes:
    url = check(target).url
    return bytes_of(
        build(PROBES[probe], url, "m", target.key, "Authorization: Bearer", "chatproof/test", further=target.headers)
    )


@pytest.mark.parametrize("probe", [id for id in PROBES if not id.startswith("key.")])
def test_each_request_carries_them(probe: str) -> None:
    head = sent(resolved("X-Tenant=env:TENANT", "X-Org=env:ORG").target, probe).partition(b"\r\n\r\n")[0]
    assert f"\r\nX-Tenant: {TENANT}\r\nX-Org: org-1\r\n".encode() in head
    assert head.count(b"X-Tenant") == 1


@pytest.mark.parametrize(
    ("probe", "goes"), [("happy", True), ("auth.invalid_key", True), ("auth.missing_key", False), ("models", True)]
)
def test_a_credential_stays_away_where_the_key_does(probe: str, goes: bool) -> None:
    further = (Header("cf-aig-authorization", Secret(TENANT), credential=True), Header("X-Org", Secret("org-1")))
    head = sent(Target(URL, model="m", key=Secret(KEY), headers=further), probe)
    assert (TENANT.encode() in head) is goes and b"X-Org: org-1" in head


@pytest.mark.parametrize("name", [*REFUSED, "AUTHORIZATION", "Transfer-Encoding"])
def test_some_headers_are_nobodys_to_add(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be added"):
        resolved(f"{name}=env:TENANT")
    with pytest.raises(UsageError, match="cannot be added"):
        check(Target(URL, model="m", key=Secret(KEY), headers=(Header(name, Secret("v")),)))


def test_nor_is_the_one_that_carries_the_key_of_this_profile() -> None:
    with pytest.raises(UsageError, match="cannot be added"):
        resolved("API-Key=env:TENANT", profile="azure")


@pytest.mark.parametrize(
    "option",
    [f"X-Tenant={TENANT}", f"X-Tenant: {TENANT}", TENANT, f"X-Tenant=env:{TENANT}", "X-Tenant=env:", "=env:TENANT",
     "X Tenant=env:TENANT", "X-Tenänt=env:TENANT", "X-Tenant\r\nX=env:TENANT", "X-Tenant=env:1A", f"{TENANT}\n=env:TENANT"],
)  # fmt: skip
def test_a_value_in_the_wrong_place_is_not_repeated(option: str) -> None:
    with pytest.raises(UsageError) as told:
        resolved(option)
    assert TENANT not in str(told.value) + repr(told.value) + told.value.advice


@pytest.mark.parametrize("value", ["", " x", "x ", "a\r\nX-Evil: 1", "a\nb", "a\0b", "\x7f", "naïve", "x" * 9000])
def test_a_value_that_no_header_may_carry_is_refused_unseen(value: str) -> None:
    with pytest.raises(UsageError, match="X-Tenant") as told:
        resolved("X-Tenant=env:TENANT", environ={"TENANT": value})
    assert not value.strip() or value not in str(told.value)


def test_a_variable_that_is_not_set_stops_the_run_and_not_the_plan() -> None:
    with pytest.raises(UsageError, match="GONE is not set"):
        resolved("X-Tenant=env:GONE")
    wanted = Wanted(target=URL, model="m", headers=("X-Tenant=env:GONE",))
    planned = show(resolve(wanted, {}, need_key=False), Settings())
    assert '-H "X-Tenant: $GONE"' in planned
    assert TENANT not in show(resolved("X-Tenant=env:TENANT"), Settings())


def test_so_many_and_no_more() -> None:
    names = [f"X-{number}=env:ORG" for number in range(MOST + 1)]
    assert len(resolved(*names[:-1]).target.headers) == MOST
    with pytest.raises(UsageError, match="exceed the limit"):
        resolved(*names)


def test_nothing_prints_a_value() -> None:
    found = resolved("X-Tenant=env:TENANT")
    assert TENANT not in repr(found) + str(found.target) + repr(found.target.headers) + repr(sent)
    assert found.notes == ("further headers are sent: X-Tenant (env:TENANT)",)
    with pytest.raises(TypeError, match="must be a Secret"):
        Header("X-Tenant", TENANT)  # type: ignore[arg-type]


# --- in the configuration ---------------------------------------------------------------------------------------------

TOML = """[targets.shop]
base_url = "https://gw.test/v1"
key_env = "CHATPROOF_API_KEY"
[targets.shop.headers]
X-Tenant = "env:TENANT"
cf-aig-authorization = { value = "env:ORG", credential = true }
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / "state"))
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    path = tmp_path / "work" / "chatproof.toml"
    path.write_text(TOML)
    return path


def test_a_file_that_nobody_approved_sends_no_header(config: Path) -> None:
    with pytest.raises(UsageError, match=r"not approved.*targets\.shop\.headers"):
        resolve(Wanted(target="shop", model="m"), ENV)
    approve(config)
    found = resolve(Wanted(target="shop", model="m"), ENV).target.headers
    assert [(h.name, h.source, h.credential) for h in found] == [
        ("X-Tenant", "env:TENANT", False),
        ("cf-aig-authorization", "env:ORG", True),
    ]
    config.write_text(TOML.replace('"env:TENANT"', '"env:OPENAI_API_KEY"'))
    with pytest.raises(UsageError, match="changed"):
        resolve(Wanted(target="shop", model="m"), ENV)


def test_an_option_replaces_the_value_and_not_what_it_is(config: Path) -> None:
    options = ("CF-AIG-Authorization=env:TENANT",)
    found = resolve(Wanted(target="shop", model="m", config=str(config), headers=options), ENV).target.headers
    assert [(h.source, h.credential) for h in found] == [("env:TENANT", False), ("env:TENANT", True)]


@pytest.mark.parametrize(
    "line",
    [f'X-A = "{TENANT}"', "X-A = 7", 'Host = "env:ORG"', 'X-A = { value = "env:ORG", credentials = true }',
     'X-A = { credential = true }', 'X-A = { value = "env:ORG", credential = "yes" }', f'"{KEY}" = "x"', '"X A" = "env:ORG"'],
)  # fmt: skip
def test_a_wrong_line_is_named_and_its_value_is_not(config: Path, line: str) -> None:
    config.write_text(TOML + line + "\n")
    with pytest.raises(UsageError, match=r"chatproof\.toml:\d+:\d+: targets\.shop\.headers") as told:
        resolve(Wanted(target="shop", model="m", config=str(config)), ENV)
    assert TENANT not in str(told.value) and KEY not in str(told.value)


# --- where they may not go --------------------------------------------------------------------------------------------


def test_two_origins_do_not_get_one_header(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANT", TENANT)
    monkeypatch.setenv("CHATPROOF_API_KEY", KEY)
    two = ["compare", "https://a.test/v1", "https://b.test/v1", "--model", "m", "--key-env", "CHATPROOF_API_KEY"]
    assert cli.main([*two, "--header", "X-Tenant=env:TENANT", "--plan"]) == 2
    assert "several origins" in capsys.readouterr().err


def test_a_url_of_a_variable_gets_none(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANT", TENANT)
    monkeypatch.setenv("CHATPROOF_TARGET", "https://thief.test/v1")
    assert cli.main(["smoke", "--model", "m", "--header", "X-Tenant=env:TENANT", "--plan"]) == 2
    assert "CHATPROOF_TARGET" in capsys.readouterr().err


# --- what is judged ---------------------------------------------------------------------------------------------------

OPEN = GOOD["happy"]


def outcomes(further: tuple[Header, ...], probe: str) -> tuple[dict[str, str], list[Any]]:
    played = Played({name: wire(OPEN if name == probe else text) for name, text in GOOD.items() if name != "stream"})
    made = [
        one._replace(request=one.request._replace(further=further)) if one.probe == probe else one
        for one in (exchange(e.probe, wire(OPEN if e.probe == probe else GOOD[e.probe])) for e in played.exchanges)
    ]
    judgement = judge(played.contract, made, model=MODEL, key=Secret(KEY))
    from chatproof.diagnosis.diagnosis import diagnose

    return {f.clause: f.outcome for f in judgement.findings if f.probe == probe}, [*diagnose(judgement)]


@pytest.mark.parametrize("probe", ["auth.missing_key", "auth.invalid_key"])
def test_a_request_that_a_header_may_have_let_in_is_undecided(probe: str) -> None:
    found, diagnoses = outcomes((Header("X-Tenant", Secret(TENANT), "env:TENANT"),), probe)
    assert found[f"{probe}.rejected"] == found[f"{probe}.body_json"] == "undecided"
    first = diagnoses[0]
    assert (first.code, first.owner, first.confidence) == ("auth.not_enforced", "unknown", "possible")
    assert "sent with it: X-Tenant (env:TENANT)" in first.evidence and "credential = true" in first.next_step


def test_without_any_it_is_a_break() -> None:
    found, diagnoses = outcomes((), "auth.missing_key")
    assert found["auth.missing_key.rejected"] == "broken"
    assert (diagnoses[0].code, diagnoses[0].confidence) == ("auth.not_enforced", "certain")


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_comes_back_is_taken_out_where_it_is_long_enough_to_be_told_from_a_word() -> None:
    body = json.dumps({"error": {"message": f"tenant {TENANT} of org-1 is unknown", "code": "x"}})
    played = Played({name: wire(f"400 application/json\nx-tenant: {TENANT}\n\n{body}") for name in ("happy", "models")})
    further = (Header("X-Tenant", Secret(TENANT)), Header("X-Org", Secret("org-1")))
    assert TENANT in json.dumps(played.record.document), "the control: it would be kept"
    played.target = played.target._replace(headers=further)
    kept = json.dumps(played.record.document)
    assert TENANT not in kept and "org-1" in kept


@pytest.mark.parametrize(
    "command", [["models"], ["models", "--format", "json"], ["models", "--check", "chat-acme-north"], ["smoke"]]
)
@pytest.mark.parametrize("status", [200, 401])
def test_a_listing_that_sends_it_back_is_told_without_it(
    command: list[str], status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = {"object": "list", "data": [{"id": f"m-{TENANT}"}, {"id": f"chat-{TENANT}"}]}
    body = listing if status == 200 else {"error": {"message": f"no {TENANT}", "code": TENANT}}
    with listing_server(status, json.dumps(body).encode()) as (url, seen):
        monkeypatch.setenv("TENANT", TENANT)
        monkeypatch.setenv("CHATPROOF_API_KEY", KEY)
        cli.main([command[0], url, *command[1:], "--header", "X-Tenant=env:TENANT"])
    printed = "".join(capsys.readouterr())
    assert seen == [TENANT] and MARK in printed and TENANT not in printed


@contextmanager
def listing_server(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server with one answer; (its base URL, the tenants that it was told of)."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["X-Tenant"])
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", seen
    server.shutdown()
    server.server_close()


def test_reports_of_pytest_are_masked_without_a_key_too() -> None:
    plugin = ContractPlugin.__new__(ContractPlugin)
    target = Target(URL, "m", no_auth=True, headers=(Header("X-Tenant", Secret(TENANT), "env:TENANT"),))
    plugin._redactor, plugin._prepared = None, SimpleNamespace(resolved=check(target))  # type: ignore[assignment]
    redactor = plugin._redacting()
    assert redactor is not None and TENANT not in redactor.text(f"E  assert 1 == {TENANT!r}")


def test_whole_bodies_are_kept_without_it() -> None:
    from chatproof.record import whole_bodies

    page = f"500 text/html\n\n<html>{TENANT} and {TENANT[::-1]}</html>"
    played = Played({"happy": wire(page)})
    (plain,) = whole_bodies.of(played.judgement, played.exchanges)
    assert TENANT.encode() in plain.data, "the control"
    (kept,) = whole_bodies.of(played.judgement, played.exchanges, (Secret(TENANT),))
    assert TENANT.encode() not in kept.data and (kept.data or kept.refused)
