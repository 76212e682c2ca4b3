"""Every captured exchange in tests/exchanges leads to the verdict, findings and diagnoses that its file names."""

import gzip
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from chatproof.diagnosis.diagnosis import diagnose
from chatproof.diagnosis.failure_modes import ALONGSIDE, modes_of, status_only
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.target import profile
from chatproof.wire.exchange import Fault
from tests.support import CHAT, GOOD, KEY, exchange, play, wire

MODES = modes_of(CHAT)  # each API has rows of its own: these exchanges are of chat
FOLDER = Path(__file__).parent / "exchanges"
PROBES = ("all", *GOOD)
OF_CAPTURES = {
    *status_only.MODES,
    *(mode for mode in MODES if mode.code == "net.client" or "not sent with POST" in mode.summary),
    *(mode for mode in MODES if "ends before the page is complete" in mode.summary),
    *(mode for mode in MODES if "further headers were sent" in mode.summary),
    *(mode for mode in MODES if "its status is not known" in mode.summary),
}
"""Rows that no reply of these files leads to: tests/captures/test_pasted.py has those of captures, the last test here
has the page before a reset, and tests/unit/test_further_headers.py what a gateway's header may have let in."""
KNOWN = {
    "name", "about", "seed", "verdict", "codes", "principal", "broken", "undecided", "owner", "confidence",
    "evidence", "never", "base", "model", "profile", "no_auth", "no_key", "stream_media", "stream_reply",
    *PROBES, *(f"{probe}_raw" for probe in PROBES), *(f"{probe}_hex" for probe in PROBES),
    *(f"{probe}_gzip" for probe in PROBES), "happy_values", "auth.invalid_key_values", "stream_events", "stream_arrays",
}  # fmt: skip


def load() -> list[Any]:
    cases = []
    for file in sorted(FOLDER.glob("*.toml")):
        for case in tomllib.loads(file.read_text())["case"]:
            assert set(case) <= KNOWN, set(case) - KNOWN
            cases.append(pytest.param(case, id=f"{file.stem}:{case['name']}"))
    return cases


def replies(case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for probe in PROBES:
        if f"{probe}_raw" in case:
            found[probe] = case[f"{probe}_raw"].replace("@KEY@", KEY).encode()
        elif f"{probe}_hex" in case:
            found[probe] = wire(b"200 application/json\n\n" + bytes.fromhex(case[f"{probe}_hex"]))
        elif f"{probe}_gzip" in case:
            packed = gzip.compress(case[f"{probe}_gzip"].encode(), mtime=0)
            found[probe] = wire(b"200 application/json\nContent-Encoding: gzip\n\n" + packed)
        elif f"{probe}_values" in case:
            status = 401 if probe.startswith("auth.") else 200
            found[probe] = f"{status} application/json\n\n[" + "0," * case[f"{probe}_values"] + "0]"
        elif probe == "stream" and "stream_arrays" in case:
            count, each = case["stream_arrays"]
            found[probe] = "200 text/event-stream\n\n" + ('data: {"choices":[' + "0," * each + "0]}\n\n") * count
        elif probe == "stream" and "stream_events" in case:
            found[probe] = "200 text/event-stream\n\n" + 'data: {"choices":[]}\n\n' * case["stream_events"]
        elif probe == "stream" and "stream_reply" in case:
            found[probe] = case["stream_reply"]
        elif probe == "stream" and "stream" in case:
            body = GOOD["stream"].partition("\n\n")[2] if case["stream"] == "good" else case["stream"]
            found[probe] = f"200 {case.get('stream_media', 'text/event-stream')}\n\n{body}"
        elif probe in case:
            value = case[probe]
            found[probe] = Fault(*value) if isinstance(value, list) else value
        if isinstance(found.get(probe), str):
            head, blank, body = found[probe].partition("\\n\\n")  # TOML's literal strings know no escapes
            if "data:" in body:
                body = body.replace("\\n", "\n")
            if blank and "\n\n" not in head:
                found[probe] = head.replace("\\n", "\n") + "\n\n" + body
            half = len(KEY) // 2
            text = found[probe].replace("@KEY@", KEY)
            partly = f"{KEY[:half]}\\u{ord(KEY[half]):04x}{KEY[half + 1 :]}"
            text = text.replace("@PARTLY@", partly)
            found[probe] = text.replace("@KEY1@", KEY[:half]).replace("@KEY2@", KEY[half:])
    return found


@pytest.mark.parametrize("case", load())
def test_exchange(case: dict[str, Any]) -> None:
    options = {name: case[name] for name in ("base", "model", "profile", "no_auth", "no_key") if name in case}
    played = play(replies(case), **options)
    told = f"{played.verdict} {played.codes} broken {played.having('broken')}"
    assert played.verdict == case.get("verdict", "GO"), told
    if "principal" in case:
        assert played.codes[0] == case["principal"], told
    else:
        assert played.codes == case.get("codes", []), told
    if "broken" in case:
        assert played.having("broken") == case["broken"], told
    assert set(case.get("undecided", ())) <= set(played.having("undecided")), told
    if "owner" in case:
        assert played.diagnoses[0].owner == case["owner"]
    if "confidence" in case:
        assert played.diagnoses[0].confidence == case["confidence"]
    lines = [line for diagnosis in played.diagnoses for line in diagnosis.evidence]
    assert all(lines), "a line of evidence that says nothing"
    everything = "\n".join(lines)
    for words in case.get("evidence", ()):
        assert words in everything
    for words in case.get("never", ()):
        assert words not in everything
    document = json.dumps(played.record.document)
    assert KEY not in document
    assert played.record.record["pass_fail"] == ("PASS" if played.verdict == "GO" else "FAIL")


def test_every_failure_mode_is_produced() -> None:
    """A row that no exchange leads to is untested; a code that no row has is a promise not kept."""
    produced: set[tuple[str, str]] = set()
    for param in load():
        case = param.values[0]
        options = {name: case[name] for name in ("base", "model", "profile", "no_auth", "no_key") if name in case}
        produced |= {(d.code, d.summary) for d in play(replies(case), **options).diagnoses}
    rows = {(mode.code, mode.summary) for mode in (*MODES, *ALONGSIDE) if mode not in OF_CAPTURES}
    assert rows - produced == set()


def test_a_diagnosis_is_complete() -> None:
    for mode in (*MODES, *ALONGSIDE):
        assert mode.owner in ("you", "provider", "gateway", "network", "unknown"), mode.code
        assert mode.confidence in ("certain", "likely", "possible"), mode.code
        assert mode.summary and mode.next_step.endswith("."), mode.code


def test_an_error_page_before_a_reset_is_the_gateways() -> None:
    """tinyproxy writes its page for a dead upstream, and the connection is reset in the middle of it."""
    page = (
        b"HTTP/1.1 500 Unable to connect\r\nContent-Type: text/html\r\n\r\n<html><title>500 Unable to connect</title>"
    )
    whole = exchange("happy", page)
    cut = whole._replace(fault=Fault("net.reset", "body", "connection reset by peer after 44 bytes of the body"))
    found = diagnose(judge(contract_of("smoke", profile.load("generic"), Choice()), [cut]))
    assert (found[0].code, found[0].owner, found[0].confidence) == ("gateway.error", "gateway", "likely")
    assert "500 Unable to connect" in "".join(found[0].evidence)
    json_reply = cut._replace(response=exchange("happy", b"HTTP/1.1 200 OK\r\n\r\n{").response)
    assert diagnose(judge(contract_of("smoke", profile.load("generic"), Choice()), [json_reply]))[0].code == "net.reset"
