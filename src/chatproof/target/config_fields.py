"""The one table of what a configuration may say: checks, errors with their place, and the editors' schema come from it.

Loaded only where a configuration file exists.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from chatproof.secrets.key_check import looks_like_key
from chatproof.usage_error import UsageError, near, raise_all, repeated

SECRET_NAMES = ("key", "api_key", "apikey", "token", "secret", "password")


class Field(NamedTuple):
    """A setting. `decides`: it says where a secret goes, or which secret, or what is kept of replies and for whom. Only
    of others may that be denied."""

    type: type
    about: str
    example: str  # as it stands in TOML
    decides: bool = True


TOP: dict[str, Field] = {
    "default": Field(str, "the target of a command that names none", '"shop"'),
    "journal": Field(str, "where runs are kept: a path, a URL without a password, or `none`", '"runs.sqlite"'),
    "keep": Field(str, "how long the journal keeps complete bodies of replies with a failure; 0d: not at all", '"30d"'),
    "bodies": Field(bool, "also keep these bodies in a shared journal (PostgreSQL)", "true"),
    "monitor": Field(dict, "settings of `chatproof serve` for all targets", "[monitor]"),
    "targets": Field(dict, "named targets", "[targets.shop]", decides=False),
}
TARGET: dict[str, Field] = {
    "base_url": Field(str, "base URL as SDKs expect it, with its version", '"https://host/v1"'),
    "profile": Field(str, "the provider's profile: `chatproof contract NAME` shows it", '"cometapi"'),
    "model": Field(str, "model id, or auto", '"ID"', decides=False),
    "api": Field(str, "the API of the target: chat, embeddings, messages or responses", '"responses"', decides=False),
    "key_env": Field(str, "name of the environment variable that holds the key", '"SHOP_KEY"'),
    "key_file": Field(str, "file that contains only the key; relative to this file's folder", '"/run/secrets/shop"'),
    "key_keyring": Field(str, "the key's place in the system's keyring: service/user", '"chatproof/shop"'),
    "environment": Field(str, "where this runs: staging, production, local, …", '"production"', decides=False),
    "timeout": Field(str, "deadline for each complete exchange", '"30s"', decides=False),
    "ca_file": Field(
        str, "trust these certificate authorities instead of the system's; relative to this file's folder", '"ca.pem"'
    ),
    "client_cert": Field(
        str, "our certificate, for a server that requires one; relative to this file's folder", '"me.pem"'
    ),
    "client_key": Field(
        str,
        "the private key, if the certificate's file does not contain it; relative to this file's folder",
        '"me.key"',
    ),
    "client_key_pass": Field(str, "the variable that holds the passphrase of an encrypted key", '"env:SHOP_KEY_PASS"'),
    "headers": Field(
        dict, "headers that a gateway also needs, their values from variables", '{ X-Tenant = "env:TENANT" }'
    ),
    "proxy": Field(str, "http proxy for CONNECT, or env", '"http://proxy:3128"'),
    "no_auth": Field(bool, "the endpoint is open on purpose", "true"),
    "allow_http": Field(bool, "allow http to a remote host: the key is unencrypted", "true"),
    "tags": Field(list, "tags by which `fleet run --select tag=…` chooses targets", '["eu", "canary"]', decides=False),
    "clients": Field(
        list,
        "clients that you use: what breaks one of them becomes a required clause (must)",
        '["async-openai"]',
        decides=False,
    ),
    "requires": Field(
        list, "capabilities that must be supported (validate)", '["tools", "json_schema"]', decides=False
    ),
    "requests": Field(
        list,
        "files with requests of your own, sent in addition to ours: JSON, JSONL, HAR; relative to this file's folder",
        '["traffic.jsonl"]',
    ),
    "monitor": Field(dict, "`chatproof serve` watches this target with these settings", "[targets.shop.monitor]"),
    "prices": Field(
        dict,
        "the price of a million tokens, for compare and for budgets",
        "{ prompt = 0.15, completion = 0.60 }",
        decides=False,
    ),
    "waivers": Field(
        list, "clauses that are allowed to fail for a while (validate)", "[[targets.shop.waivers]]", decides=False
    ),
}
WAIVER: dict[str, Field] = {
    "clause": Field(str, "a clause or a family of them", '"stream.finished"'),
    "reason": Field(str, "why it is allowed to fail", '"fixed in the next release"'),
    "ticket": Field(str, "where this is followed up", '"OPS-17"'),
    "expires": Field(str, "the last day on which it is valid, YYYY-MM-DD", '"2026-12-31"'),
}
PRICES = {
    "prompt": "price of a million tokens of the prompt",
    "completion": "price of a million tokens of the answer",
    "cached": "price of a million tokens of the prompt that were read from a cache; default: the prompt's price",
}
_KINDS = {str: "a string in quotes", bool: "true or false", list: "an array", dict: "a table"}


class Place(NamedTuple):
    """Where an error is: a file's text, and the table in it that is ours ("" or "tool.chatproof")."""

    path: str
    text: str
    root: str = ""

    def error(self, where: str, said: str, advice: str) -> UsageError:
        line = line_of(self.text, ".".join(filter(None, (self.root, where))))
        place = f"{self.path}:{line}:{self._column(line, where)}" if line else self.path
        return UsageError("usage", f"{place}: {where}{': ' if where else ''}{said}", advice)

    def _column(self, line: int, where: str) -> int:
        """Where the last part of a name begins in its line, counted from one; else where the line's text begins."""
        text = self.text.splitlines()[line - 1]
        at = text.find(where.rpartition(".")[2])
        return (at if at >= 0 else len(text) - len(text.lstrip())) + 1


