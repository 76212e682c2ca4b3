"""Configuration files: named targets. Keys stand in them only by reference; unknown names are refused.

    chatproof.toml        the nearest one, from the working folder upward
    pyproject.toml        [tool.chatproof], likewise
    chatproof/config.toml in $XDG_CONFIG_HOME, or ~/.config

The way upward ends at the root of the repository or the home folder. A name said in an earlier file hides that of a
later one. A target is taken whole from one file: half of it from another could send a key to a host that it was not
meant for. What a file says that was merely found takes effect only where the user approved it: see `gate` and
`trust`. What reads one, `config_reading`, is loaded only where there is one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from chatproof.target import NAME, PYPROJECT, REPOSITORY
from chatproof.usage_error import near

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VARIABLE = "CHATPROOF_CONFIG"
OPTION, OWN, FOUND, NAMED = "option --config", "your own file", "found here", f"variable {VARIABLE}"
"""How a file came into force. The first two are the user's word; the others need an approval."""

Settings = dict[str, "Any"]
"""{"default": str, "journal": str, "keep": str, "bodies": bool or None, "monitor": {name: value},
"targets": {name: {field: value}}, "origins": {name or targets.name: path},
"files": {path: {"by": how it came into force, and what `config_reading.load` made of it}}}"""


def files(environ: Mapping[str, str] | None = None, ignored: list[str] | None = None) -> list[tuple[str, str]]:
    """(path, how it came into force) of the files that count here, the strongest first. To `ignored` is added what
    was passed over, and why."""
    environ = os.environ if environ is None else environ
    passed = [] if ignored is None else ignored
    found = _nearest(passed)
    rows = [(found[name], FOUND) for name in (NAME, PYPROJECT) if name in found]
    home = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):  # the XDG specification: a relative one is to be ignored
        home = os.path.join(os.path.expanduser("~"), ".config")
    own = os.path.join(home, "chatproof", "config.toml")
    # Without HOME and a name of the user, ~ stays as it is, and would be a folder of the working folder.
    if os.path.isabs(own) and os.path.isfile(own) and not _is_passed_over(own, passed):
        from chatproof.target import trust

        rows.append((own, OWN if trust.is_own(own) else FOUND))
    return rows


def _nearest(ignored: list[str]) -> dict[str, str]:
    """By name, the nearest file of that name from here upward, to the root of the repository or the home folder."""
    found: dict[str, str] = {}
    try:
        folder = os.getcwd()
    except OSError:
        return found  # the working folder was deleted
    home = os.path.realpath(os.path.expanduser("~"))
    while True:
        for name in (NAME, PYPROJECT):
            path = os.path.join(folder, name)
            if name not in found and os.path.isfile(path) and not _is_passed_over(path, ignored):
                found[name] = path
        parent = os.path.dirname(folder)
        if folder in (parent, home) or any(os.path.lexists(os.path.join(folder, mark)) for mark in REPOSITORY):
            return found
        folder = parent


def _is_passed_over(path: str, ignored: list[str]) -> bool:
    from chatproof.target import config_reading

    return config_reading.is_passed_over(path, ignored)


def place(path: str, name: str) -> str:
    """Where a target stands, as file:line: see `config_reading.place`."""
    from chatproof.target import config_reading

    return config_reading.place(path, name)


def settings(path: str = "", variable: str = "", environ: Mapping[str, str] | None = None) -> Settings:
    """What all files say together; or the one at `path`, which an option named; or the one that a variable named.

    Raises UsageError with file, line and the fix. Nothing is approved yet: see `gate`.
    """
    merged: Settings = {
        "default": "",
        "journal": "",
        "keep": "",
        "bodies": None,
        "monitor": {},
        "targets": {},
        "origins": {},
        "files": {},
        "ignored": [],
    }
    origins = merged["origins"]
    for file, by in _chosen(path, variable, environ, merged["ignored"]):
        from chatproof.target import config_reading

        said = config_reading.load(file)
        merged["files"][file] = {**said, "by": by}
        for name in ("default", "journal", "keep", "bodies", "monitor"):
            if said[name] not in ("", None, {}) and merged[name] in ("", None, {}):
                merged[name], origins[name] = said[name], file
        for name, target in said["targets"].items():
            if name not in merged["targets"]:
                merged["targets"][name], origins[f"targets.{name}"] = target, file
    if merged["default"] and merged["default"] not in merged["targets"]:
        advice = near(merged["default"], merged["targets"], "") if merged["targets"] else "there are no targets"
        from chatproof.target import config_reading

        raise config_reading.place_of(origins["default"]).error("default", "names no target", advice)
    return merged


def _chosen(path: str, variable: str, environ: Mapping[str, str] | None, ignored: list[str]) -> list[tuple[str, str]]:
    if path:
        return [(os.path.expanduser(path), OPTION)]
    if not variable:
        return files(environ, ignored)
    named = os.path.expanduser(variable)
    own = [file for file, by in files(environ) if by == OWN]
    return [(named, OWN if named in own else NAMED)]


def gate(said: Settings, *names: str) -> dict[str, bytes]:
    """Stop where one of these settings (default, journal, targets.NAME) is of a file that lacks an approval.

    Return by target the bytes of the authorities that were approved, to be used as they are. Raises UsageError.
    """
    wanted: dict[str, list[str]] = {}
    for name in names:
        file = said["origins"].get(name)
        if file and said["files"][file]["by"] in (FOUND, NAMED):
            wanted.setdefault(file, []).append(name)
    held: dict[str, bytes] = {}
    for file, of_file in wanted.items():
        from chatproof.target import trust

        held |= trust.require(file, said["files"][file], of_file)
    return held


def listed(said: Settings, names: Iterable[str]) -> Iterator[tuple[str, dict[str, Any], str, str, str, bytes | None]]:
    """(name, entry, file, how that came into force, file:line, approved authorities) of targets.

    Each file is read once. Raises UsageError where one lacks an approval.
    """
    from chatproof.target import config_reading

    names = [*names]
    held = gate(said, *(f"targets.{name}" for name in names))
    heads = {file: config_reading.lines(file) for file in said["files"]}
    for name in names:
        entry, file = said["targets"][name], said["origins"][f"targets.{name}"]
        by = said["files"][file]["by"]
        data = held.get(name, b"") if by in (FOUND, NAMED) and entry.get("ca_file") else None
        yield name, entry, file, by, config_reading.place_in(heads[file], file, name), data


def remarks(said: Settings) -> list[str]:
    """What a run that uses nothing of them says of files that were passed over or that nobody approved."""
    waiting = [(file, loaded) for file, loaded in said["files"].items() if loaded["by"] in (FOUND, NAMED)]
    if not waiting:
        return list(said["ignored"])
    from chatproof.files import safe_files
    from chatproof.target import trust

    unused = [
        f"{safe_files.tilde(file)} is not approved, so none of its settings is in force: chatproof config trust"
        for file, loaded in waiting
        if trust.named(loaded) and not trust.is_approved(file, trust.digest(loaded, trust.authorities(loaded)))
    ]
    return [*said["ignored"], *unused]
