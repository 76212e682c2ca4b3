"""A refusal is read for what it names: a part that the client can send otherwise, or the ability itself."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chatproof.analysis.comparison.differences import between
from chatproof.analysis.comparison.refusals import advice, part_refused

PARTS = [
    ("deepseek-reasoner does not support this tool_choice", "tool_choice"),
    ("Invalid value for 'tool_choice': only 'auto' and 'none' are supported", "tool_choice"),
    ("messages[1].content: invalid type: null, expected a string", "null"),
    ("Input should be a valid string, got null for messages.1.content", "content"),
    ("Tool call id was call_simulator_0 but must be a-z, A-Z, 0-9, with a length of 9.", "ids"),
    ("tool_call_id must match ^[a-zA-Z0-9_-]+$", "ids"),
    ("Unrecognized request argument supplied: parallel_tool_calls", "parallel_tool_calls"),
    ("'additionalProperties' is not allowed in this schema", "schema"),
]
WHOLE = [
    "tools is not supported with this model",
    "This model does not support tools or tool_choice.",
    "Function calling is not enabled; remove tools and tool_choice",
    "`tools` are not supported",
    "registry.example/gemma:2b does not support tools",
    "no",
    "",
]


@pytest.mark.parametrize(("said", "named"), PARTS)
def test_a_part_is_named(said: str, named: str) -> None:
    part = part_refused(said, "tools")
    assert part is not None and named in part.what
    told = advice("tools", said, refused=True)
    assert part.change in told and "leave it out" not in told


@pytest.mark.parametrize("said", WHOLE)
def test_the_ability_itself_is_refused(said: str) -> None:
    assert part_refused(said, "tools") is None
    assert "leave it out, or emulate it" in advice("tools", said, refused=True)


def test_no_words_make_it_slow() -> None:
    assert part_refused("content " * 400_000, "tools") is None


def _refusing(run: dict[str, Any], said: str) -> dict[str, Any]:
    """The run with the tool's result refused in these words."""
    run = copy.deepcopy(run)
    for exchange in run["exchanges"]:
        if exchange["probe"] == "tools.result":
            exchange["response"]["status"] = 422
    for finding in run["findings"]:
        if finding["clause"] == "tools.result":
            finding |= {"outcome": "broken", "state": "broken", "observed": f"HTTP 422, message {said!r}", "reason": ""}
    return run


@pytest.mark.parametrize(
    ("said", "effect"),
    [("messages[1].content: invalid type: null, expected a string", "change"), ("tools are not supported", "breaks")],
)
def test_what_works_but_for_a_part_is_a_change(good_whole: dict[str, Any], said: str, effect: str) -> None:
    told = [one for one in between(good_whole, _refusing(good_whole, said)) if one.kind == "capability"]
    assert [(one.subject, one.effect) for one in told] == [("tools", effect)]
    assert "refused in this form" in told[0].b and said[:20] in told[0].b


def test_an_ability_is_not_told_from_itself() -> None:
    said = "Unsupported parameter: 'tool_choice' is not supported with this model."
    assert advice("tool_choice", said, refused=True).startswith("B's error names the forced call (tool_choice). Let ")
    assert "not tools itself" in advice("tools", said, refused=True)
