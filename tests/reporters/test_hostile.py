"""Hostile text stays text: whatever a server says, each report is still read by an independent reader, and says no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chatproof import reporters
from tests.reporters import readers
from tests.reporters.runs import HOSTILE, PIECES, document, poisoned
from tests.support import play

pytestmark = pytest.mark.web
FORMATS = sorted(readers.READERS)
CALM = {name: document(name) for name in ("no-go", "undecided", "warning")}
ROUNDS = {"default": 25, "nightly": 1000}


def check(format: str, made: dict[str, Any]) -> None:
    text = reporters.render(format, made)
    readers.READERS[format](text)
    text.encode("utf-8")
    controls = [
        char for char in text if not char.isprintable() and char not in "\n" + ("\r" if format == "csv" else "")
    ]
    assert controls == []
    if format != "github":
        assert readers.commands_in(text) == []


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=ROUNDS["default"], deadline=None, suppress_health_check=list(HealthCheck))
@example("".join(PIECES), "no-go")
@example("\n\n".join(PIECES), "undecided")
@given(HOSTILE, st.sampled_from(sorted(CALM)))
def test_every_format(format: str, text: str, run: str) -> None:
    check(format, poisoned(CALM[run], text))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=ROUNDS["nightly"], deadline=None, suppress_health_check=list(HealthCheck))
@given(HOSTILE, st.sampled_from(sorted(CALM)))
def test_every_format_a_thousand_times(format: str, text: str, run: str) -> None:
    check(format, poisoned(CALM[run], text))


@settings(max_examples=40, deadline=None)
@given(HOSTILE, HOSTILE)
def test_from_the_wire(message: str, id: str) -> None:
    """The same through the whole way: a reply with such texts, judged, diagnosed, recorded, reported."""
    body = json.dumps({"error": {"message": message, "code": id, "type": message[:9]}})
    listing = json.dumps({"data": [{"id": id}, {"id": f"gpt-{id}"}]})
    made = play(
        {"happy": f"500 application/json\n\n{body}", "models": f"200 application/json\n\n{listing}"}
    ).record.document
    for format in FORMATS:
        check(format, made)


@pytest.mark.parametrize("piece", PIECES)
def test_each_piece_alone(piece: str) -> None:
    made = poisoned(CALM["no-go"], piece)
    for format in FORMATS:
        check(format, made)


def test_the_readers_can_say_no() -> None:
    """Each check fails on what it is there for."""
    for text in ("::error::x", "  ::add-mask::x", "a ##[error]x", "x ##vso[task]y"):
        assert readers.commands_in(text)
    for bad in (
        "# a\n\n[x](http://y.test)",
        "# a\n\n<b>",
        "# a\n\nhttps://evil.test",
        "# a\n\nhi @octocat",
        "# a\n\nsee #12",
    ):
        with pytest.raises(AssertionError):
            readers.markdown(bad)
    with pytest.raises(Exception, match="testsuites"):
        readers.junit("<testsuites/>")
    for format, text in {"sarif": "{}", "ctrf": "{}", "har": '{"log":{}}'}.items():
        with pytest.raises(Exception, match="required"):
            readers.READERS[format](text)
    with pytest.raises(AssertionError):
        readers.csv_(",".join(readers.COLUMNS) + "\r\n" + ",".join(["=1+1"] * len(readers.COLUMNS)) + "\r\n")
    with pytest.raises(AssertionError):
        readers.html("<html><script>1</script><style></style><img src=x></html>")
