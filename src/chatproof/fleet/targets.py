"""The targets of a fleet: those of the configuration, or of a file with one JSON object a line.

A line has `name` and the fields of `[targets.x]`. Whoever names the file with an option says by that what decides where
a key goes (docs/decisions/0031); keys themselves are in no such file, and are read when a target is asked.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from chatproof.files import safe_files
from chatproof.secrets.digest import sha256
from chatproof.secrets.key_check import looks_like_key
from chatproof.target import config_files, config_reading
from chatproof.target.config_fields import Place, check_target
from chatproof.target.target import Chosen, Resolved, Wanted, settle
from chatproof.usage_error import UsageError, near, raise_all

OPTION = "option --targets"
LARGEST = 512 * 1024 * 1024  # bytes of a file of targets: a million lines of a long kind
_LONGEST_NAME = 200
_MOST_ERRORS = 50
SELECTORS = ("tag", "name", "environment", "profile", "api", "model")


class Listed(NamedTuple):
    """A target before its key is read. `entry` has the fields of `[targets.x]`; `file` and `by` say which file it is
    from and how that came into force; `place` is file:line."""

    name: str
    entry: dict[str, Any]
    file: str
    by: str
    place: str
    ca_data: bytes | None = None


class _Line(Place):
    """A line of a file of targets, for errors: `path` is file:line."""

    def error(self, where: str, said: str, advice: str) -> UsageError:
        field = where.partition(".")[2].rpartition(".")[2] if "." in where else where
        return UsageError("usage", f"{self.path}: {field}{': ' if field else ''}{said}", advice)


def resolve(listed: Listed, wanted: Wanted, environ: Mapping[str, str]) -> Resolved:
    """Read the key of one target, and check all of it. Raises UsageError; nothing is sent."""
    chosen = Chosen(listed.entry, listed.name, wanted.profile)
    chosen.place, chosen.file, chosen.by, chosen.ca_data = listed.place, listed.file, listed.by, listed.ca_data
    return settle(chosen, wanted, environ)


def of_config(path: str, variable: str, chosen: Iterable[str] = ()) -> list[Listed]:
    """The targets of the configuration in force. Raises UsageError, also where one of them lacks an approval."""
    said = config_files.settings(path, variable)
    found = [name for name, entry in said["targets"].items() if _is_chosen(name, entry, chosen)]
    return [Listed(*row) for row in config_files.listed(said, found)]


def of_file(path: str, chosen: Iterable[str] = ()) -> list[Listed]:
    """The targets of a file of JSON lines. Raises UsageError with file, line and the fix, several at once."""
    path = os.path.expanduser(path)
    try:
        data, others = safe_files.read(path, LARGEST)
        folder = os.path.dirname(os.path.abspath(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise UsageError("usage", f"cannot read {path}: {reason}", "check --targets") from None
    if len(data) > LARGEST:
        raise UsageError("usage", f"{path} is larger than {LARGEST >> 20} MiB", "divide it")
    if others:
        raise UsageError("usage", f"other users could change {path}: {others}", "chmod go-w it, or use your own copy")
    rows: dict[str, Listed] = {}
    wrong: list[UsageError] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        place = _Line(f"{path}:{number}", "")
        row = _read(line, place, wrong)
        if row and row[0] in rows:
            wrong.append(place.error("name", f"{rows[row[0]].place} already has a target of this name", "rename one"))
        elif row:
            config_reading.absolute(row[1], folder)
            rows[row[0]] = Listed(*row, path, OPTION, place.path)
        if len(wrong) > _MOST_ERRORS:
            break
    raise_all(wrong)
    return [row for row in rows.values() if _is_chosen(row.name, row.entry, chosen)]


def _read(line: bytes, place: Place, wrong: list[UsageError]) -> tuple[str, dict[str, Any]] | None:
    try:
        entry = json.loads(line.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as problem:
        said = str(problem) if isinstance(problem, _Twice) else "the line is not one JSON object"
        wrong.append(place.error("", said, 'write {"name": "shop", "base_url": "https://host/v1", …}'))
        return None
    name = entry.pop("name", None) if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        wrong.append(place.error("name", "must be a text of at most 200 characters", 'write {"name": "shop", …}'))
        return None
    if looks_like_key(name, alone=True):
        wrong.append(place.error("name", "a key does not belong in a file", "name its variable with key_env"))
        return None
    problems = check_target(entry, name.replace(".", "_"), place)
    wrong += problems
    return None if problems else (name, entry)


class _Twice(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice("one object has the same name twice")
    return found


def check_selectors(selectors: Iterable[str]) -> None:
    """Raise UsageError for a `--select` that is none: tag=eu, name=shop-*, environment=…, profile=…, api=…, model=…"""
    for selector in selectors:
        field, equals, value = selector.partition("=")
        if not equals or not value or field not in SELECTORS:
            advice = near(field, SELECTORS) if equals else "write --select tag=eu"
            raise UsageError("usage", "--select expects FIELD=VALUE", advice)


def is_chosen(row: Listed, selectors: Iterable[str]) -> bool:
    """Whether a target meets each selector."""
    return _is_chosen(row.name, row.entry, selectors)


def _is_chosen(name: str, entry: Mapping[str, Any], selectors: Iterable[str]) -> bool:
    """Each selector must be met. A value may have `*` in it."""
    for selector in selectors:
        field, _, value = selector.partition("=")
        said = {"tag": entry.get("tags", []), "name": [name], "api": [entry.get("api", "chat")]}
        if not any(fnmatchcase(str(one), value) for one in said.get(field, [entry.get(field, "")])):
            return False
    return True


def digest_of(rows: Iterable[Listed], wanted: Wanted, *how: object) -> str:
    """A hash of what is to be asked, and how: names, fields and options; `how` is what else decides about a result. No
    key is part of it."""
    said: Iterator[Any] = ([row.name, row.entry] for row in sorted(rows, key=lambda row: row.name))
    return sha256(json.dumps([[*wanted], [*said], *how], sort_keys=True, ensure_ascii=True).encode())
