"""What is said of a reply is true of its own API, and blames nobody where any hop could have written it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.contract.surface import Surface
from chatproof.diagnosis.diagnosis import Diagnosis, diagnose
from chatproof.judging.contract import Choice, contract_on
from chatproof.judging.judge import judge
from chatproof.surfaces import names, surface_of
from chatproof.target import profile
from chatproof.wire.exchange import END
from tests.support import REFUSAL, exchange, play, wire

APIS = [surface_of(name) for name in names()]
OTHERS = [surface for surface in APIS if surface.name != "chat"]
PAGE = "<html><title>Welcome</title><body>" + "<p>Come in.</p>" * 20
REPLIES = [
    *(
        f"{status} text/html\n\n{PAGE}"
        for status in (200, 302, 401, 402, 403, 404, 405, 408, 413, 429, 451, 500, 502, 504)
    ),
    *(f"{status}\n\n" for status in (200, 204, 403, 404, 405, 408, 413, 418, 424, 451, 499, 503, 504, 529)),
    *('404 application/json\n\n{"detail":"Not Found"}', '200 application/json\n\n{"hello":1}'),
    *('400 application/json\n\n{"error":{"message":"prompt is too long"}}', "200 text/event-stream\n\ndata: {}\n\n"),
    *('400 application/json\n\n{"error":{"message":"content filter"}}', "200 application/json\n\n" + "[" * 200_000),
    '400 application/json\n\n{"error":{"message":"bad","code":"unsupported_parameter"}}',
]
OF_CHAT = re.compile(r"/chat/completions|\bchoices\b|\bchat\b|\bpong\b|\bcompletions?\b|stream: false", re.IGNORECASE)


def told(surface: Surface, probe: str, reply: str) -> dict[str, Any]:
    read = captures.read(wire(reply))
    return judge_captures([Source("x", read, probe)], Asked(choice=Choice(api=surface.name))).document


@pytest.mark.parametrize("surface", OTHERS, ids=lambda surface: surface.name)
def test_of_another_api_nothing_is_said_that_is_true_of_chat_alone(surface: Surface) -> None:
    keeps_stream_false = surface.name in ("responses", "messages")  # their probes have the field
    for reply in REPLIES:
        for probe in filter(None, (surface.control, surface.stream, surface.listing)):
            for found in told(surface, probe, reply)["diagnoses"]:
                said = " ".join((found["summary"], found["next_step"], *found["evidence"]))
                said = said.replace("stream: false was sent", "") if keeps_stream_false else said
                assert not OF_CHAT.search(said), f"{reply[:40]!r} as {probe}: {said}"


@pytest.mark.parametrize("surface", APIS, ids=lambda surface: surface.name)
def test_the_path_that_is_named_is_the_probes_own(surface: Surface) -> None:
    for probe, path in ((surface.control, surface.path), (surface.listing, "/models")):
        if not probe:
            continue
        exchanges = [exchange(probe, wire(f"404 text/html\n\n{PAGE}"), api=surface.name)]
        found = diagnose(judge(contract_on(probe, surface, profile.load("generic")), exchanges))
        wrong = next(diagnosis for diagnosis in found if diagnosis.code == "url.wrong_path")
        assert f"; {path} is appended to it." in wrong.next_step
        assert all(other.path not in wrong.next_step for other in APIS if other.path != path)


@pytest.mark.parametrize("body", ["", "No.", "teapot"])
@pytest.mark.parametrize("status", [204, 206, 304, 403, 408, 418, 424, 444, 499, 503, 529, 599])
@pytest.mark.parametrize("surface", APIS, ids=lambda surface: surface.name)
def test_an_odd_status_with_a_few_words_or_none_blames_nobody(surface: Surface, status: int, body: str) -> None:
    found = told(surface, surface.control, f"{status} text/plain\n\n{body}")["diagnoses"][0]
    assert (found["owner"], found["confidence"]) == ("unknown", "possible"), found


@pytest.mark.parametrize("status", [418, 451, 503])
def test_more_than_a_few_words_may_say_whose_it_is(status: int) -> None:
    page = told(surface_of("chat"), "happy", f"{status} text/html\n\n{PAGE}")["diagnoses"][0]
    assert (page["owner"], page["confidence"]) != ("unknown", "possible") or status == 451


def test_a_bare_413_to_our_own_short_request_is_any_hops() -> None:
    found = play({"happy": "413\n\n"}).diagnoses[0]
    assert (found.code, found.owner, found.confidence) == ("request.rejected", "unknown", "possible")
    whole = play({"happy": f"413 text/html\n\n{PAGE}"}).diagnoses[0]
    assert (whole.owner, whole.confidence) == ("gateway", "certain")


def test_a_bare_403_that_everyone_gets_judged_no_key() -> None:
    def principal(keyless: str) -> Diagnosis:
        return play({"happy": "403\n\n", "auth.invalid_key": "403\n\n", "auth.missing_key": keyless}).diagnoses[0]

    assert (principal("403\n\n").owner, principal("403\n\n").confidence) == ("gateway", "likely")
    assert (principal(REFUSAL).owner, principal(REFUSAL).confidence) == ("unknown", "possible")


@pytest.mark.parametrize("body", ["", "OK"])
@pytest.mark.parametrize("surface", [surface for surface in APIS if surface.stream], ids=lambda surface: surface.name)
def test_a_few_words_or_none_instead_of_a_stream_blame_nobody(surface: Surface, body: str) -> None:
    found = told(surface, surface.stream, f"200 text/plain\n\n{body}")["diagnoses"][0]
    assert (found["code"], found["owner"], found["confidence"]) == ("contract.media_type", "unknown", "possible")


def test_a_header_whose_body_was_not_seen_tells_of_no_owner() -> None:
    cut = exchange("happy", wire("200 text/html\n\n"))._replace(missing=frozenset({END}))
    (found,) = diagnose(judge(contract_on("happy", APIS[0], profile.load("generic")), [cut]))
    assert (found.code, found.owner, found.confidence) == ("contract.media_type", "unknown", "possible")
