"""Configuration files: named targets. Keys stand in them only by reference; unknown names are refused.

    chatproof.toml        the nearest one, from the working folder upward
    pyproject.toml        [tool.chatproof], likewise
    chatproof/config.toml in $XDG_CONFIG_HOME, or ~/.config

A name said in an earlier file hides that of a later one. A target is taken whole from one file: half of it from another
could send a key to a host that it was not meant for. `tomllib` is loaded only where there is something to read.
"""

import os
from collections.abc import Mapping
from typing import Any

from chatproof.usage_error import UsageError

NAME, PYPROJECT = "chatproof.toml", "pyproject.toml"
TABLE = "tool.chatproof"
_MAX = 1024 * 1024
_PARTS = 100

Settings = dict[str, Any]
"""{"default": str, "journal": str, "targets": {name: {field: value}}, "origins": {name or targets.name: path}}"""


def find(name: str = NAME) -> str:
    """The nearest file of this name from here upward; empty when there is none."""
    try:
        folder = os.getcwd()
    except OSError:
        return ""  # the working folder was deleted
    while True:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent


def files(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The files that count here, the strongest first."""
    home = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):  # the XDG specification: a relative one is to be ignored
        home = os.path.join(os.path.expanduser("~"), ".config")
    own = os.path.join(home, "chatproof", "config.toml")
    return [path for path in (find(), find(PYPROJECT), own if os.path.isfile(own) else "") if path]


def settings(path: str = "", environ: Mapping[str, str] = os.environ) -> Settings:
    """What all files say together, or the one at `path` alone. Raises UsageError with file, line and the fix."""
    merged: Settings = {"default": "", "journal": "", "targets": {}, "origins": {}}
    origins = merged["origins"]
    for file in [path] if path else files(environ):
        said = load(file)
        for name in ("default", "journal"):
            if said[name] and not merged[name]:
                merged[name], origins[name] = said[name], file
        for name, target in said["targets"].items():
            if name not in merged["targets"]:
                merged["targets"][name], origins[f"targets.{name}"] = target, file
    if merged["default"] and merged["default"] not in merged["targets"]:
        known = ", ".join(merged["targets"]) or "none"
        raise UsageError("usage", f"{origins['default']}: default names no target", f"there are: {known}")
    return merged


def load(path: str) -> Settings:
    """{"default", "journal", "targets"} of one checked file; empty ones of a pyproject.toml that says nothing of us.

    Raises UsageError with file, line and the fix.
    """
    raw = _read(path)
    in_pyproject = os.path.basename(path) == PYPROJECT
    if in_pyproject and TABLE.encode() not in raw:
        return {"default": "", "journal": "", "targets": {}}
    _refuse_endless_name(raw, path)
    import tomllib

    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise UsageError("usage", f"{path}: not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError("usage", f"{path}: {error}", "correct the file") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets without end
        raise UsageError("usage", f"{path}: a value that is too long or too deep", "correct the file") from None
    from chatproof.config_fields import Place, check

    if not in_pyproject:
        return check(data, Place(path, text))
    own = data.get("tool", {}).get("chatproof", {}) if isinstance(data.get("tool"), dict) else {}
    if not isinstance(own, dict):
        raise UsageError("usage", f"{path}: {TABLE} must be a table", f"write [{TABLE}]")
    return check(own, Place(path, text, TABLE))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            raw = file.read(_MAX + 1)
    except OSError as error:
        raise UsageError("usage", f"cannot read {path}: {error.strerror}", "check --config") from None
    if len(raw) > _MAX:
        raise UsageError("usage", f"{path} is larger than 1 MiB", "check --config")
    return raw


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
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read(_MAX).splitlines()
    root = f"{TABLE}." if os.path.basename(path) == PYPROJECT else ""
    heads = (f"[{root}targets.{name}]", f'[{root}targets."{name}"]', f"[{root}targets.'{name}']")
    found = (number for number, line in enumerate(lines, 1) if line.partition("#")[0].strip() in heads)
    return f"{os.path.relpath(path)}:{next(found, 1)}"
