"""What is refused in a message taken by itself: its role, its name, its content."""

import re
from collections.abc import Callable

from chatproof.simulator.answers import ROLES, Body, Flaw, missing, mistyped
from chatproof.simulator.rules.rule import (
    Find,
    Rule,
    empty_array,
    empty_string,
    no_match,
    objects,
    text_at,
    too_long,
    unknown_value,
)

# White space and these signs are refused; an older pattern, letters, digits, _ and -, was stricter.
NAME, NAME_PATTERN = re.compile(r"[^\s<|\\/>]+"), r"^[^\s<|\\/>]+$"
LONGEST_NAME = 64
USER = {"role": "user", "content": "Respond with the single word: pong"}


def talk(*messages: Body) -> Body:
    """A conversation that begins with the user's plain message."""
    return {"messages": [USER, *messages]}


def each_message(check: Callable[[str, Body], Flaw | None]) -> Find:
    """The first flaw that the check finds in a message."""

    def find(body: Body) -> Flaw | None:
        found = (check(f"messages[{place}]", message) for place, message in objects(body.get("messages")))
        return next(filter(None, found), None)

    return find


# -- messages ---------------------------------------------------------------------------------------------------------


def _no_messages(body: Body) -> Flaw | None:
    return None if "messages" in body else missing("messages")


def _messages(body: Body) -> Flaw | None:
    messages = body.get("messages", [])
    return None if isinstance(messages, list) else mistyped("messages", "an array of objects", messages)


def _none(body: Body) -> Flaw | None:
    return empty_array("messages") if body.get("messages") == [] else None


def _objects(body: Body) -> Flaw | None:
    messages = body.get("messages")
    for place, message in enumerate(messages if isinstance(messages, list) else ()):
        if not isinstance(message, dict):
            return mistyped(f"messages[{place}]", "an object", message)
    return None


def _no_role(at: str, message: Body) -> Flaw | None:
    return None if "role" in message else missing(f"{at}.role")


def _role(at: str, message: Body) -> Flaw | None:
    role = message.get("role", "user")
    return None if role in ROLES else unknown_value(f"{at}.role", role, ROLES)


def _stands_alone(message: Body) -> bool:
    """An assistant's message may lack content where it holds something else."""
    if message.get("role") == "function":
        return True
    instead = ("tool_calls", "function_call", "refusal", "audio")
    return message.get("role") == "assistant" and any(message.get(name) is not None for name in instead)


def _no_content(at: str, message: Body) -> Flaw | None:
    if "content" in message or message.get("role") == "assistant" or message.get("role") not in ROLES:
        return None
    return missing(f"{at}.content")


def _null_content(at: str, message: Body) -> Flaw | None:
    null = message["content"] is None if "content" in message else message.get("role") == "assistant"
    if not null or _stands_alone(message) or message.get("role") not in ROLES:
        return None
    return Flaw(f"Invalid value for '{at}.content': expected a string, but got null.", f"{at}.content", None)


def _content(at: str, message: Body) -> Flaw | None:
    content = message.get("content")
    if content is None or isinstance(content, str | list):
        return None
    return mistyped(f"{at}.content", "a string or an array of parts", content)


def _no_parts(at: str, message: Body) -> Flaw | None:
    return empty_array(f"{at}.content") if message.get("content") == [] else None


def _name(at: str, message: Body) -> Flaw | None:
    name, place = message.get("name"), f"{at}.name"
    if name is None:
        return None
    if not isinstance(name, str):
        return mistyped(place, "a string", name)
    if not name:
        return empty_string(place)
    return None if NAME.fullmatch(name) else no_match(place, NAME_PATTERN)


def _long_name(at: str, message: Body) -> Flaw | None:
    name = message.get("name")
    long = isinstance(name, str) and len(name) > LONGEST_NAME
    return too_long(f"{at}.name", len(name or ""), LONGEST_NAME) if long else None


def _refusal(at: str, message: Body) -> Flaw | None:
    value = message.get("refusal")
    return None if value is None or isinstance(value, str) else mistyped(f"{at}.refusal", "a string", value)


def _audio(at: str, message: Body) -> Flaw | None:
    audio = message.get("audio")
    if audio is None:
        return None
    return (
        text_at(audio, "id", f"{at}.audio") if isinstance(audio, dict) else mistyped(f"{at}.audio", "an object", audio)
    )


MESSAGE_RULES: tuple[Rule, ...] = (
    Rule("messages-missing", "no `messages`", _no_messages, {"messages": ...}, "messages"),
    Rule("messages-type", "`messages` that is not an array", _messages, {"messages": "pong"}, "messages"),
    Rule(
        "messages-empty",
        "an empty array of messages",
        _none,
        {"messages": []},
        "messages",
        "danny-avila/LibreChat#10408",
        "2025-11-07",
    ),
    Rule("message-type", "a message that is not an object", _objects, {"messages": ["pong"]}, "messages[0]"),
    Rule(
        "role-missing",
        "a message without role",
        each_message(_no_role),
        {"messages": [{"content": "x"}]},
        "messages[0].role",
    ),
    Rule(
        "role-value",
        "a role that does not exist",
        each_message(_role),
        {"messages": [{"role": "robot", "content": "x"}]},
        "messages[0].role",
    ),
    Rule(
        "content-missing",
        "a message without content, except the assistant's",
        each_message(_no_content),
        {"messages": [{"role": "user"}]},
        "messages[0].content",
    ),
    Rule(
        "content-null",
        "null as content with nothing that replaces it, also in an empty message of the assistant",
        each_message(_null_content),
        talk({"role": "assistant", "content": None}, USER),
        "messages[1].content",
        "songquanpeng/one-api#784",
        "2023-12-06",
    ),
    Rule(
        "content-type",
        "content that is neither a string nor an array",
        each_message(_content),
        {"messages": [{"role": "user", "content": {"text": "x"}}]},
        "messages[0].content",
    ),
    Rule(
        "content-empty",
        "an empty array of parts",
        each_message(_no_parts),
        {"messages": [{**USER, "content": []}]},
        "messages[0].content",
    ),
    Rule(
        "name-pattern",
        "a name that is not a string, is empty, or contains white space or one of `<|\\/>`",
        each_message(_name),
        {"messages": [{**USER, "name": "Ann Bee"}]},
        "messages[0].name",
        "jekalmin/extended_openai_conversation#251",
        "2024-08-08",
    ),
    Rule(
        "name-length",
        "a name of more than 64 characters",
        each_message(_long_name),
        {"messages": [{**USER, "name": "a" * 65}]},
        "messages[0].name",
        "Goldziher/basemind.ai#248",
        "2023-12-15",
    ),
    Rule(
        "refusal-type",
        "a refusal that is not a string",
        each_message(_refusal),
        talk({"role": "assistant", "content": "x", "refusal": 1}, USER),
        "messages[1].refusal",
    ),
    Rule(
        "audio-id",
        "earlier audio without its id",
        each_message(_audio),
        talk({"role": "assistant", "content": "x", "audio": {}}, USER),
        "messages[1].audio.id",
    ),
)
