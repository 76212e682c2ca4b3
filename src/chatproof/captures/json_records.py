"""JSON that a client or a logger wrote of a failure, and no server: records of logs, errors that are but a cause."""

import json
import re
from typing import Any

from chatproof.captures.axios import of_a_session
from chatproof.captures.json_files import holds_answer

NAME = "an error that a client wrote as JSON"
IN_A_ROW = "a client's log of JSON documents"
_LEVELS = {"level", "severity", "lvl", "loglevel", "log_level", "levelname"}
_TIMES = {"time", "ts", "timestamp", "@timestamp", "date", "datetime", "asctime", "t"}
_WORDS = {"message", "msg", "error", "err", "exception", "event", "exc_info"}
_CAUSE = re.compile(
    r"E[A-Z]{4,}|ERR_[A-Z_]+|UND_ERR_\w+|UNABLE_TO_\w+|CERT_\w+|SELF_SIGNED_CERT\w*|DEPTH_ZERO_SELF_SIGNED_CERT"
)
_THROWN = re.compile(r"\w{0,40}Error: [45]\d\d [^\n]{2,20000}\n {2,}at ")
_QUOTES = re.compile(r"\b(?:Client|Server) error '[45]\d\d [^'\n]{0,60}' for url\s{1,40}'https?://")  # httpx
_SAID = ("message", "msg", "detail")
_OF_APPLICATIONS = ("error_message", "errorMessage", "exc_value", "error_str")
"""Dify, n8n, Lambda, structlog, LiteLLM."""
_DOTTED = {"error.message", "error.stack", "exception.message", "exception.stacktrace"}
_OF_DOCKER = {"log", "stream", "time", "attrs"}
_BLANKS = re.compile(r"\s*")
_DEEPEST, _MOST, _LINES = 6, 400, 2000


_NOTED = {"error", "timestamp"}
_OF_LARAVEL = {"message", "exception", "file", "line", "trace"}
_OF_REPLIES = {"config", "headers", "response", "responsebody", "status", "statuscode"}
_STACK = re.compile(r"\n\s{2,12}at \S|Traceback \(most recent call last\)")
_A_STATUS = re.compile(r"(?<![\w:./])[45]\d\d(?![\w:/])")
_UNREAD = re.compile(r"\b(?:UnserializableResponse|JsonException)$")  # any other may be a gateway's in PHP, of its own


def is_record(value: Any) -> bool:
    """One record of a log, or an error of a client as it writes itself."""
    if isinstance(value, list):
        return 0 < len(value) <= _MOST and all(isinstance(entry, dict) and _is_thrown(entry) for entry in value)
    known = (
        _is_logged,
        _is_a_cause,
        _is_of_a_session,
        _is_thrown,
        _is_of_a_workflow,
        _is_shown,
        _is_quotation,
        _is_of_a_tracker,
        _is_of_a_chat,
    )
    logged = isinstance(value, dict) and any(kind(value) for kind in known)
    return logged and not holds_answer(value)


def is_own_trouble(value: Any) -> bool:
    """Say whether a program kept an error here that tells of no reply: it has a stack, or stands in a report."""
    return isinstance(value, dict) and _is_thrown(value) and not _A_STATUS.search(text_of(value))


def text_of(value: Any) -> str:
    """The texts of a record, each on a line of its own, for the readers of pasted text."""
    found: list[str] = []
    _collect(value, found, 0)
    return "\n".join(found)


def texts_of(values: list[Any]) -> str:
    """The texts of several records; what Docker keeps of a container is the text itself, cut into lines."""
    if all(isinstance(value.get("log"), str) and value.keys() <= _OF_DOCKER for value in values):
        return "".join(value["log"] for value in values)
    return "\n".join(map(text_of, values))


def in_a_row(text: str) -> list[Any]:
    """The values of a text that is nothing but JSON documents, one behind the other; none where it is anything else."""
    found: list[Any] = []
    at = 0
    while at < len(text):
        try:
            value, end = json.JSONDecoder().raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        found.append(value)
        at = _BLANKS.match(text, end).end()  # type: ignore[union-attr]  # it matches nothing as well
        if len(found) > _MOST:
            return []
    return found


