"""Reads one configuration file: what it says, checked, its paths absolute, and where in it a target stands.

`tomllib` is loaded only where there is something to read.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatproof.target.config_fields import Place

from chatproof.target import PYPROJECT, TABLE
from chatproof.usage_error import UsageError

_MAX = 1024 * 1024
_PARTS = 100


def is_passed_over(path: str, ignored: list[str]) -> bool:
    """Another user could change the file, or the link to it. Of a pyproject.toml that is told if it has our table."""
    from chatproof.files import safe_files

    try:
        others = safe_files.writers(os.stat(path), path)
        link = os.lstat(path)
        if not others and os.path.islink(path):  # the mode of a link says nothing
            others = safe_files.writers(os.stat_result((0o120600, *link[1:])), path)
        if others and os.path.basename(path) == PYPROJECT and TABLE.encode() not in safe_files.read(path, _MAX)[0]:
            return True
    except OSError:
        others = "it cannot be read"
    if others:
        ignored.append(f"{safe_files.tilde(path)} is ignored: {others}")
    return bool(others)


def load(path: str, *, lint: bool = False) -> dict[str, Any]:
    """{"default", "journal", "targets"} of one checked file; empty ones of a pyproject.toml that says nothing of us.

    Paths are made absolute: from the file's folder, ~ for the home. Raises UsageError with file, line and the fix; also
    for a file that others can change, unless it is only looked at (`lint`).
    """
    return _absolute(_load(path, lint=lint), path)


def sound_targets(path: str) -> dict[str, dict[str, Any]]:
    """The targets of a file that has errors, each with the fields whose form is right: their values can be looked at
    nevertheless. Raises UsageError for a file that is no TOML."""
    from chatproof.target.config_fields import sound

    own, _ = _parsed(path, lint=True)
    targets = own.get("targets", {})
    return {name: sound(said) for name, said in targets.items()} if isinstance(targets, dict) else {}


def _load(path: str, *, lint: bool) -> dict[str, Any]:
    from chatproof.target.config_fields import check

    return check(*_parsed(path, lint=lint))


def _parsed(path: str, *, lint: bool) -> "tuple[dict[str, Any], Place]":
    """What a file says of us, not checked yet, and where it stands."""
    raw = _read(path, lint=lint)
    in_pyproject = os.path.basename(path) == PYPROJECT
    from chatproof.target.config_fields import Place

    if in_pyproject and TABLE.encode() not in raw:
        return {}, Place(path, "")
    _refuse_endless_name(raw, path)
    import tomllib

    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise UsageError("usage", f"{path}: not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError("usage", f"{path}{_at(str(error))}", "correct the file") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets without end
        raise UsageError("usage", f"{path}: a value that is too long or too deep", "correct the file") from None
    if not in_pyproject:
        return data, Place(path, text)
    own = data.get("tool", {}).get("chatproof", {}) if isinstance(data.get("tool"), dict) else {}
    if not isinstance(own, dict):
        raise UsageError("usage", f"{path}: {TABLE} must be a table", f"write [{TABLE}]")
    return own, Place(path, text, TABLE)


def _at(message: str) -> str:
    """What tomllib says, with its place as other errors have it: ":3:5: Expected …"."""
    said, _, place = message.rpartition(" (at ")
    numbers = [word.strip(",)") for word in place.split() if word.strip(",)").isdecimal()]
    return f":{numbers[0]}:{numbers[1]}: {said}" if len(numbers) == 2 else f": {message}"


def place_of(path: str) -> Any:
    """The Place of a file whose settings are looked at beyond their form, for errors with line and column."""
    from chatproof.target.config_fields import Place

    text = _read(path, lint=True).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    return Place(path, text, TABLE if os.path.basename(path) == PYPROJECT else "")


def _read(path: str, *, lint: bool) -> bytes:
    from chatproof.files import safe_files, special_files

    others = ""
    try:
        if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
            with special_files.opened(path) as file:  # --config <(…): only an option can name such a thing
                raw = file.read(_MAX + 1)
        else:
            raw, others = safe_files.read(path, _MAX)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise UsageError("usage", f"cannot read {path}: {reason}", "check --config") from None
    if len(raw) > _MAX:
        raise UsageError("usage", f"{path} is larger than 1 MiB", "check --config")
    if others and not lint:
        raise UsageError("usage", f"other users could change {path}: {others}", "chmod go-w it, or use your own copy")
    return raw


def _absolute(said: dict[str, Any], path: str) -> dict[str, Any]:
    """A file means its own folder by a relative path, wherever it is used from."""
    try:
        folder = os.path.dirname(os.path.abspath(path))
    except OSError:  # the working folder was deleted
        folder = os.path.dirname(path)
    for target in said["targets"].values():
        absolute(target, folder)
    if said["journal"] not in ("", "none") and "://" not in said["journal"]:
        said["journal"] = _from(folder, said["journal"])
    return said


def absolute(target: dict[str, Any], folder: str) -> None:
    """Make the paths that a target's fields name absolute: a relative one begins at `folder`."""
    for field in ("ca_file", "key_file", "client_cert", "client_key"):
        if target.get(field):
            target[field] = _from(folder, target[field])
    if "requests" in target:
        target["requests"] = [_from(folder, path) for path in target["requests"]]


def _from(folder: str, path: str) -> str:
    return os.path.join(folder, os.path.expanduser(path))


def _refuse_endless_name(raw: bytes, path: str) -> None:
    """tomllib takes time by the square of a dotted name's parts. A few dots there are in any file; so many, in none."""
    if raw.count(b".") <= _PARTS:
        return
    import re

    part = rb"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
    if re.search(rb"(?:%b){%d}" % (part, _PARTS), raw):
        raise UsageError("usage", f"{path}: a name of more than {_PARTS} parts", "correct the file")


def place(path: str, name: str) -> str:
    """Where a target stands, as file:line, for reports that point into files. The file is named as seen from here.

    The line is that of its `[targets.NAME]`; 1 when it is written in another way.
    """
    return place_in(lines(path), path, name)


def lines(path: str) -> dict[str, int]:
    """The line of each table's head in a file, counted from one: `[targets.NAME]`."""
    found: list[str] = []
    if os.path.isfile(path):  # a pipe cannot be read twice
        with open(path, encoding="utf-8", errors="replace") as file:
            found = file.read(_MAX).splitlines()
    return {line.partition("#")[0].strip(): number for number, line in reversed([*enumerate(found, 1)]) if "[" in line}


def place_in(heads: Mapping[str, int], path: str, name: str) -> str:
    """The same as `place`, of a file whose lines are known."""
    root = f"{TABLE}." if os.path.basename(path) == PYPROJECT else ""
    written = (f"[{root}targets.{name}]", f'[{root}targets."{name}"]', f"[{root}targets.'{name}']")
    try:
        shown = os.path.relpath(path)
    except OSError:  # the working folder was deleted
        shown = path
    return f"{shown}:{min((heads[head] for head in written if head in heads), default=1)}"