def check(data: dict[str, Any], place: Place) -> dict[str, Any]:
    """{"default", "journal", "keep", "bodies", "monitor", "targets"} of a parsed file. Raises UsageError with its
    place, and all that is wrong in the file at once."""
    raise_all(_problems(data, place))
    return {
        "default": data.get("default", ""),
        "journal": data.get("journal", ""),
        "keep": data.get("keep", ""),
        "bodies": data.get("bodies"),
        "monitor": data.get("monitor", {}),
        "targets": data.get("targets", {}),
    }


def check_target(target: dict[str, Any], name: str, place: Place) -> list[UsageError]:
    """What is wrong with the fields of one target, each with its place."""
    return list(_problems_of(target, f"targets.{name}", place))


def sound(target: object) -> dict[str, Any]:
    """The fields of a target that have a known name and the right type; those with parts only where all are right."""
    if not isinstance(target, dict):
        return {}
    nowhere = Place("", "")
    return {
        field: value
        for field, value in target.items()
        if field in TARGET and not any(_problems_of({field: value}, "", nowhere))
    }


def _problems(data: dict[str, Any], place: Place) -> Iterator[UsageError]:
    wrong = list(_wrong_names(data, TOP, "", place))
    yield from wrong
    journal, keep, targets = (data.get(name, empty) for name, empty in (("journal", ""), ("keep", ""), ("targets", {})))
    if isinstance(journal, str) and ":" in journal.partition("://")[2].rpartition("@")[0]:
        yield place.error("journal", "a password does not belong in a file", "use ~/.pgpass, or CHATPROOF_JOURNAL")
    if isinstance(keep, str) and not re.fullmatch("([0-9]{1,4}[dw])?", keep):
        yield place.error("keep", "is not a number of days or weeks", f"write keep = {TOP['keep'].example}")
    yield from _problems_of_monitor(data.get("monitor"), "monitor", place)
    for name, target in targets.items() if isinstance(targets, dict) else ():
        where = f"targets.{name}"
        if isinstance(target, dict):
            yield from _problems_of(target, where, place)
        else:
            yield place.error(where, "must be a table", f"write [targets.{name}]")


def _problems_of(target: dict[str, Any], where: str, place: Place) -> Iterator[UsageError]:
    yield from _wrong_names(target, TARGET, where, place)
    yield from _problems_of_monitor(target.get("monitor"), f"{where}.monitor", place)
    waivers = target.get("waivers", ())
    for field in ("requires", "requests", "clients", "tags"):
        listed = target.get(field, ())
        if isinstance(listed, list) and not all(isinstance(one, str) for one in listed):
            yield place.error(f"{where}.{field}", "must be an array of strings", f"write {TARGET[field].example}")
    keys = [field for field in ("key_env", "key_file", "key_keyring") if field in target]
    if len(keys) > 1:
        yield place.error(f"{where}.{keys[1]}", f"{keys[0]} is given as well", "name only one place for the key")
    prices = target.get("prices", {})
    yield from _problems_of_prices(prices if isinstance(prices, dict) else {}, f"{where}.prices", place)
    headers = target.get("headers", {})
    for name, said in headers.items() if isinstance(headers, dict) else ():
        yield from _problems_of_header(name, said, f"{where}.headers", place)
    for number, waiver in enumerate(waivers if isinstance(waivers, list) else (), 1):
        yield from _problems_of_waiver(waiver, f"{where}.waivers", number, place)


def _problems_of_monitor(said: object, where: str, place: Place) -> Iterator[UsageError]:
    if isinstance(said, dict) and said:
        from chatproof.target import monitor_fields

        yield from monitor_fields.problems(said, where, place)


