"""The loop: what is sent, in which order, how often; and that our own bugs are not swallowed."""

from typing import Any

import pytest

from chatproof import simulator
from chatproof.running import dispatch
from chatproof.running.plan import Settings
from chatproof.running.run import smoke
from chatproof.target.target import Target
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Exchange, Secret, Url
from tests.support import GOOD, KEY, exchange, wire

TARGET = Target("https://llm.test/v1", model="gpt-x", key=Secret(KEY))


@pytest.fixture
def replies(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the transport: each probe is answered from this dictionary; `sent` collects their names."""
    answers: dict[str, Any] = {probe: wire(text) for probe, text in GOOD.items()}
    answers["sent"] = []

    def send(request: object, probe: str, id: str, *rest: object) -> Exchange:
        answers["sent"].append(probe)
        if isinstance(answers[probe], BaseException):
            raise answers[probe]
        return exchange(probe, answers[probe])._replace(id=id)

    monkeypatch.setattr(dispatch, "send", send)
    return answers


def test_four_requests_each_once(replies: dict[str, Any]) -> None:
    run = smoke(TARGET, environ={})
    assert sorted(replies["sent"]) == ["auth.invalid_key", "auth.missing_key", "happy", "models"]
    assert run.verdict == "GO" and run.document["cost"] == {"requests": 4, "billable_requests": 1, "tokens_reported": 9}
    assert [e["probe"] for e in run.document["exchanges"]] == [
        "happy",
        "auth.invalid_key",
        "auth.missing_key",
        "models",
    ]
    assert len({e["id"] for e in run.document["exchanges"]}) == 4


def test_nothing_is_retried(replies: dict[str, Any]) -> None:
    replies["happy"] = wire("503 text/html\n\n<html>")
    smoke(TARGET, environ={})
    assert len(replies["sent"]) == 4


def test_the_stream_is_asked_for_only_after_the_happy_path_holds(replies: dict[str, Any]) -> None:
    assert smoke(TARGET, Settings(stream=True), environ={}).verdict == "GO"
    assert replies["sent"][-1] == "stream"
    replies["sent"].clear()
    replies["happy"] = wire('200 application/json\n\n{"choices":[]}')
    run = smoke(TARGET, Settings(stream=True), environ={})
    assert "stream" not in replies["sent"]
    streams = [f for f in run.findings if f["probe"] == "stream"]
    assert {(f["outcome"], f["reason"]) for f in streams} == {("undecided", "not sent: happy did not pass")}


def test_an_answered_auth_probe_counts_as_billable(replies: dict[str, Any]) -> None:
    replies["auth.missing_key"] = replies["happy"]
    assert smoke(TARGET, environ={}).document["cost"]["billable_requests"] == 2


def test_no_auth_sends_no_error_path(replies: dict[str, Any]) -> None:
    run = smoke(TARGET._replace(no_auth=True, key=None), environ={})
    assert sorted(replies["sent"]) == ["happy", "models"] and run.verdict == "GO"
    assert run.document["target"]["key"] is None


def test_only_sends_what_is_needed(replies: dict[str, Any]) -> None:
    smoke(TARGET, Settings(only=("model.listed",)), environ={})
    assert replies["sent"] == ["models"]
    replies["sent"].clear()
    smoke(TARGET, Settings(only=("auth.invalid_key",)), environ={})
    assert sorted(replies["sent"]) == ["auth.invalid_key", "happy"], "the happy path is the control"


def test_only_the_stream_still_waits_for_the_happy_path(replies: dict[str, Any]) -> None:
    run = smoke(TARGET, Settings(stream=True, only=("stream",)), environ={})
    assert run.verdict == "GO" and sorted(replies["sent"]) == ["happy", "stream"]


def test_what_was_not_judged_is_told_from_the_reply(replies: dict[str, Any]) -> None:
    record = smoke(TARGET, Settings(only=("auth",)), environ={}).record
    assert (record["pass_fail"], record["response_structure_valid"], record["content_non_empty"]) == (
        "FAIL",
        "true",
        "true",
    )


def test_only_a_should(replies: dict[str, Any]) -> None:
    assert smoke(TARGET, Settings(only=("model.listed",)), environ={}).verdict == "GO"


def test_our_own_bug_is_raised_not_recorded(replies: dict[str, Any]) -> None:
    replies["models"] = ZeroDivisionError("ours")
    with pytest.raises(ZeroDivisionError):
        smoke(TARGET, environ={})


def test_a_model_is_needed(replies: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="no model"):
        smoke(TARGET._replace(model=""), environ={})
    assert replies["sent"] == []


def test_run_ids_do_not_collide(replies: dict[str, Any]) -> None:
    assert len({smoke(TARGET, environ={}).document["run_id"] for _ in range(20)}) == 20


def test_concurrent() -> None:
    """Wall time is the slowest probe's, not the sum."""
    import time

    server = simulator.start("silence")
    begun = time.monotonic()
    try:
        run = smoke(Target(server.base_url, model=server.model, key=Secret(server.key), timeout=0.5), environ={})
    finally:
        server.stop()
    assert time.monotonic() - begun < 1.9 and run.verdict == "UNDECIDED"


PROXY = {"https_proxy": "http://u:p@proxy.test:3128", "NO_PROXY": "other.test,.llm.test"}


def test_proxy_from_the_environment_only_when_asked_for() -> None:
    from chatproof.target.target import check

    resolved = check(TARGET)
    assert dispatch.transport_options(resolved, PROXY).proxy is None
    asked = resolved._replace(target=resolved.target._replace(proxy="env"))
    assert dispatch.transport_options(asked, PROXY).proxy is None, "NO_PROXY names the host"
    proxy = dispatch.transport_options(asked, {"https_proxy": PROXY["https_proxy"]}).proxy
    assert proxy is not None and (proxy.host, proxy.port) == ("proxy.test", 3128)
    assert proxy.credential == Secret("Basic dTpw") and "u:p" not in repr(proxy)


@pytest.mark.parametrize(
    ("host", "named", "exempt"),
    [
        ("10.1.2.3", "10.0.0.0/8", True), ("10.1.2.3", "11.0.0.0/8", False), ("10.1.2.3", "10.1.2.3", True),
        ("[::1]", "::1", True), ("[::1]", "[::1]", True), ("[::1]", "[::1]:8000", True), ("[::1]", "[::1]:9", False),
        ("[fd00::7]", "fd00::/8", True), ("[fd00::7]", "fe80::/10", False), ("[fd00::7]", "FD00:0::7", True),
        ("a.llm.test", "*.llm.test", True), ("a.llm.test", "llm.test.", True), ("a.llm.test", "*", True),
        ("allm.test", "*.llm.test", False), ("a.llm.test", "10.0.0.0/8", False), ("a.llm.test", "/,[,:,::/x,]", False),
        ("a.llm.test", "llm.test:8000", True), ("a.llm.test", "llm.test:1", False), ("a.llm.test", "*.,.", False),
    ],
)  # fmt: skip
def test_no_proxy_sees_what_it_is_exempt_from(host: str, named: str, exempt: bool) -> None:
    """Over http it would see the key of an endpoint that NO_PROXY names in the way that curl, Go or httpx read it."""
    from chatproof.wire.urls import parse_base_url

    url = parse_base_url(f"http://{host}:8000/v1", allow_http=True)
    assert isinstance(url, Url) and dispatch.is_exempt({"NO_PROXY": f"x.test, {named}"}, url) is exempt


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_proxy_elsewhere_is_no_way_to_this_machine(host: str) -> None:
    """It would get the key in clear, and take `localhost` for itself."""
    from chatproof.target.target import check

    resolved = check(TARGET._replace(base_url=f"http://{host}:8000/v1", proxy="http://proxy.test:3128"))
    with pytest.raises(UsageError) as refused:
        dispatch.transport_options(resolved, {})
    assert "unencrypted" in refused.value.detail and refused.value.code == "url.invalid"
    for other in ({"allow_http": True}, {"proxy": "http://127.0.0.1:3128"}, {"base_url": "https://localhost:8000/v1"}):
        target = resolved.target._replace(**other)
        assert dispatch.transport_options(check(target), {}).proxy is not None
    in_env = check(TARGET._replace(base_url=f"http://{host}:8000/v1", proxy="env"))
    named = {"http_proxy": "http://proxy.test:3128", "NO_PROXY": host.strip("[]")}
    assert dispatch.transport_options(in_env, named).proxy is None
