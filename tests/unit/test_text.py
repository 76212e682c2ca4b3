"""The terminal's text, to the letter: tests/golden, renewed by `make goldens`."""

import re
from pathlib import Path

import pytest

from chatproof import reporters
from chatproof.reporters import Style
from chatproof.wire.exchange import Fault
from tests.golden_files import same
from tests.pace import within
from tests.support import play

GOLDEN = Path(__file__).parent.parent / "golden"
RUNS = {
    "go": {},
    "go-with-warning": {"models": '200 application/json\n\n{"data":[{"id":"gpt-x-mini"},{"id":"whisper-1"}]}'},
    "no-go-gateway": {"all": "502 text/html\nX-Request-Id: req-1\n\n<html><title>502 Bad Gateway</title></html>"},
    "no-go-not-enforced": {"auth.invalid_key": '200 application/json\n\n{"choices":[{"message":{"content":"pong"}}]}'},
    "no-go-model": {
        "happy": '503 application/json\n\n{"error":{"message":"no available channel for model gpt-x","code":"model_not_found"}}',
        "models": '200 application/json\n\n{"data":[{"id":"gpt-x-mini"}]}',
    },
    "undecided-dns": {"all": Fault("net.dns", "dns", "llm.test: Name or service not known (-2)")},
}


@pytest.mark.parametrize("name", RUNS)
def test_golden(name: str) -> None:
    text = reporters.render("text", play(RUNS[name]).record.document)
    same(GOLDEN / f"{name}.txt", text)


@pytest.mark.parametrize("name", RUNS)
def test_one_screen(name: str) -> None:
    text = reporters.render("text", play(RUNS[name]).record.document)
    assert len(text.splitlines()) <= 45 and max(map(len, text.splitlines())) <= 100


def test_verdict_first_then_cause() -> None:
    lines = reporters.render("text", play(RUNS["no-go-model"]).record.document).splitlines()
    assert lines[0].startswith("NO-GO") and "model.unavailable" in lines[2]


def test_quiet_is_the_verdict_and_whose_it_is_and_what_next() -> None:
    for replies in RUNS.values():
        document = play(replies).record.document
        text = reporters.render("text", document, Style(verbosity=-1, width=400))
        words = [line.split()[0] for line in text.splitlines()]
        bad = document["verdict"] != "GO"
        assert words == [document["verdict"], *(["cause", "owner", "next"] if bad else [])]
        if bad:
            first = document["diagnoses"][0]
            assert all(first[name] in text for name in ("code", "summary", "owner", "next_step"))
            assert not any(line in text for line in first["evidence"])


def test_color_adds_nothing_but_color() -> None:
    document = play(RUNS["no-go-gateway"]).record.document
    colored = reporters.render("text", document, Style(color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == reporters.render("text", document)


@pytest.mark.parametrize("width", [40, 60, 140])
def test_any_width(width: int) -> None:
    text = reporters.render("text", play(RUNS["no-go-gateway"]).record.document, Style(width=width))
    longest = max(text.splitlines(), key=len)
    assert len(longest) <= width or " " not in longest.strip().split("  ")[-1].strip() or width < 50


def test_verbose_shows_exchanges() -> None:
    text = reporters.render("text", play(RUNS["no-go-gateway"]).record.document, Style(verbosity=2))
    assert "GET https://llm.test/v1/models" in text and "Content-Type: text/html" in text and "request id req-1" in text


@pytest.mark.parametrize("size", [40, 100, 4000])
def test_a_list_of_models_that_is_made_to_be_slow(size: int) -> None:

    from chatproof.surfaces.model_listing import nearest

    wanted = "gpt-abcdefgh"
    ids = [(wanted[::-1] * (size // 12 + 1))[: size - 6] + f"{number:06d}" for number in range(60_000)]
    with within(2):
        assert nearest(wanted, [wanted + "i", *ids])[0] == wanted + "i"


@pytest.mark.parametrize(
    "replies",
    [
        {"happy": '503 application/json\n\n{"error":{"message":"no available channel","code":"model_not_found"}}'},
        {"all": '401 application/json\n\n{"error":{"message":"Invalid token"}}'},
        {"all": "502 text/html\n\n<html>"},
        {"all": Fault("net.read_timeout", "first_byte", "silent for 30 s")},
    ],
)
def test_whoever_is_to_blame_the_place_to_ask_is_named(replies: dict[str, str]) -> None:
    named = "support     https://apidoc.cometapi.com/support/help-center"
    assert named in reporters.render("text", play(replies, profile="cometapi").record.document)
    assert named not in reporters.render("text", play(profile="cometapi").record.document)