def _wrong_names(table: dict[str, Any], known: dict[str, Field], where: str, place: Place) -> Iterator[UsageError]:
    for field, value in table.items():
        at = ".".join(filter(None, (where, field)))
        if field not in known:
            if field.lower() in SECRET_NAMES:
                advice = "name its variable with key_env, its file with key_file, or its keyring entry with key_keyring"
                yield place.error(at, "a key does not belong in a file", advice)
            else:
                yield place.error(at, "unknown name", near(field, known))
        elif any(
            isinstance(text, str) and looks_like_key(text, alone=field != "model")
            for text in (value if isinstance(value, list) else [value])
        ):
            yield place.error(at, "a key does not belong in a file", "name its variable with key_env")
        elif not isinstance(value, known[field].type):
            said = f"must be {_KINDS[known[field].type]}, is {type(value).__name__}"
            yield place.error(at, said, f"write {field} = {known[field].example}")


def _problems_of_prices(prices: dict[str, Any], where: str, place: Place) -> Iterator[UsageError]:
    for name, price in prices.items():
        if name not in PRICES:
            yield place.error(f"{where}.{name}", "unknown name", f"there are: {', '.join(PRICES)}")
        elif isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < 1e9:
            yield place.error(f"{where}.{name}", "must be a price per million tokens", f"write {name} = 0.15")
    if prices and not {"prompt", "completion"} <= set(prices):
        yield place.error(where, "prompt and completion are both needed", f"write {TARGET['prices'].example}")


def _problems_of_header(name: str, said: object, where: str, place: Place) -> Iterator[UsageError]:
    """A header is named with the variable that holds its value; `credential` says that it lets a request in."""
    from chatproof.target.header_names import VARIABLE, name_problem

    problem = name_problem(name)
    shown = (
        name if name.isascii() and len(name) <= 40 and not looks_like_key(name, alone=True) else "one of its headers"
    )
    if problem:
        yield place.error(where, f"{shown} cannot be added: {problem}", "leave it out")
        return
    value, credential = (said.get("value"), said.get("credential", True)) if isinstance(said, dict) else (said, True)
    unknown = isinstance(said, dict) and {*said} - {"value", "credential"}
    if unknown or not isinstance(credential, bool) or not isinstance(value, str) or not value.startswith(VARIABLE):
        advice = f'write {shown} = "env:VAR", or {shown} = {{ value = "env:VAR", credential = true }}'
        yield place.error(where, f"{shown} does not name a variable: a value does not belong in a file", advice)


def _problems_of_waiver(waiver: object, where: str, number: int, place: Place) -> Iterator[UsageError]:
    """Every waiver says what, why, under which ticket and until when: else it stays for ever."""
    from datetime import date

    if not isinstance(waiver, dict):
        yield place.error(where, f"number {number} must be a table", f"write [[{where}]]")
        return
    for field in waiver:
        if field not in WAIVER:
            yield place.error(where, f"number {number}: unknown name {repeated(str(field))}", near(field, WAIVER))
    for field in WAIVER:
        value = waiver.get(field)
        value = value.isoformat() if field == "expires" and isinstance(value, date) else value
        if not isinstance(value, str) or not any(map(str.isalnum, value)):
            advice = f"a waiver needs {', '.join(WAIVER)}"
            yield place.error(where, f"number {number}: {field} is missing", advice)
            return
        waiver[field] = value
    try:
        known = date.fromisoformat(waiver["expires"]).isoformat() == waiver["expires"]
    except ValueError:
        known = False
    if not known:  # other spellings of a day are no good: days are compared as texts
        yield place.error(where, f"number {number}: expires is not a date", "write it as 2026-12-31")


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
    fields["requires"]["items"] = fields["requests"]["items"] = {"type": "string"}
    fields["waivers"]["items"] = waiver
    fields["clients"]["items"] = fields["tags"]["items"] = {"type": "string"}
    fields["prices"] |= {
        "additionalProperties": False,
        "required": ["prompt", "completion"],
        "properties": {name: {"type": "number", "minimum": 0, "description": said} for name, said in PRICES.items()},
    }
    variable = {"type": "string", "pattern": "^env:[A-Za-z_][A-Za-z0-9_]*$"}
    long = {"value": variable, "credential": {"type": "boolean"}}
    table = {"type": "object", "required": ["value"], "additionalProperties": False, "properties": long}
    fields["headers"]["additionalProperties"] = {"anyOf": [variable, table]}
    from chatproof.target import monitor_fields

    fields["monitor"] |= monitor_fields.schema(is_top=False)
    target = {"type": "object", "additionalProperties": False, "properties": fields}
    top = _properties(TOP)
    top["monitor"] |= monitor_fields.schema(is_top=True)
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
