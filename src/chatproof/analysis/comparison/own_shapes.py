"""What the user's own requests exercise, by their shapes in the record: what they do without is no change of theirs."""

from collections.abc import Callable

from chatproof.analysis.comparison.difference import BREAKS, CHANGE, NOTE, Difference, Document
from chatproof.contract.clause import is_named

Shape = dict[str, str]  # path → types
Uses = Callable[[Shape], bool]


def _field(*names: str) -> Uses:
    return lambda shape: any(f"$.{name}" in shape for name in names)


def _word(word: str, *paths: str) -> Uses:
    return lambda shape: any(f"string={word}" in shape.get(path, "").split("|") for path in paths)


def _of_roles(role: str) -> Uses:
    return _word(role, "$.messages[].role", "$.input[].role")


def _at(*paths: str) -> Uses:
    return lambda shape: any(path in shape for path in paths)


_CAPS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_FORMATS = ("$.response_format.type", "$.text.format.type", "$.output_config.format.type")
_USES: dict[str, Uses] = {
    **{name: _field(name) for name in ("n", "seed", "logprobs", "stop", "tool_choice", "tools", "dimensions")},
    **{name: _field(name) for name in (*_CAPS, "instructions", "stop_sequences", "thinking")},
    "tools_stream": _field("tools"),
    "stream_usage": _field("stream_options"),
    "token cap": _field(*_CAPS),
    "json_object": _word("json_object", *_FORMATS),
    "json_schema": _word("json_schema", *_FORMATS),
    "system": lambda shape: _of_roles("system")(shape) or "$.system" in shape,
    "developer": _of_roles("developer"),
    "multi_turn": _of_roles("assistant"),
    "image": _at(
        *("$.messages[].content[].image_url", "$.messages[].content[].source", "$.input[].content[].image_url")
    ),
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
    good = (f for f in found if f["outcome"] == "holds")
    return changed | {f["probe"] for f in good if is_named(f["clause"], "request.answered")}
