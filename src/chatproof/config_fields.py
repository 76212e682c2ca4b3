"""The one table of what a configuration may say: checks, errors with their place, and the editors' schema come from it.

Loaded only where a configuration file exists.
"""

import re
from typing import Any, NamedTuple

from chatproof.keys import looks_like_key
from chatproof.usage_error import UsageError

SECRET_NAMES = ("key", "api_key", "apikey", "token", "secret", "password")


class Field(NamedTuple):
    type: type
    about: str
    example: str  # as it stands in TOML


TOP: dict[str, Field] = {
    "default": Field(str, "the target of a command that names none", '"shop"'),
    "journal": Field(str, "where runs are kept: a path, a URL without a password, or none", '"runs.sqlite"'),
    "targets": Field(dict, "named targets", "[targets.shop]"),
}
TARGET: dict[str, Field] = {
    "base_url": Field(str, "base URL in the SDKs' style, with its version", '"https://host/v1"'),
    "profile": Field(str, "what is known of the provider: `chatproof contract NAME` shows it", '"cometapi"'),
    "model": Field(str, "model id, or auto", '"ID"'),
    "key_env": Field(str, "name of the environment variable that holds the key", '"SHOP_KEY"'),
    "key_file": Field(str, "file that holds the key and nothing else", '"/run/secrets/shop"'),
    "key_keyring": Field(str, "the key's place in the system's keyring: service/user", '"chatproof/shop"'),
    "environment": Field(str, "staging, production, local, … for the record", '"production"'),
    "timeout": Field(str, "deadline for each exchange as a whole", '"30s"'),
    "ca_file": Field(str, "trust these authorities instead of the system's", '"ca.pem"'),
    "proxy": Field(str, "http proxy for CONNECT, or env", '"http://proxy:3128"'),
    "no_auth": Field(bool, "the endpoint is open on purpose", "true"),
    "allow_http": Field(bool, "send the key in clear to a remote host", "true"),
    "requires": Field(list, "capabilities that must be supported (validate)", '["tools", "json_schema"]'),
    "waivers": Field(list, "clauses that may be broken for a while (validate)", "[[targets.shop.waivers]]"),
}
WAIVER: dict[str, Field] = {
    "clause": Field(str, "a clause or a family of them", '"stream.finished"'),
    "reason": Field(str, "why it may be broken", '"fixed in the next release"'),
    "ticket": Field(str, "where this is followed up", '"OPS-17"'),
    "expires": Field(str, "the last day it counts, YYYY-MM-DD", '"2026-12-31"'),
}
_KINDS = {str: "a string in quotes", bool: "true or false", list: "an array", dict: "a table"}


class Place(NamedTuple):
    """Where an error is: a file's text, and the table in it that is ours ("" or "tool.chatproof")."""

    path: str
    text: str
    root: str = ""

    def error(self, where: str, said: str, advice: str) -> UsageError:
        line = line_of(self.text, ".".join(filter(None, (self.root, where))))
        place = f"{self.path}:{line}" if line else self.path
        return UsageError("usage", f"{place}: {where}{': ' if where else ''}{said}", advice)


def check(data: dict[str, Any], place: Place) -> dict[str, Any]:
    """{"default", "journal", "targets"} of a parsed file. Raises UsageError with file, line and the fix."""
    _check_names(data, TOP, "", place)
    targets = data.get("targets", {})
    journal = data.get("journal", "")
    if ":" in journal.partition("://")[2].rpartition("@")[0]:
        raise place.error("journal", "a password does not belong in a file", "use ~/.pgpass, or CHATPROOF_JOURNAL")
    for name, target in targets.items():
        where = f"targets.{name}"
        if not isinstance(target, dict):
            raise place.error(where, "must be a table", f"write [targets.{name}]")
        _check_names(target, TARGET, where, place)
        if not all(isinstance(capability, str) for capability in target.get("requires", ())):
            raise place.error(f"{where}.requires", "must be an array of strings", f"write {TARGET['requires'].example}")
        keys = [field for field in ("key_env", "key_file", "key_keyring") if field in target]
        if len(keys) > 1:
            raise place.error(f"{where}.{keys[1]}", f"there is {keys[0]}, too", "name one place for the key")
        for number, waiver in enumerate(target.get("waivers", ()), 1):
            _check_waiver(waiver, f"{where}.waivers", number, place)
    return {"default": data.get("default", ""), "journal": journal, "targets": targets}


