"""Where a chat request has its tools, and the plainer forms of the choice of a tool."""

from collections.abc import Iterator
from typing import Any

from chatproof.surfaces.own.request_part import Part, Request, messages_of, objects
from chatproof.surfaces.own.tool_parts import Tools, names_of


def _function(tool: dict[str, Any]) -> dict[str, Any] | None:
    held = tool.get("function")
    return held if isinstance(held, dict) else None


def _named(body: Request) -> Iterator[dict[str, Any]]:
    """The choice, the calls, and the results."""
    calls = [call for message in messages_of(body) for call in objects(message.get("tool_calls"))]
    choice = body.get("tool_choice")
    for one in [*calls, *([choice] if isinstance(choice, dict) else [])]:
        if isinstance(one.get("function"), dict):
            yield one["function"]
    yield from (message for message in messages_of(body) if message.get("role") == "tool")


TOOLS = Tools(_function, _named)


def of_choice(body: Request) -> Iterator[Part]:
    """List the plainer forms of the choice of a tool: an object as a word, a forced call as a free one."""
    choice = body.get("tool_choice")
    if _as_word(choice):
        words = ("tool_choice", "type", "object", "allowed_tools")
        yield Part(
            "`tool_choice` as an object", "as a string, with only the tools that it allows", words, _worded_choice
        )
    if choice not in (None, "auto", "none") and _as_word(choice) != "auto":
        yield Part("a forced `tool_choice`", "with auto", ("tool_choice", "choice"), _free_choice)


def _as_word(choice: Any) -> str:
    """The word that says the same where only the tools of the choice are given; empty for what is no such object."""
    if not isinstance(choice, dict):
        return ""
    allowed = choice.get("allowed_tools")
    if choice.get("type") == "allowed_tools" and isinstance(allowed, dict):
        return "auto" if allowed.get("mode") == "auto" else "required"
    return "required" if isinstance(choice.get("function"), dict) else ""


def _worded_choice(body: Request) -> None:
    choice, word = body.get("tool_choice"), _as_word(body.get("tool_choice"))
    if not word or not isinstance(choice, dict):
        return
    allowed = choice.get("allowed_tools")
    wanted = allowed.get("tools") if isinstance(allowed, dict) else [choice]
    names = set(names_of([tool["function"] for tool in objects(wanted) if isinstance(tool.get("function"), dict)]))
    tools = [t for t in objects(body.get("tools")) if names & set(names_of(TOOLS.functions({"tools": [t]})))]
    body["tool_choice"] = word
    body["tools"] = tools or body.get("tools")


def _free_choice(body: Request) -> None:
    if "tool_choice" in body:
        body["tool_choice"] = "auto"
