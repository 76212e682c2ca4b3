"""Which configuration files may decide where a secret goes, or which secret.

A file that merely lies in the working folder, or that a variable names, may not: whoever wrote the repository wrote it.
The user approves such a file once (`chatproof config trust`). What is approved is its path and a hash of the settings
that decide, with the bytes of the local authorities they name; a waiver or a model may change without a question.

Loaded only where a file has a setting in use. docs/decisions/0031 has the reasons.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chatproof.files import safe_files
from chatproof.secrets.digest import sha256
from chatproof.target import REPOSITORY
from chatproof.target.config_fields import TARGET, TOP
from chatproof.usage_error import UsageError

SCHEMA = "chatproof.trusted/1"
MISSING = "missing"
Loaded = dict[str, Any]
"""What `config_reading.load` makes of a file."""


def deciding(loaded: Loaded) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What of a file decides: the top settings, and those of each target. A target without any counts, too: its name
    may hide a built-in one."""
    top = {name: loaded[name] for name, field in TOP.items() if field.decides and loaded.get(name)}
    return top, {
        name: {field: value for field, value in target.items() if TARGET[field].decides}
        for name, target in loaded["targets"].items()
    }


def named(loaded: Loaded) -> list[tuple[str, Any]]:
    """The same as (dotted name, value), for people."""
    top, targets = deciding(loaded)
    found = list(top.items())
    for name, fields in targets.items():
        found += [(f"targets.{name}.{field}", value) for field, value in fields.items()] or [(f"targets.{name}", {})]
    return found


def authorities(loaded: Loaded) -> dict[str, bytes | None]:
    """By target, the bytes of the ca_file it names; None for one that cannot be read."""
    found: dict[str, bytes | None] = {}
    for name, target in loaded["targets"].items():
        if target.get("ca_file"):
            try:
                found[name] = safe_files.read(target["ca_file"])[0]
            except (OSError, ValueError):
                found[name] = None
    return found


def linked_files(loaded: Loaded) -> dict[str, str]:
    """By target, where the files lead by a link whose content is a secret or is sent: to another place, it would be
    another one.

    Links that stay in the file's own folder are left out: Kubernetes makes new ones whenever a secret changes.
    """
    found = {}
    for name, target in loaded["targets"].items():
        named = [(f"{name}.{field}", target.get(field)) for field in ("key_file", "client_cert", "client_key")]
        named += [(f"{name}.requests[{number}]", path) for number, path in enumerate(target.get("requests", ()))]
        for label, path in named:
            if not path:
                continue
            folder = os.path.dirname(path)
            real, real_folder = os.path.realpath(path), os.path.realpath(folder)
            if not _below(real, real_folder):
                found[label.removesuffix(".key_file")] = real
            elif real_folder != folder:
                found[label.removesuffix(".key_file")] = real_folder
    return found


def digest(loaded: Loaded, held: Mapping[str, bytes | None], links: Mapping[str, str] | None = None) -> str:
    """A hash of what decides: the settings, with paths made absolute, the authorities' bytes, and where links lead (as
    they were looked at before, or now)."""
    files = {name: MISSING if data is None else sha256(data) for name, data in held.items()}
    links = linked_files(loaded) if links is None else links
    decided = [deciding(loaded), files, links] if links else [deciding(loaded), files]
    return sha256(json.dumps(decided, sort_keys=True, ensure_ascii=True).encode())


def require(path: str, loaded: Loaded, names: list[str]) -> dict[str, bytes]:
    """Stop where a file's settings are in use that nobody approved; return its authorities' bytes as approved.

    `names` are default, journal or targets.NAME. Raises UsageError with the file, the settings and the command.
    """
    held = authorities(loaded)
    if not is_approved(path, digest(loaded, held)):
        changed = " any more: it was changed since" if os.path.realpath(path) in approved() else ""
        used = [said for name in names for said in _of(name, loaded)]
        raise UsageError(
            "usage",
            f"{safe_files.tilde(path)} is not approved{changed}, and would decide where a key or "
            f"password is sent, by: {', '.join(used)}. Nothing was sent",
            f"look at the file; if it is yours: chatproof config trust {quoted(path)} (or, for one run: --config PATH)",
        )
    return {name: data for name, data in held.items() if data is not None}


def _of(name: str, loaded: Loaded) -> list[str]:
    if not name.startswith("targets."):
        return [name]
    target = name.removeprefix("targets.")
    return [f"{name}.{field}" for field in deciding(loaded)[1].get(target, ())] or [name]


def quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)


# -- the user's own folders -----------------------------------------------------------------------------------------


