"""What `[[monitor.alerts]]` may say: one table, for checks, the documentation and the schema.

A URL of a receiver lets anybody who has it write there, so it is a secret like a key: it is named by its variable or
file, and never stands in the configuration.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof.secrets.key_check import looks_like_key
from chatproof.usage_error import UsageError, near, repeated

if TYPE_CHECKING:
    from chatproof.target.config_fields import Place

ALERTMANAGER, WEBHOOK, APPRISE = "alertmanager", "webhook", "apprise"
KINDS = (ALERTMANAGER, WEBHOOK, APPRISE)
STATES = ("failing", "unknown", "unknown_ours", "unknown_theirs", "degraded")
"""States of an incident; the last one is not told unless it is asked for."""
_ENV, _FILE = "env:", "file:"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class AlertField(NamedTuple):
    """One name. `kinds`: of receivers that have it."""

    about: str
    example: str  # as it stands in TOML
    schema: dict[str, Any]
    kinds: tuple[str, ...] = KINDS


_REFERENCE = {"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:[/~].+)$"}
_TEXT = {"type": "string"}
_NAMES = {"type": "array", "items": _TEXT}
ALERT: dict[str, AlertField] = {
    "kind": AlertField("alertmanager, webhook or apprise", '"alertmanager"', {"enum": list(KINDS)}),
    "name": AlertField("the name of this receiver in logs (default: its kind)", '"pager"', _TEXT),
    "url": AlertField(
        "where its URL is: env:NAME, or file:PATH with an absolute path", '"env:ALERTMANAGER_URL"', _REFERENCE
    ),
    "secret": AlertField(
        "the secret that messages are signed with, also env:NAME or file:PATH",
        '"env:HOOK_SECRET"',
        _REFERENCE,
        (WEBHOOK,),
    ),
    "authorization": AlertField(
        "the complete value of an Authorization header, also env:NAME or file:PATH",
        '"env:HOOK_AUTH"',
        _REFERENCE,
        (ALERTMANAGER, WEBHOOK),
    ),
    "states": AlertField(
        f"which incidents are sent to it: {', '.join(STATES)}; default all but degraded",
        '["failing"]',
        {"type": "array", "items": {"enum": list(STATES)}},
    ),
    "targets": AlertField("only incidents with one of these targets", '["shop"]', _NAMES),
    "repeat": AlertField(
        "send again after this time while the incident lasts; default never", '"4h"', _TEXT, (WEBHOOK, APPRISE)
    ),
    "labels": AlertField("labels of every alert, for routing", '{ team = "llm" }', {"type": "object"}, (ALERTMANAGER,)),
    "link": AlertField("base URL at which people reach the monitor's pages", '"https://monitor.example"', _TEXT),
    "allow_http": AlertField("allow unencrypted http to another machine", "true", {"type": "boolean"}),
    "ca_file": AlertField(
        "trust these certificate authorities instead of the system's; an absolute path",
        '"/etc/ssl/own.pem"',
        _TEXT,
        (ALERTMANAGER, WEBHOOK),
    ),
}
_LABEL = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_RESERVED = ("alertname", "incident", "severity", "owner")


def problems(said: Any, where: str, place: "Place") -> Iterator[UsageError]:
    """What is wrong with the tables at monitor.alerts."""
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        yield place.error(where, "must be tables", f"write [[{where}]]")
        return
    names = [name_of(table) for table in said]
    for number, table in enumerate(said, 1):
        if wrong := _problem(table):
            yield place.error(where, f"number {number}: {wrong[0]}", wrong[1])
        elif name_of(table) in names[: number - 1]:
            yield place.error(
                where, f"number {number}: two receivers have the name {name_of(table)!r}", "give each its own name"
            )


def name_of(table: dict[str, Any]) -> str:
    """What a receiver is called, in the log and in the outbox."""
    return str(table.get("name") or table.get("kind"))


def repeat_of(table: dict[str, Any]) -> float:
    """Seconds of `repeat`; 0.0 for never. The table was checked."""
    return _seconds(table.get("repeat", "0s"))


def schema() -> dict[str, Any]:
    """JSON Schema of the tables."""
    properties = {name: {**field.schema, "description": field.about} for name, field in ALERT.items()}
    table = {"type": "object", "additionalProperties": False, "required": ["kind", "url"], "properties": properties}
    return {"type": "array", "items": table}


def _problem(table: dict[str, Any]) -> tuple[str, str] | None:
    kind = table.get("kind")
    if kind not in KINDS:
        return "kind must be alertmanager, webhook or apprise", 'write kind = "alertmanager"'
    for name, value in table.items():
        field = ALERT.get(name)
        if field is None:
            shown = "a name" if looks_like_key(name, alone=True) else repeated(name)
            return f"unknown name {shown}", near(name, ALERT)
        if kind not in field.kinds:
            return f"{name} is not a setting of {kind}", "leave it out"
        if wrong := _wrong_value(name, value):
            return f"{name} {wrong}", f"write {name} = {field.example}"
    if "url" not in table:
        return "url is missing", f"write url = {ALERT['url'].example}"
    if kind == WEBHOOK and "secret" not in table:
        return "a webhook needs a secret to sign with", f"write secret = {ALERT['secret'].example}"
    return None


def _wrong_value(name: str, value: Any) -> str:
    """What a value should have been; empty where it is right. Never the value: it may be a secret that is misplaced."""
    if name in ("url", "secret", "authorization"):
        return "" if is_reference(value) else "must name a variable or file: the value does not belong in a file"
    if name in ("states", "targets"):
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            return "must be an array of strings"
        return "" if name == "targets" or set(value) <= set(STATES) else f"knows {', '.join(STATES)}"
    if name == "labels":
        fits = isinstance(value, dict) and all(
            _LABEL.fullmatch(label) and label not in _RESERVED and isinstance(text, str)
            for label, text in value.items()
        )
        return "" if fits else f"must be names and texts, and none of {', '.join(_RESERVED)}"
    if name == "allow_http":
        return "" if isinstance(value, bool) else "must be true or false"
    if not isinstance(value, str) or not value or len(value) > 300 or not value.isprintable():
        return "must be a string in quotes"
    if looks_like_key(value, alone=True):
        return "looks like a key, which does not belong in a file"
    if name == "repeat":
        return "" if _seconds(value) >= 60 else 'must be at least a minute, such as "4h"'
    if name == "link":
        return (
            ""
            if re.fullmatch(r"https?://[^\s?#@]+", value)
            else "must be an http(s) URL without user, query or fragment"
        )
    if name == "ca_file":
        return "" if value.startswith(("/", "~")) else "must be an absolute path"
    return ""


def is_reference(value: Any) -> bool:
    """It is env:NAME or file:PATH."""
    return isinstance(value, str) and re.fullmatch(_REFERENCE["pattern"], value) is not None and value.isprintable()


def _seconds(said: str) -> float:
    found = re.fullmatch(r"([0-9]{1,4})([smhd])", said)
    return float(found[1]) * _UNITS[found[2]] if found else -1.0
