"""What the user's own requests exercise, by their shapes in the record: what they do without is no change of theirs."""

from collections.abc import Callable

from chatproof.analysis.comparison.difference import BREAKS, CHANGE, NOTE, Difference, Document

Shape = dict[str, str]  # path → types
Uses = Callable[[Shape], bool]


def _field(*names: str) -> Uses:
    return lambda shape: any(f"$.{name}" in shape for name in names)


def _word(path: str, word: str) -> Uses:
    return lambda shape: f"string={word}" in shape.get(path, "").split("|")


_USES: dict[str, Uses] = {
    **{name: _field(name) for name in ("n", "seed", "logprobs", "stop", "tool_choice", "tools")},
    **{name: _field(name) for name in ("max_tokens", "max_completion_tokens")},
    "tools_stream": _field("tools"),
    "stream_usage": _field("stream_options"),
    "token cap": _field("max_tokens", "max_completion_tokens"),
    "json_object": _word("$.response_format.type", "json_object"),
    "json_schema": _word("$.response_format.type", "json_schema"),
    "system": _word("$.messages[].role", "system"),
    "developer": _word("$.messages[].role", "developer"),
    "multi_turn": _word("$.messages[].role", "assistant"),
    "image": lambda shape: "$.messages[].content[].image_url" in shape,
}
"""Abilities, and whether a request of this shape uses them. What is not here counts whatever was brought."""
_REFUSED = ("clearly refused", "refused in this form", "HTTP 4")
_OF_TOOLS = "tools."
_AFTER_TOOLS = ("error.wrong_call_id", "error.unanswered_call", "usual.tools")


def spared(one: Difference, run: Document, requires: frozenset[str]) -> Difference:
    """The difference as a note where the user brought requests that do without what is lost: none of them uses it, or
    all that use it are answered on B although our own probe is refused. What is required counts in any case."""
    name = one.subject or ("tools" if all(is_of_tools(probe) for probe in one.probes) else "")
    if one.effect not in (BREAKS, CHANGE) or not _is_spared(name, run, requires, refused=one.b.startswith(_REFUSED)):
        return one
    return one._replace(effect=NOTE, change="")


def does_without(probe: str, run: Document, requires: frozenset[str]) -> bool:
    """The user's own requests need not what this probe would have asked, which B was not brought to answer."""
    return is_of_tools(probe) and _is_spared("tools", run, requires, refused=True)


def is_of_tools(probe: str) -> bool:
    """A probe that is sent only where tools are taken."""
    return probe.startswith(_OF_TOOLS) or probe in _AFTER_TOOLS


def _is_spared(name: str, run: Document, requires: frozenset[str], *, refused: bool) -> bool:
    shapes = {row["probe"]: dict(row["shape"]) for row in run.get("requests", ())}
    uses = _USES.get(name)
    if not shapes or uses is None or requires:
        return False
    using = {probe for probe, shape in shapes.items() if uses(shape)}
    return not using or (refused and using <= _answered(run))


def _answered(run: Document) -> set[str]:
    """Those that are answered, as they are or with a change that their own difference tells."""
    found = run["findings"]
    refusals = ((row["probe"], row["refused"]) for row in run["requests"])
    changed = {probe for probe, refused in refusals if refused and refused["parts"] and not refused["needed"]}
    return changed | {f["probe"] for f in found if f["clause"] == "request.answered" and f["outcome"] == "holds"}
