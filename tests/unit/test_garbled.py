"""What a hop makes of text outside ASCII that takes its bytes for another encoding, or writes it another way."""

import json

import pytest

from chatproof.contract.clause import BROKEN, HOLDS
from chatproof.surfaces.garbled import mark_in, run_together
from chatproof.surfaces.messages.examples import CALL_EVENTS, streamed
from chatproof.surfaces.responses.clauses.validate.unicode import says
from chatproof.surfaces.text_to_repeat import UNICODE
from tests.unit.test_values_that_cannot_be import judged


def as_windows(text: str) -> str:
    return text.encode().decode("cp1252")


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("na\ufffdve", "\ufffd"),
        (as_windows("café"), "Ã"),
        ("Привет".encode().decode("latin-1"), "Ð"),
        (as_windows("a — b"), "â€"),
        (as_windows("🙂"), "ðŸ"),
        ("caf\\u00e9", "\\u"),
        ("na?ve", "na?ve"),
        ("caf&#233;", "&#"),
        ("a &lt; b", "&lt;"),
        ("a &amp; b", "&amp;"),
        ("&quot;a&quot;", "&quot;"),
        (UNICODE, ""),
        ("Who? R & D, #1: a\\b, â, ð", ""),
    ],
)
def test_each_way_to_spoil_a_text_has_its_mark(text: str, mark: str) -> None:
    assert mark_in(text) == mark


@pytest.mark.parametrize("words", ["naïveΩmega", "ΩmegaПривет"])
def test_words_of_scripts_with_spaces_do_not_stand_together(words: str) -> None:
    assert run_together(f"It says: {words}.") == words
    assert run_together("Привет你好") == run_together("שלום👩‍🚀") == "", "here some write none"


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ({"number": 7, "word": "fine"}, HOLDS),
        ({"number": 7, "word": "na?ve"}, BROKEN),
        ({"word": "fine", "other": "na?ve"}, BROKEN),
        (["na?ve"], HOLDS),  # no arguments: another clause says so
    ],
)
def test_each_text_in_the_arguments_of_a_call_is_looked_at(arguments: object, outcome: str) -> None:
    whole = {"type": "input_json_delta", "partial_json": json.dumps(arguments, ensure_ascii=False)}
    stream = streamed([*CALL_EVENTS[:2], {**CALL_EVENTS[2], "delta": whole}, *CALL_EVENTS[4:]])
    assert judged("messages", "messages.tools.stream_intact", stream).outcome == outcome


def test_each_text_that_a_stream_shows_is_looked_at() -> None:
    good = says(UNICODE)
    assert judged("responses", "responses.unicode.intact", good).outcome == HOLDS
    head, mark, last = good.body.rpartition(b"data: ")
    assert b"na\\u00efve" in last, "the whole answer stands at the end once more"
    spoiled = good._replace(body=head + mark + last.replace(b"na\\u00efve", b"na?ve"))
    assert judged("responses", "responses.unicode.intact", spoiled).outcome == BROKEN
