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
}
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
    """{"default": str, "targets": {name: {…}}} of a checked file. Raises UsageError with the path and the fix."""
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
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError("usage", f"{path}: {error}", "correct the file") from None
    return _checked(data, path)


def _checked(data: dict[str, Any], path: str) -> dict[str, Any]:
    unknown = set(data) - {"default", "targets"}
    if unknown:
        raise UsageError("usage", f"{path}: unknown name {sorted(unknown)[0]!r}", "there are: default, targets")
    targets = data.get("targets", {})
    default = data.get("default", "")
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
    return {"default": default, "targets": targets}


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
        kind = "a string in quotes" if _TARGET[field] is str else "true or false"
        raise UsageError("usage", f"{path}: {where}: must be {kind}, is {type(value).__name__}", "correct it")