def _check_names(table: dict[str, Any], known: dict[str, Field], where: str, place: Place) -> None:
    for field, value in table.items():
        at = ".".join(filter(None, (where, field)))
        if field not in known:
            if field.lower() in SECRET_NAMES:
                advice = "name its variable with key_env, its file with key_file, or its keyring entry with key_keyring"
                raise place.error(at, "a key does not belong in a file", advice)
            raise place.error(at, "unknown name", _near(field, known))
        if any(
            isinstance(text, str) and looks_like_key(text) for text in (value if isinstance(value, list) else [value])
        ):
            raise place.error(at, "a key does not belong in a file", "name its variable with key_env")
        if not isinstance(value, known[field].type):
            said = f"must be {_KINDS[known[field].type]}, is {type(value).__name__}"
            raise place.error(at, said, f"write {field} = {known[field].example}")


def _check_waiver(waiver: object, where: str, number: int, place: Place) -> None:
    """Every waiver says what, why, under which ticket and until when: else it stays for ever."""
    from datetime import date

    if not isinstance(waiver, dict):
        raise place.error(where, f"number {number} must be a table", f"write [[{where}]]")
    for field in waiver:
        if field not in WAIVER:
            raise place.error(where, f"number {number}: unknown name {str(field)[:40]!r}", _near(field, WAIVER))
    for field in WAIVER:
        value = waiver.get(field)
        value = value.isoformat() if field == "expires" and isinstance(value, date) else value
        if not isinstance(value, str) or not any(map(str.isalnum, value)):
            advice = f"a waiver needs {', '.join(WAIVER)}"
            raise place.error(where, f"number {number}: {field} is missing", advice)
        waiver[field] = value
    try:
        known = date.fromisoformat(waiver["expires"]).isoformat() == waiver["expires"]
    except ValueError:
        known = False
    if not known:  # other spellings of a day are no good: days are compared as texts
        raise place.error(where, f"number {number}: expires is no date", "write it as 2026-12-31")


def _near(name: str, known: dict[str, Field]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"


def line_of(text: str, dotted: str) -> int:
    """The line where a dotted name is said, as near as a look at the text can tell; 0 when it is not found."""
    table, at, best = "", 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        header = re.match(r"\[\[?([^\]]++)\]\]?", stripped)
        if header and not re.match(r"[^#]*=", stripped):
            table = _bare(header.group(1))
            if table == dotted:
                return number
            if dotted.startswith(table + ".") and len(table) >= at:
                at, best = len(table), number
            continue
        name = re.match(r"""([\w.\-"' \t]++)=""", stripped)
        if name and ".".join(filter(None, (table, _bare(name.group(1))))) == dotted:
            return number
    return best


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of chatproof.toml, for editors: completion, hover texts, errors while typing."""
    waiver = {
        "type": "object",
        "required": list(WAIVER),
        "additionalProperties": False,
        "properties": _properties(WAIVER),
    }
    fields = _properties(TARGET)
    fields["requires"]["items"] = {"type": "string"}
    fields["waivers"]["items"] = waiver
    target = {"type": "object", "additionalProperties": False, "properties": fields}
    top = _properties(TOP)
    top["targets"] |= {"additionalProperties": target}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "chatproof.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": top,
    }


def _properties(table: dict[str, Field]) -> dict[str, dict[str, Any]]:
    words = {str: "string", bool: "boolean", list: "array", dict: "object"}
    return {name: {"type": words[field.type], "description": field.about} for name, field in table.items()}
