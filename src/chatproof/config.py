"""chatproof.toml: named targets. Keys stand in it only by reference; unknown names are refused."""

import os
from typing import Any

from chatproof.usage_error import UsageError

NAME = "chatproof.toml"
_MAX = 1024 * 1024
_TARGET: dict[str, type] = {
    "base_url": str,
    "profile": str,
    "model": str,
    "key_env": str,
    "key_file": str,
    "environment": str,
    "timeout": str,
    "ca_file": str,
    "proxy": str,
    "no_auth": bool,
    "allow_http": bool,
    "requires": list,
    "waivers": list,
}
_WAIVER = ("clause", "reason", "ticket", "expires")
_SECRET_NAMES = ("key", "api_key", "apikey", "token", "secret", "password")


def find() -> str:
    """The nearest chatproof.toml from here upward; empty when there is none."""
    try:
        folder = os.getcwd()
    except OSError:
        return ""  # the working folder was deleted
    while True:
        path = os.path.join(folder, NAME)
        if os.path.isfile(path):
            return path
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent


def load(path: str) -> dict[str, Any]:
    """{"default": str, "journal": str, "targets": {name: {…}}} of a checked file.

    Raises UsageError with the path and the fix.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            raw = file.read(_MAX + 1)
    except OSError as error:
        raise UsageError("usage", f"cannot read {path}: {error.strerror}", "check --config") from None
    if len(raw) > _MAX:
        raise UsageError("usage", f"{path} is larger than 1 MiB", "check --config")
    try:
        data = tomllib.loads(raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError("usage", f"{path}: not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError("usage", f"{path}: {error}", "correct the file") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets without end
        raise UsageError("usage", f"{path}: a value that is too long or too deep", "correct the file") from None
    return _checked(data, path)


def _checked(data: dict[str, Any], path: str) -> dict[str, Any]:
    known = ("default", "journal", "targets")
    unknown = sorted(set(data).difference(known))
    if unknown:
        raise UsageError("usage", f"{path}: unknown name {unknown[0]!r}", f"there are: {', '.join(known)}")
    targets = data.get("targets", {})
    default, journal = data.get("default", ""), data.get("journal", "")
    if not isinstance(journal, str):
        raise UsageError("usage", f"{path}: journal must be a string", 'write journal = "PATH", a URL, or "none"')
    if ":" in journal.partition("://")[2].rpartition("@")[0]:
        raise UsageError(
            "usage", f"{path}: journal: a password does not belong in a file", "use ~/.pgpass, or CHATPROOF_JOURNAL"
        )
    if not isinstance(targets, dict) or not isinstance(default, str):
        raise UsageError(
            "usage", f"{path}: targets must be a table and default a string", "see the docs on configuration"
        )
    for name, target in targets.items():
        if not isinstance(target, dict):
            raise UsageError("usage", f"{path}: targets.{name} must be a table", f"write [targets.{name}]")
        for field, value in target.items():
            _check_field(path, f"targets.{name}.{field}", field, value)
    if default and default not in targets:
        raise UsageError("usage", f"{path}: default names no target", f"there are: {', '.join(targets) or 'none'}")
    return {"default": default, "journal": journal, "targets": targets}


def _check_field(path: str, where: str, field: str, value: object) -> None:
    if field.lower() in _SECRET_NAMES:
        raise UsageError(
            "usage",
            f"{path}: {where}: a key does not belong in a file",
            "name its variable with key_env, or its file with key_file",
        )
    if field not in _TARGET:
        raise UsageError("usage", f"{path}: {where}: unknown name", f"there are: {', '.join(_TARGET)}")
    if not isinstance(value, _TARGET[field]):
        kind = {str: "a string in quotes", bool: "true or false", list: "an array"}[_TARGET[field]]
        raise UsageError("usage", f"{path}: {where}: must be {kind}, is {type(value).__name__}", "correct it")
    if field == "requires" and not all(isinstance(name, str) for name in value):  # type: ignore[attr-defined]
        raise UsageError("usage", f"{path}: {where}: must be an array of strings", 'write ["tools", "json_schema"]')
    if field == "waivers":
        for number, waiver in enumerate(value, 1):  # type: ignore[arg-type, var-annotated]
            _check_waiver(f"{path}: {where}[{number}]", waiver)


def _check_waiver(where: str, waiver: object) -> None:
    """Every waiver says what, why, under which ticket and until when: else it stays for ever."""
    from datetime import date

    if not isinstance(waiver, dict):
        raise UsageError("usage", f"{where}: must be a table", "write [[targets.NAME.waivers]]")
    for field in waiver:
        if field not in _WAIVER:
            raise UsageError("usage", f"{where}: unknown name {str(field)[:40]!r}", f"there are: {', '.join(_WAIVER)}")
    for field in _WAIVER:
        value = waiver.get(field)
        value = value.isoformat() if field == "expires" and isinstance(value, date) else value
        if not isinstance(value, str) or not value.strip():
            raise UsageError("usage", f"{where}: {field} is missing", f"a waiver needs {', '.join(_WAIVER)}")
        waiver[field] = value
    try:
        date.fromisoformat(waiver["expires"])
    except ValueError:
        raise UsageError("usage", f"{where}: expires is no date", "write it as 2026-12-31") from None


def place(path: str, name: str) -> str:
    """Where a target stands, as file:line, for reports that point into files. The file is named as seen from here.

    The line is that of its `[targets.NAME]`; 1 when it is written in another way.
    """
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read(_MAX).splitlines()
    heads = (f"[targets.{name}]", f'[targets."{name}"]', f"[targets.'{name}']")
    found = (number for number, line in enumerate(lines, 1) if line.partition("#")[0].strip() in heads)
    return f"{os.path.relpath(path)}:{next(found, 1)}"