def lines(data: bytes) -> list[Any]:
    """The records of a log with one on each line; none where it is no such log."""
    found: list[Any] = []
    for line in data[: 4 << 20].splitlines()[:_LINES]:
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            return []
    return found if len(found) > 1 and all(isinstance(value, dict) for value in found) else []


def _is_logged(value: dict[str, Any]) -> bool:
    names = {name.lower() for name in value}
    if isinstance(value.get("log"), str) and "stream" in names and names <= _OF_DOCKER:
        return True
    return bool(names & _LEVELS and names & _TIMES and names & _WORDS)


def _is_thrown(value: dict[str, Any]) -> bool:
    """The text of an error that openai-node or anthropic's client throws, with its status before the words."""
    if value.keys() >= _OF_LARAVEL and _UNREAD.search(str(value["exception"])[:400]):
        return True
    if value.keys() == _NOTED and isinstance(value["error"], str):  # Claude Code's report
        return True
    if _has_a_stack(value) or (value.keys() == {"error"} and _has_a_stack(value["error"])):
        return True
    return any(
        isinstance(value.get(name), str) and _THROWN.match(value[name]) for name in ("error", "message", "stack")
    )


def _has_a_stack(value: Any) -> bool:
    """An error as a program writes it whole, with its class or its cause beside the stack; no client's of a reply."""
    if not isinstance(value, dict) or not {"name", "cause"} & value.keys():
        return False
    if _OF_REPLIES & {name.lower() for name in value}:
        return False
    return isinstance(value.get("stack"), str) and bool(_STACK.search(value["stack"]))


def _is_of_a_workflow(value: dict[str, Any]) -> bool:
    """What n8n shows of a node that failed: its own words, and those of the client below them."""
    details = value.get("errorDetails")
    return isinstance(value.get("errorMessage"), str) and isinstance(details, dict) and "rawErrorMessage" in details


def _is_of_a_session(value: dict[str, Any]) -> bool:
    """What opencode and its kin keep of a call that failed without a status: a class, and the words."""
    told = of_a_session(value)
    return isinstance(told.get("message"), str) and "statusCode" not in told


def _is_shown(value: dict[str, Any]) -> bool:
    """What an application shows instead of an answer, by a name that no API gives to an error's words."""
    return any(isinstance(value.get(name), str) for name in _OF_APPLICATIONS)


def _is_quotation(value: dict[str, Any]) -> bool:
    """An application's answer that quotes the error of the client within it: that client's endpoint is what failed."""
    return any(isinstance(value.get(name), str) and _QUOTES.search(value[name][:4000]) for name in (*_SAID, "error"))


def _is_of_a_tracker(value: dict[str, Any]) -> bool:
    """What collectors of logs and errors keep: Datadog's and OpenTelemetry's names with dots, Sentry's exceptions."""
    raised = value.get("exception")
    return not _DOTTED.isdisjoint(value) or (isinstance(raised, dict) and isinstance(raised.get("values"), list))


def _is_of_a_chat(value: dict[str, Any]) -> bool:
    """What LobeChat shows of a call whose error it could not read: whom it asked, and nothing more."""
    return "error" in value and not value["error"] and {"endpoint", "provider"} <= value.keys()


def _is_a_cause(value: dict[str, Any]) -> bool:
    """JSON.stringify leaves message and stack of an error out: what is left of it is its cause. Or node-fetch's own."""
    if value.get("type") == "system" and isinstance(value.get("errno"), str):
        return True
    error = value.get("error", value)
    cause = error.get("cause") if isinstance(error, dict) else None
    bare = isinstance(error, dict) and ("stack" in error or not any(isinstance(error.get(name), str) for name in _SAID))
    code = cause.get("code") if isinstance(cause, dict) else None
    return bare and isinstance(code, str) and bool(_CAUSE.fullmatch(code))


def _collect(value: Any, found: list[str], depth: int) -> None:
    if len(found) >= _MOST or depth > _DEEPEST:
        return
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict | list):
        kind, words = (value.get("type"), value.get("value")) if isinstance(value, dict) else (None, None)
        if isinstance(kind, str) and isinstance(words, str):  # Sentry's: a class, and what it says
            found.append(f"{kind}: {words}")
        for inner in value.values() if isinstance(value, dict) else value:
            _collect(inner, found, depth + 1)
