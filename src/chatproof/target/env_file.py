"""`--env-file`: variables from a file, for this run's key and settings only.

Never put into os.environ, so that no child process and no crash report inherits them.

Strict on purpose: NAME=VALUE, # comments, blank lines, an optional `export`, one pair of quotes. No expansion, no
escapes, no continuation: what looks like more than that is refused with its line, never half understood.
"""

import os
import re
import stat

from chatproof.files import safe_files
from chatproof.key_form import without
from chatproof.usage_error import UsageError

_MAX = 64 * 1024
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def read(path: str) -> tuple[dict[str, str], list[str]]:
    """(variables, notes). Raises UsageError with the line; no message holds a value."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            raw = os.read(handle, _MAX + 1) if stat.S_ISREG(status.st_mode) else None
            others = safe_files.writers(status, handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise UsageError("usage", f"cannot read the env file {path}: {error.strerror}", "check --env-file") from None
    if raw is None or len(raw) > _MAX:
        raise UsageError("usage", f"the env file {path} is not a regular file of at most 64 KiB", "check --env-file")
    if others:
        said = f"other users could change the env file {path}: {others}"
        raise UsageError("usage", said, "chmod 600 it, as its owner; then check what it sets")
    notes = []
    if status.st_mode & 0o077:
        notes.append(f"other users can read the env file {path}; chmod 600 it")
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("usage", f"{path}: not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    return _parse(text, path), notes


def _parse(text: str, path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()  # noqa: PLW2901
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _error(path, number, "is not NAME=VALUE", "write NAME=VALUE, without spaces around the =")
        name, value = match.groups()
        if name in found:
            raise _error(path, number, f"sets {without(name)[:60]} again", "leave one of them")
        found[name] = _unquoted(value, path, number)
    return found


def _unquoted(value: str, path: str, number: int) -> str:
    if value[:1] in ("'", '"'):
        if len(value) < 2 or value[-1] != value[0] or value[0] in value[1:-1] or "\\" in value:
            raise _error(path, number, "has quotes or escapes that are not understood here", "use one pair of quotes")
        value = value[1:-1]
    elif " #" in value or "\t#" in value:
        raise _error(path, number, "has a comment after its value", "put comments on lines of their own")
    if "${" in value or "$(" in value or "`" in value:
        raise _error(path, number, "refers to other variables or commands", "write the value itself")
    return value


def _error(path: str, number: int, said: str, advice: str) -> UsageError:
    return UsageError("usage", f"{path}:{number}: the line {said}", advice)
