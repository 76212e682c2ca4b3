"""What validate may cost: planned from the probe table, bounded by the user, stopped when it is of no use."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chatproof import simulator
from chatproof.running.plan import Settings, contract_for, plan
from chatproof.running.run import validate
from chatproof.simulator.fault import edited, error, plain
from chatproof.simulator.faults import ALL
from chatproof.simulator.faults.operations import crowded
from chatproof.surfaces.chat import probes_validate
from chatproof.target.target import Target, check
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Secret
from tests.unit.test_cli import run

PROBES = probes_validate.ROWS
PAID = {id for id, row in PROBES.items() if row.billable and not row.unjudged and not id.startswith("burst.")}


def validated(fault: str = "", **settings: Any) -> dict[str, Any]:
    server = simulator.start(fault)
    try:
        target = Target(server.base_url, server.model, Secret(server.key), timeout=server.timeout or 10.0)
        return validate(target, Settings(stream=True, **settings), environ={}).document
    finally:
        server.stop()


def sent(document: dict[str, Any]) -> list[str]:
    return [exchange["probe"] for exchange in document["exchanges"]]


def planned(**settings: Any) -> list[str]:
    resolved = check(Target("http://127.0.0.1:1/v1", "m", Secret("sk-0123456789abcdef")))
    wanted = Settings(stream=True, kind="validate", **settings)
    return list(plan(contract_for(resolved, wanted), resolved, wanted))


# -- before sending ---------------------------------------------------------------------------------------------------


def test_plan_shows_requests_billable_ones_and_the_token_ceiling() -> None:
    text = run("validate", "simulator", "--plan").stdout.decode()
    probes_planned = planned()
    billable = [id for id in probes_planned if PROBES[id].billable]
    tokens = sum(PROBES[id].tokens for id in billable)
    assert text.startswith(f"# {len(probes_planned)} requests, {len(billable)} billable;")
    assert f"token ceiling: about {tokens} tokens" in text and len(probes_planned) <= 50
    assert text.count("\ncurl ") == len(probes_planned)
    assert "stopped with this command" in text.partition("\ncurl ")[0], "nobody listens at its address any more"
    assert '-H "Authorization: Bearer "' not in text.replace('-H "Authorization: Bearer"', "")
    cut = next(block for block in text.split("\n\n") if block.startswith("# error.malformed_json"))
    assert re.search(r"--data-raw '\{.*[^}]'$", cut), "the body that is no JSON is shown as it is"


def test_plan_of_a_server_that_stays_does_not_call_it_gone() -> None:
    text = run("smoke", "http://127.0.0.1:1/v1", "--model", "m", "--no-auth", "--plan").stdout.decode()
    assert "\ncurl " in text and "stopped" not in text


def test_every_paid_probe_says_what_it_may_cost() -> None:
    assert {id for id in PAID if PROBES[id].tokens <= 0} == set()


def test_expected_tokens_are_at_least_what_the_simulator_uses() -> None:
    """The simulator's tokens are words; a probe whose answer is longer than its row says would be a lie in --plan."""
    document = validated()
    assert document["cost"]["tokens_reported"] <= sum(PROBES[id].tokens for id in sent(document))


def test_more_requests_than_allowed_are_refused_before_anything_is_sent() -> None:
    done = run("validate", "simulator", "--max-requests", "10")
    assert done.returncode == 2 and b"50 requests are planned, more than --max-requests 10" in done.stderr


@pytest.mark.parametrize(
    ("settings", "there", "not_there"),
    [
        (
            {"only": ("error.missing_messages",)},
            {"happy", "error.missing_messages"},
            {"tools", "stream", "key.no_scheme"},
        ),
        ({"only": ("tools.result",)}, {"happy", "tools", "tools.result"}, {"stream", "tools.none"}),
        ({"only": ("operations.keep_alive",)}, {"models", "model"}, {"tools"}),
        ({"skip": ("tools", "error")}, {"happy", "stream", "json_schema"}, {"tools", "error.unknown_path"}),
        ({"layers": ("transport",)}, {"happy", "stream.usage", "model"}, {"json_schema", "role.system"}),
        ({"extras": ("image",)}, {"image"}, set()),
        ({"required": ("image",)}, {"image"}, set()),
        ({"extras": ("cache",)}, {"cache.first", "cache.second", "cache"}, {"image"}),
        ({}, {"key.x_api_key", "tools"}, {"image", "cache", "cache.first"}),
    ],
)
def test_what_is_asked_for_is_what_is_planned(settings: Any, there: set[str], not_there: set[str]) -> None:
    found = set(planned(**settings))
    assert there <= found and not found & not_there


def test_layers_judge_only_themselves() -> None:
    layers = {term["clause"]: term["layer"] for term in validated()["terms"]}
    document = validated(layers=("transport",))
    needed = {id for id in (f["clause"] for f in document["findings"]) if layers[id] != "transport"}
    assert {f["clause"] for f in document["findings"]} > {id for id, layer in layers.items() if layer == "transport"}
    needs = {
        "happy.body_json",
        "happy.choices_non_empty",
        "stream.events_parse",
        "auth.invalid_stream.rejected",
    }
    assert needed <= needs, "only what a transport clause needs comes with it"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--burst", "0"), b"--burst must be from 1"),
        (("--burst", "65"), b"--burst must be from 1"),
        (("--budget-tokens", "-1"), b"--budget-tokens"),
        (("--require", "telepathy"), b"there is no capability 'telepathy'"),
        (("--with", "video"), b"there are: image"),
        (("--only", "tols"), b"there is no clause 'tols'"),
        (("--layer", "application"), b"transport"),
    ],
)
def test_bad_options_are_refused(options: tuple[str, str], words: bytes) -> None:
    done = run("validate", "simulator", *options)
    assert done.returncode == 2 and words in done.stderr


