"""Hostile text stays text in comparisons, reviews and escalations, too: a report has the structure and the links that the
same document without such text has, and no line is a command to a CI system."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from chatproof import reporters
from chatproof.analysis.comparison.document import build
from chatproof.analysis.escalation import bundle
from chatproof.analysis.incident.review import review
from tests.reporters.readers import commands_in, html
from tests.reporters.runs import HOSTILE, PIECES, document, poisoned
from tests.support import schema

ROUNDS = {"default": 25, "nightly": 1000}
AT = "2026-11-25T00:00:00.000Z"
GROUPS = ("comparison", "review", "escalation")
CASES = [(of, format) for of in GROUPS for format in reporters.formats(of)]
_OWN = ("says", "source", "accessed", "support", "impact", "why_none", "sort", "effect", "label", "candidate", "decision",
        "missing_on", "compared_at", "made_at", "reviewed_at")  # fmt: skip
"""Text of the project's own tables, and words that the schemas list: no server fills them."""


@cache
def _calm(of: str) -> dict[str, Any]:
    good, bad, dead = (document(name) for name in ("go", "no-go", "undecided"))
    for run, minute in ((good, 1), (bad, 2), (dead, 3)):
        run["started_at"] = f"2026-11-25T00:0{minute}:00.000Z"
    if of == "comparison":
        return build([good, bad, dead], frozenset(), AT)
    return review([good, bad, dead], AT) if of == "review" else bundle(bad, AT)


def _hostile(value: Any, calm: Any, text: str) -> Any:
    """`poisoned`, with our own words put back."""
    if isinstance(calm, dict):
        return {n: calm[n] if n in _OWN else _hostile(value[n], calm[n], text) for n in calm}
    if isinstance(calm, list | tuple):
        return [_hostile(v, c, text) for v, c in zip(value, calm, strict=True)]
    return value


def _parsed(text: str) -> tuple[list[str], list[str], list[str]]:
    """(block structure, links, what GitHub would make a mention, reference or link of)."""
    reader = MarkdownIt("gfm-like")
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False})  # GitHub makes no link of a bare host name, `happy.no` among them
    tokens = reader.parse(text)
    flat: list[Token] = [inner for token in tokens for inner in (token.children or [])]
    assert not {token.type for token in (*tokens, *flat)} & {"html_block", "html_inline", "image"}
    links = [str(token.attrs["href"]) for token in flat if token.type == "link_open"]
    shown = "\n".join(token.content for token in flat if token.type == "text")
    return [token.type for token in tokens], links, re.findall(r"@\w|#\d|://|www\.", shown)


def hostile(of: str, text: str) -> dict[str, Any]:
    """The document of a group with hostile text wherever a server's may stand."""
    made: dict[str, Any] = _hostile(poisoned(_calm(of), text), _calm(of), text)
    return made


def check(of: str, format: str, text: str) -> None:
    calm = _calm(of)
    made = hostile(of, text)
    shown = reporters.render(format, made, of=of)
    shown.encode("utf-8")
    assert [char for char in shown if not char.isprintable() and char != "\n"] == []
    assert commands_in(shown) == []
    assert not [line for line in shown.split("\n") if line.lstrip().startswith("::")]
    if format == "json":
        read = json.loads(shown)
        assert read == json.loads(json.dumps(made))
        if of == "comparison":
            jsonschema_rs.Draft202012Validator(schema("comparison-1")).validate(json.loads(_whole(shown)))
    if format == "html":
        html(shown, scripts=0)
    if format == "markdown":
        assert _parsed(shown) == _parsed(reporters.render(format, calm, of=of))


def _whole(text: str) -> str:
    """Without lone surrogates, which JSON can write and the validator cannot hold."""
    return json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace").decode()


@pytest.mark.parametrize(("of", "format"), CASES)
@settings(max_examples=ROUNDS["default"], deadline=None, suppress_health_check=list(HealthCheck))
@example("".join(PIECES))
@example("\n\n".join(PIECES))
@given(HOSTILE)
def test_every_format(of: str, format: str, text: str) -> None:
    check(of, format, text)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("of", "format"), CASES)
@settings(max_examples=ROUNDS["nightly"], deadline=None, suppress_health_check=list(HealthCheck))
@given(HOSTILE | st.sampled_from(PIECES))
def test_every_format_a_thousand_times(of: str, format: str, text: str) -> None:
    check(of, format, text)
