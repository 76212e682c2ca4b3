"""Profiles: what is known of a provider, as data. A profile is a delta to `generic`; each fact has a source and date.

JSON, not TOML: json is loaded anyway, tomllib would cost half a bare interpreter start on every smoke run
(docs/decisions/0003). Facts that this module does not know are refused, so that no typo becomes a silent default.
"""

from __future__ import annotations

import json
import os

from chatproof.files import package_files
from chatproof.usage_error import near, repeated
from chatproof.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FOLDER = os.path.join(os.path.dirname(__file__), "profiles")
GENERIC = "generic"

FACTS: dict[str, type] = {
    "base_url": str,  # SDK style: /chat/completions is appended to it
    "key_variables": list,  # environment variables, in order
    "key_prefixes": list,  # prefixes only this provider's keys have
    "auth_header": str,  # header name, then the scheme if there is one
    "rejection_statuses": list,  # known answers to a wrong key
    "open_endpoint": bool,  # no authentication by default
    "content_parts": bool,  # content may be a list of parts
    "support": str,
    "docs": str,
    "models_url_note": str,
    "responses_path": str,  # below the base URL, where the provider serves this API, too
    "embeddings_path": str,
    "messages_path": str,
}


class ProfileError(Exception):
    """A profile is missing or malformed; the message names the file, the place and what is expected."""

    def __init__(self, message: str, advice: str = "") -> None:
        self.advice = advice  # what to write instead, where that is known
        super().__init__(message)


class Fact(NamedTuple):
    value: Any
    source: str
    accessed: str  # YYYY-MM-DD


class Waiver(NamedTuple):
    reason: str
    source: str
    accessed: str
    level: str = ""  # set when the clause is tightened instead of waived
    expires: str = ""  # YYYY-MM-DD, the last day of a user's own waiver


class Quirk(NamedTuple):
    text: str
    source: str
    accessed: str


class Profile(NamedTuple):
    name: str
    title: str
    facts: dict[str, Fact]
    waivers: dict[str, Waiver]
    tightened: dict[str, Waiver]
    quirks: tuple[Quirk, ...]
    text: str  # the file as read: part of the contract's hash

    def fact(self, name: str, default: Any = None) -> Any:
        found = self.facts.get(name)
        return default if found is None else found.value


def names() -> list[str]:
    """Names of the built-in profiles, sorted."""
    return sorted(file.removesuffix(".json") for file in package_files.names(_FOLDER) if file.endswith(".json"))


def load(name: str) -> Profile:
    """The built-in profile, with what `generic` says where it is silent. Raises ProfileError."""
    profile = _read(name)
    if name == GENERIC:
        return profile
    if (_FOLDER, f"{name}/") not in _known:
        base = _read(GENERIC)
        inherited = {fact: value for fact, value in base.facts.items() if fact != "key_variables"}
        whole = profile._replace(facts={**inherited, **profile.facts}, text=base.text + profile.text)
        _known[_FOLDER, f"{name}/"] = whole
    return _known[_FOLDER, f"{name}/"]


def key_prefixes(without: str) -> dict[str, str]:
    """Key prefix → title of the provider it belongs to, for every profile but one."""
    found: dict[str, str] = {}
    for name in names():
        if name in (without, GENERIC):
            continue
        profile = _read(name)
        found.update(dict.fromkeys(profile.fact("key_prefixes", []), profile.title))
    return found


_known: dict[tuple[str, str], Profile] = {}
"""By folder and name: a fleet asks for the same few again and again."""


def _read(name: str) -> Profile:
    if (_FOLDER, name) not in _known:
        _known[_FOLDER, name] = _parsed(name)
    return _known[_FOLDER, name]


def _parsed(name: str) -> Profile:
    path = os.path.join(_FOLDER, f"{name}.json")
    try:
        text = package_files.read(path) if name.replace("-", "").isalnum() else b""
    except OSError:
        text = b""
    if not text:
        raise ProfileError(f"there is no profile {repeated(name)}", near(name, names()))
    return parse(text.decode("utf-8"), name)


def parse(text: str, name: str) -> Profile:
    """A profile from its JSON text. Every fact must have a value of the right type, a source and a date."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ProfileError(f"profile {name}: not JSON: {error}") from None
    unknown = set(data) - {"name", "title", "facts", "waivers", "tightened", "quirks"}
    if unknown:
        raise ProfileError(f"profile {name}: unknown section {sorted(unknown)[0]!r}")
    if data.get("name") != name or not isinstance(data.get("title"), str):
        raise ProfileError(f"profile {name}: name and title must be given, the name as in the file's")
    facts = {key: _fact(key, value, name) for key, value in data.get("facts", {}).items()}
    waivers = {key: _waiver(key, value, name) for key, value in data.get("waivers", {}).items()}
    tightened = {key: _waiver(key, value, name) for key, value in data.get("tightened", {}).items()}
    for key, entry in tightened.items():
        if entry.level not in ("must", "should"):
            raise ProfileError(f"profile {name}: tightened {key}: level must be must or should")
    quirks = tuple(
        Quirk(_sourced(entry, f"quirk {number}", name)["text"], entry["source"], entry["accessed"])
        for number, entry in enumerate(data.get("quirks", []), 1)
    )
    return Profile(name, data["title"], facts, waivers, tightened, quirks, text)


def _fact(key: str, value: Any, name: str) -> Fact:
    if key not in FACTS:
        raise ProfileError(f"profile {name}: unknown fact {key!r}; there are: {', '.join(FACTS)}")
    entry = _sourced(value, f"fact {key}", name)
    if not isinstance(entry.get("value"), FACTS[key]):
        raise ProfileError(f"profile {name}: fact {key}: value must be a {FACTS[key].__name__}")
    return Fact(entry["value"], entry["source"], entry["accessed"])


def _waiver(key: str, value: Any, name: str) -> Waiver:
    entry = _sourced(value, f"entry {key}", name)
    if not isinstance(entry.get("reason"), str) or not entry["reason"]:
        raise ProfileError(f"profile {name}: entry {key}: a reason is needed")
    return Waiver(entry["reason"], entry["source"], entry["accessed"], entry.get("level", ""))


def _sourced(value: Any, what: str, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProfileError(f"profile {name}: {what}: must be an object with source and accessed")
    for field in ("source", "accessed"):
        if not isinstance(value.get(field), str) or not value[field]:
            raise ProfileError(f"profile {name}: {what}: {field} is missing")
    date = value["accessed"]
    if not (len(date) == 10 and date[4] == date[7] == "-" and date.replace("-", "").isdigit()):
        raise ProfileError(f"profile {name}: {what}: accessed must be a date as YYYY-MM-DD")
    return value