# -- while sending ----------------------------------------------------------------------------------------------------


def test_free_requests_go_before_the_first_paid_one() -> None:
    document = validated()
    order = sorted(document["exchanges"], key=lambda exchange: (exchange["sent_at"], exchange["probe"] in PAID))
    first_paid = next(number for number, exchange in enumerate(order) if exchange["probe"] in PAID)
    assert {e["probe"] for e in order[:first_paid]} == {
        "auth.invalid_key",
        "auth.missing_key",
        "auth.empty_key",
        "auth.invalid_stream",
        "models",
        "model",
    }
    assert order[first_paid]["probe"] == "happy"


def test_a_dead_endpoint_is_sent_nothing_that_costs() -> None:
    document = validated("closed-without-reply")
    assert document["verdict"] == "UNDECIDED" and not PAID & set(sent(document))
    reasons = {finding["reason"] for finding in document["findings"] if finding["clause"].startswith("tools.")}
    assert reasons == {"not sent: no free request got a complete reply"}


@pytest.mark.parametrize("fault", ["key-rejected", "quota-402", "model-not-found-404", "html-404", "empty-content"])
def test_a_rejected_key_or_a_broken_happy_path_stops_what_costs(fault: str) -> None:
    document = validated(fault)
    assert document["verdict"] == "NO-GO" and PAID & set(sent(document)) == {"happy"}
    assert document["cost"]["billable_requests"] <= 1


def test_the_budget_is_kept() -> None:
    document = validated(budget_tokens=150)
    assert 0 < document["cost"]["tokens_reported"] <= 150
    left_out = {f["reason"] for f in document["findings"] if "budget" in f["reason"]}
    assert left_out == {"not sent: the token budget of 150 would be exceeded"}
    assert document["verdict"] == "UNDECIDED", "what was not observed is not passed"
    assert len(sent(document)) < len(sent(validated()))


def test_a_budget_counts_what_was_really_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a usage of a thousand tokens in every reply, nothing follows the happy path."""
    dear = edited(lambda value: value["usage"].update(total_tokens=1000))
    monkeypatch.setitem(ALL, "dear", ALL["usage-sum"]._replace(name="dear", when=plain, alter=dear))
    assert PAID & set(sent(validated("dear", budget_tokens=900))) == {"happy"}


# -- the burst --------------------------------------------------------------------------------------------------------


def in_flight(document: dict[str, Any]) -> int:
    """The largest number of requests that were on their way at the same time."""
    from datetime import datetime

    spans = []
    for exchange in document["exchanges"]:
        start = datetime.fromisoformat(exchange["sent_at"]).timestamp()
        spans.append((start, start + exchange["timings_ms"]["total"] / 1000))
    return max(sum(start <= at <= end for start, end in spans) for at, _ in spans)


def observed(document: dict[str, Any], clause: str) -> str:
    return next(f"{f['outcome']}: {f['observed']}" for f in document["findings"] if f["clause"] == clause)


def test_a_burst_is_as_large_as_asked_for_and_costs_nothing_more() -> None:
    document = validated("harmless-limited-burst", burst=3)
    assert observed(document, "operations.burst") == "holds: 3 parallel requests: 3 answered, 0 refused with 429"
    larger = validated(burst=20)
    assert observed(larger, "operations.burst") == "holds: 20 parallel requests: 20 answered, 0 refused with 429"
    later = {"happy", "image", "tools.result", "tools.parallel", "tools.parallel.stream", "usual.tools"}
    free_of_charge = {p for p in PAID if not p.startswith("key.")} - later
    assert sum(probe.startswith("burst.") for probe in sent(larger)) == 20 - len(free_of_charge)
    assert in_flight(validated("harmless-limited-burst", burst=5)) >= 3


def test_no_burst_is_no_burst() -> None:
    document = validated(burst=1)
    assert observed(document, "operations.burst").startswith("not_applicable")
    assert document["cost"]["requests"] == 50


def test_a_throttled_request_is_not_sent_again_beyond_the_users_limit() -> None:
    document = validated("harmless-limited-burst", max_requests=50)
    assert len(sent(document)) <= 50
    reasons = {f["reason"] for f in document["findings"] if "throttled" in f["reason"]}
    assert reasons <= {"throttled (429); not sent again because of --max-requests 50"} and reasons


def test_a_server_that_asks_for_long_patience_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = error(429, "Slow down.", "rate_limit_exceeded", "requests", headers=(("Retry-After", "3600"),))
    limited = ALL["harmless-limited-burst"]
    monkeypatch.setitem(ALL, "patient", limited._replace(name="patient", alter=crowded(refusal)))
    reasons = {f["reason"] for f in validated("patient")["findings"] if "throttled" in f["reason"]}
    assert reasons == {"throttled: the server asks to wait 3600 s, longer than this run waits"}


def test_the_library_takes_the_same_settings() -> None:
    with pytest.raises(UsageError, match="more than --max-requests 5"):
        planned(max_requests=5)
