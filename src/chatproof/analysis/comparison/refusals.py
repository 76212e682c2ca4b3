"""What B refuses, in B's own words: the ability itself, or a part of the request that the client can send otherwise."""

import re
from typing import NamedTuple

_LONGEST = 2000  # characters of a refusal that are looked at


class Part(NamedTuple):
    """A part of a request that servers are known to refuse where they take the rest."""

    named: re.Pattern[str]  # how servers name it
    what: str
    change: str


def _part(named: str, what: str, change: str) -> Part:
    return Part(re.compile(named, re.IGNORECASE), what, change)


_PARTS = (
    _part(
        r"\btool_choice\b|\bforced (?:tool|function)",
        "the forced call (tool_choice)",
        'Let the model choose there (tool_choice "auto"), and check that it still makes the call.',
    ),
    _part(
        r"\bcontent\b.{0,80}\bnull\b|\bnull\b.{0,80}\bcontent\b|\bcontent\b.{0,40}\bexpected a string",
        "null as a message's content",
        'Send "" instead of null as the content of the message that contains the call.',
    ),
    _part(
        r"(?<![a-z])call[ _]?ids?\b.{0,80}\b(?:length|must|match|characters|a-z)",
        "the ids of the calls",
        "Give each call of the history an id in the form that B requires, including those made by A.",
    ),
    _part(r"\bparallel_tool_calls\b", "parallel_tool_calls", "Leave parallel_tool_calls out there."),
    _part(r"\bstream_options\b", "stream_options", "Leave stream_options out there."),
    _part(r"\bstrict\b", "strict", "Leave strict out there, and check the answer in the client."),
    _part(
        r"\badditionalProperties\b|\bschema keyword\b",
        "a keyword of the schema",
        "Send schemas without the keyword that B names, and check the answer in the client.",
    ),
)
# A refusal that says this of the ability itself is about nothing narrower.
_TOOLS = r"\b(?:tools?|functions?)(?: calls?| calling| use)?\b[\"'`]?"
_OF_ALL = re.compile(
    rf"{_TOOLS}(?: is| are)?(?: currently)? (?:not|unsupported|disabled|unavailable)\b"
    rf"|\b(?:supports?|supporting|allows?)\b (?:for )?(?:the )?[\"'`]?{_TOOLS}",
    re.IGNORECASE,
)


def part_refused(said: str, ability: str) -> Part | None:
    """The part of the request that a refusal names; None where it speaks of the ability itself, or of nothing known."""
    said = said[:_LONGEST]
    if _OF_ALL.search(said):
        return None
    return next((part for part in _PARTS if part.named.search(said) and part.what != ability), None)


def advice(ability: str, said: str, *, refused: bool) -> str:
    """What the client does about an ability that B lacks, or of which it refuses a part."""
    part = part_refused(said, ability) if refused else None
    if part is not None:
        itself = "" if ability in re.findall(r"\w+", part.what) else f", not {ability} itself"
        return f"B's error names {part.what}{itself}. {part.change}"
    if refused:
        return f"B refuses {ability}: leave it out, or emulate it in the client."
    return f"B does not support {ability} as A does: leave it out, or emulate it in the client."
