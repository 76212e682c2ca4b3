"""Runs of the Messages API: which requests leave, in which form, and what one form that is refused costs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof import simulator
from chatproof.cli import main as cli
from chatproof.running.plan import Settings
from chatproof.running.run import smoke, validate
from chatproof.simulator.messages_side import SIDE
from chatproof.simulator.wire import Asked
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret

OFFICIAL, AI_SDK = ("good", "missing", "2026-10-21"), ("missing", "good", "2023-06-01")


def run(fault: str = "", kind: str = "smoke", **options: Any) -> tuple[dict[str, Any], list[Asked]]:
    """The run document against a fault, and the requests as the server saw them."""
    seen: list[Asked] = []
    server = simulator.start(fault, side=SIDE, seen=seen.append, switchable=True)
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), api="messages", timeout=10.0)
        ask = smoke if kind == "smoke" else validate
        return ask(target, Settings(stream=True, burst=1, **options), environ={}).document, seen
    finally:
        server.stop()


def form(asked: Asked) -> tuple[str, str, str]:
    return asked.credential, asked.api_key, asked.api_version


def ask(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    status = cli.main(args)
    seen = capfd.readouterr()
    return status, seen.out, seen.err


def test_smoke_of_messages_is_one_run_with_its_own_record() -> None:
    document, seen = run()
    record = document["smoke_test_run"]
    assert (document["verdict"], document["api"], document["diagnoses"]) == ("GO", "messages", [])
    assert document["cost"]["requests"] == 7 and document["cost"]["billable_requests"] == 3
    assert document["cost"]["tokens_reported"] > 0
    assert [(e["probe"], e["role"]) for e in document["exchanges"]] == [
        ("happy", "control"),
        ("happy.other_form", "twin"),
        ("auth.invalid_key", "key_refusal"),
        ("auth.invalid_other", "key_refusal"),
        ("auth.missing_key", "key_refusal"),
        ("models", "listing"),
        ("stream", "stream"),
    ]
    posted = [form(asked) for asked in seen if asked.path == "/v1/messages"]
    assert sorted(posted[:-1]) == sorted(
        [OFFICIAL, AI_SDK, ("wrong", *OFFICIAL[1:]), (AI_SDK[0], "wrong", AI_SDK[2]), ("missing", *OFFICIAL[1:])]
    )
    assert posted[-1] == OFFICIAL, "the stream, in the form that is answered"
    assert (record["pass_fail"], record["choices_present"], record["content_non_empty"]) == ("PASS", "true", "true")
    assert "of the Messages API" in record["notes"]


@pytest.mark.parametrize(
    ("fault", "code", "clients"),
    [
        ("no-bearer-header", "auth.header", "anthropic-python and @anthropic-ai/sdk"),
        ("no-bearer-forbidden", "auth.header", "anthropic-python and @anthropic-ai/sdk"),
        ("no-new-version", "contract.headers", "anthropic-python and @anthropic-ai/sdk"),
        ("no-api-key-header", "auth.header", "the AI SDK"),
        ("no-old-version", "contract.headers", "the AI SDK"),
    ],
)
def test_one_form_that_is_answered_is_enough_and_the_other_names_its_clients(
    fault: str, code: str, clients: str
) -> None:
    document, seen = run(fault)
    assert (document["verdict"], document["smoke_test_run"]["pass_fail"]) == ("GO", "PASS")
    (found,) = document["diagnoses"]
    assert (found["code"], found["owner"], found["confidence"]) == (code, "provider", "likely")
    assert any(clients in line for line in found["evidence"])
    streamed = [form(asked) for asked in seen if b'"stream": true' in asked.body]
    assert streamed == [AI_SDK if clients.startswith("anthropic") else OFFICIAL]


def test_what_follows_is_asked_in_the_form_that_is_answered_the_listing_once_more() -> None:
    document, _ = run("no-bearer-header", "validate")
    assert document["verdict"] == "GO" and [d["code"] for d in document["diagnoses"]] == ["auth.header"]
    control = next(e for e in document["exchanges"] if e["probe"] == "happy")
    assert "x-api-key" in control["request"]["header_names"] and control["response"]["status"] == 200
    listed = next(f for f in document["findings"] if f["clause"] == "messages.model.listed")
    assert listed["outcome"] == "holds"


def test_a_key_that_is_refused_in_both_headers_is_a_key_that_is_refused() -> None:
    server = simulator.start(side=SIDE)
    try:
        target = Target(server.base_url, model=server.model, key=Secret("sk-other-key-1234567890"), api="messages")
        document = smoke(target, Settings(), environ={}).document
    finally:
        server.stop()
    assert document["verdict"] == "NO-GO"
    assert [(d["code"], d["owner"]) for d in document["diagnoses"]] == [("auth.rejected", "you")]
    outcomes = {f["clause"]: f["outcome"] for f in document["findings"]}
    assert outcomes["messages.headers.key"] == outcomes["messages.headers.version"] == "undecided"


def test_the_plain_request_goes_in_both_forms_whatever_was_selected() -> None:
    document, _ = run("no-bearer-header", only=("messages.happy",))
    assert document["verdict"] == "GO", "the key is right, and half of the clients are served"


def test_an_open_endpoint_is_asked_in_both_forms_and_says_nothing_of_keys() -> None:
    from chatproof.simulator import messages
    from chatproof.simulator.wire import GOOD, Side

    side = Side(lambda asked: messages.respond(asked._replace(credential=GOOD)), "simulator-mini", dict)
    server = simulator.start(side=side)
    try:
        target = Target(server.base_url, model=server.model, no_auth=True, api="messages")
        document = smoke(target, Settings(), environ={}).document
    finally:
        server.stop()
    assert (document["verdict"], document["diagnoses"]) == ("GO", [])
    outcomes = {f["clause"]: f["outcome"] for f in document["findings"]}
    assert outcomes["messages.headers.key"] == "not_applicable" and outcomes["messages.headers.version"] == "holds"


def test_the_commands_take_the_api(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capfd, "contract", "simulator", "--api", "messages", "--format", "json")
    ids = [clause["id"] for clause in json.loads(out)["clauses"]]
    assert status == 0 and ids[0] == "messages.happy.status_200" and all(id.startswith("messages.") for id in ids)
    status, out, _ = ask(capfd, "smoke", "simulator", "--api", "messages", "--plan")
    assert status == 0 and "x-api-key" in out and "anthropic-version: 2023-06-01" in out
    status, _, said = ask(capfd, "smoke", "https://llm.test/v1/messages", "--journal", "none")
    assert status == 2 and "chatproof smoke https://llm.test/v1 --api messages" in said
    status, out, _ = ask(capfd, "models", "simulator", "--api", "messages")
    assert status == 0 and "simulator-mini" in out
    asked = ("compare", "simulator", "simulator", "--api", "messages", "--smoke", "--journal", "none")
    assert ask(capfd, *asked)[0] == 0
