"""What the plain request is refused for, by name, is left out of all that comes after it; and the run says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof import simulator
from chatproof.cli import main as cli
from chatproof.contract.clause import VALIDATE
from chatproof.running.other_form import applied, changes
from chatproof.running.plan import Settings
from chatproof.running.run import smoke, validate
from chatproof.simulator.wire import Asked
from chatproof.surfaces import surface_of
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret

RESPONSES = surface_of("responses")


def ran(fault: str, api: str, kind: str = "smoke", **settings: Any) -> tuple[dict[str, Any], list[Asked]]:
    """(the run document, what the server was asked)."""
    seen: list[Asked] = []
    server = simulator.start(fault, side=surface_of(api).simulator(), seen=seen.append)
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), timeout=10.0, api=api)
        run = validate if kind == VALIDATE else smoke
        return run(target, Settings(**settings), environ={}).document, seen
    finally:
        server.stop()


def test_a_change_is_a_field_that_is_gone_or_has_another_value() -> None:
    assert changes({"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 4}) == (("b", 2, ()), ("c", 3, (4,)))
    assert changes({"a": 1}, {"a": 1, "b": 2}) == ()


def test_only_the_refused_value_is_changed_and_the_summary_says_so() -> None:
    gone = changes({"store": False}, {})
    row = applied(RESPONSES.known("happy"), gone)
    assert row.body is not None and "store" not in row.body("m") and row.summary == "input=text, stream=false"
    kept = RESPONSES.known("store")
    assert kept.body is not None and applied(kept, gone).body("m") == kept.body("m"), "another value is asked about"
    codex = RESPONSES.known("codex")
    assert applied(codex, gone) is codex, "Codex sends store whatever we do"
    answering = applied(RESPONSES.known("store.recall"), gone).answers
    assert answering is not None and "store" not in answering("m", {"id": "resp_1"})
    other = applied(
        surface_of("embeddings").known("single"), changes({"encoding_format": "base64"}, {"encoding_format": "float"})
    )
    assert other.body is not None and other.body("m")["encoding_format"] == "float"  # type: ignore[index,call-overload]
    assert other.summary == "inputs=1, encoding_format=float"


def test_a_server_that_knows_no_store_is_asked_without_it() -> None:
    document, seen = ran("harmless-store-refused", "responses", stream=True)
    assert document["verdict"] == "GO" and document["diagnoses"] == []
    assert [exchange["probe"] for exchange in document["exchanges"]][-2:] == ["stream", "refused.happy"]
    sent = [json.loads(asked.body) for asked in seen if asked.body and asked.credential == "good"]
    assert ["store" in body for body in sent] == [True, False, False]
    record = document["smoke_test_run"]
    assert (record["pass_fail"], record["request_summary"]) == ("PASS", "input=text, stream=false")
    assert "the plain request was refused with input=text, stream=false, store=false" in record["notes"]


def test_a_refusal_before_the_key_is_looked_at_is_no_refusal_of_the_key() -> None:
    document, _ = ran("harmless-store-refused-first", "responses")
    outcomes = {finding["clause"]: finding["outcome"] for finding in document["findings"]}
    assert outcomes["responses.auth.invalid_key.rejected"] == outcomes["responses.auth.missing_key.rejected"] == "holds"
    assert document["smoke_test_run"]["auth_rejection_status"] == "401"
    assert document["cost"]["requests"] == 7


def test_validate_goes_on_without_store_and_says_that_it_is_not_to_be_had() -> None:
    document, seen = ran("harmless-store-refused", "responses", VALIDATE, burst=1)
    assert document["verdict"] == "GO"
    states = {row["name"]: row["state"] for row in document["capabilities"]}
    assert (states["store"], states["tools"], states["codex"]) == ("unsupported", "supported", "unsupported")
    named = {exchange["probe"] for exchange in document["exchanges"]}
    broken = {finding["clause"] for finding in document["findings"] if finding["outcome"] == "broken"}
    assert broken == {"responses.codex.accepted"} and "refused.happy" in named
    asking = [json.loads(asked.body) for asked in seen if asked.body.startswith(b"{") and asked.body.endswith(b"}")]
    assert sum("store" in body for body in asking if "tools" in body) == 1, "of all requests with tools, Codex's alone"


@pytest.mark.parametrize(("most", "probes"), [(4, 4), (5, 5)])
def test_no_more_is_sent_than_the_user_allows(most: int, probes: int) -> None:
    document, _ = ran("harmless-store-refused", "responses", max_requests=most)
    assert document["cost"]["requests"] == probes
    assert document["verdict"] == ("GO" if most == 5 else "NO-GO")


def test_base64_that_is_refused_leaves_floats_to_be_judged() -> None:
    document, seen = ran("base64-refused", "embeddings", VALIDATE, burst=1)
    broken = {finding["clause"] for finding in document["findings"] if finding["outcome"] == "broken"}
    assert broken == {"embeddings.happy.base64"} and document["diagnoses"][0]["code"] == "contract.encoding"
    formats = [
        json.loads(asked.body).get("encoding_format")
        for asked in seen
        if asked.path.endswith("embeddings") and asked.body.endswith(b"}")
    ]
    assert formats.count("base64") == 4, "the plain request, and three refusals of a key before it"


def test_the_plan_says_what_may_come_on_top(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["smoke", "simulator", "--api", "responses", "--plan"]) == 0
    assert "# and at most 3 again without it, if store is refused" in capfd.readouterr().out