def home() -> str:
    """The user's home folder; empty where there is none that counts.

    HOME says who the user is. But a repository or a folder of one, and the working folder or one below it, came with
    what was cloned or unpacked, whatever a variable says; unless the system knows it as this user's home.
    """
    path = os.path.expanduser("~")
    if not os.path.isabs(path):
        return ""
    real = os.path.realpath(path)
    if real == "/":  # what Python makes of an empty HOME, and containers say of users that they do not know
        return path if real == _registered() else ""
    came_along = _in_repository(f"{real}/.", "/") or real == _here() or _below(real, _here())
    return "" if real != _registered() and (came_along or not _is_fixed(path)) else path


def is_own(path: str) -> bool:
    """The path is the user's own file or state folder: at its usual place in the home, or where XDG_CONFIG_HOME or
    XDG_STATE_HOME says, if that is below the home, in no repository and not below the working folder."""
    own = home()
    if not own or not _is_fixed(path):
        return False
    if os.path.normpath(path) in (
        os.path.join(own, part) for part in (".config/chatproof/config.toml", ".local/state")
    ):
        return True
    path, own, here = os.path.realpath(path), os.path.realpath(own), _here()
    if own == "/":
        return False  # everything is below it
    came_along = _below(path, here) and not (own == here or _below(own, here))
    return _below(path, own) and not _in_repository(path, own) and not came_along


def _is_fixed(path: str) -> bool:
    """The path is the same place for every process: it does not go through .. or /proc/self/cwd, which lead a variable
    into whatever folder the command runs in. /dev/fd is a way into /proc."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return ".." not in parts and parts[:1] not in (["proc"], ["dev"])


def _below(path: str, folder: str) -> bool:
    return bool(folder) and os.path.normpath(path).startswith(folder.rstrip("/") + "/")


def _in_repository(path: str, top: str) -> bool:
    """A folder above the path, and below `top`, is the root of a repository, whatever keeps it."""
    while (path := os.path.dirname(path)).strip("/") and path != top:
        if any(os.path.lexists(os.path.join(path, mark)) for mark in REPOSITORY):
            return True
    return False


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _registered() -> str:
    """The home that the system knows for this user."""
    import pwd

    try:
        return os.path.realpath(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        return ""


# -- approvals ------------------------------------------------------------------------------------------------------


def place() -> str:
    """The file that holds the approvals; empty where the user has no home. XDG_STATE_HOME counts as in `is_own`."""
    own, state = home(), os.environ.get("XDG_STATE_HOME", "")
    if not own:
        return ""
    if not os.path.isabs(state) or not is_own(state):
        state = os.path.join(own, ".local", "state")
    return os.path.join(state, "chatproof", "trusted.json")


def approved() -> dict[str, dict[str, Any]]:
    """By real path: {"digest", "at"}. Raises UsageError for a file that others can change, or that is damaged."""
    path = place()
    if not path:
        return {}
    try:
        data, others = safe_files.read(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError("usage", f"cannot read the approvals in {path}: {error.strerror}", "check the file") from None
    if others:
        advice = f"check it with `chatproof config trust --list` after: chmod 600 {quoted(path)}"
        raise UsageError("usage", f"the approvals in {path} are not valid: {others}", advice)
    try:
        files: dict[str, dict[str, Any]] = json.loads(data)["files"]
        whole = all(isinstance(entry["digest"], str) and isinstance(entry["at"], str) for entry in files.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise UsageError("usage", f"the approvals in {path} are damaged", "delete the file and approve again")
    return files


def is_approved(path: str, now: str) -> bool:
    entry = approved().get(os.path.realpath(path))
    return entry is not None and entry["digest"] == now


def approve(path: str, now: str, at: str) -> None:
    """Keep that the user approved this file as it is. Raises UsageError."""
    with _changing() as files:
        files[os.path.realpath(path)] = {"digest": now, "at": at}


def withdraw(path: str) -> bool:
    """Forget an approval; return whether there was one. Raises UsageError."""
    if os.path.realpath(path) not in approved():
        return False
    with _changing() as files:
        return files.pop(os.path.realpath(path), None) is not None


@contextmanager
def _changing() -> Iterator[dict[str, dict[str, Any]]]:
    """The approvals, to be changed and kept: whole or not at all, in a folder and a file for this user only, by one
    process at a time: an approval must not bring back what another process withdraws."""
    path = place()
    if not path:
        said = (
            "there is no private folder to keep the approval in: HOME is not set, or is a repository "
            "or the working folder, or is inside one"
        )
        raise UsageError("usage", said, "name the file with --config")
    try:
        safe_files.make_folder(os.path.dirname(path))
        with safe_files.turn(path):
            files = approved()
            before = dict(files)
            yield files
            if files != before:
                _write(files)
    except OSError as error:
        said = f"cannot write the approvals to {path}: {error.strerror}"
        raise UsageError("usage", said, "check the folder") from None


def _write(files: dict[str, dict[str, Any]]) -> None:
    path = place()
    temporary, handle = safe_files.fresh(path)
    with open(handle, "w", encoding="utf-8") as file:
        json.dump({"schema": SCHEMA, "files": files}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
