"""What a file that a command is to write would replace: the journal that keeps the runs, or what the command reads."""

from __future__ import annotations

import argparse
import os

from chatproof.cli.output import Artefact
from chatproof.cli.shared.keeping import named
from chatproof.journal import NONE, default_place
from chatproof.usage_error import UsageError

_BESIDE = ("", "-wal", "-shm", "-journal", "-lock")
"""What SQLite and our lock put behind the name of a journal."""


def refuse(args: argparse.Namespace, path: str, what: str, *options: str) -> None:
    """Raise UsageError where the file at `path` is the journal or what is read. `options` are those that name files to
    write."""
    if found := of(args, path, *options):
        raise UsageError("usage", f"{what} would replace {found}", "give it another path")


def output(args: argparse.Namespace) -> Artefact | None:
    """The file of --output; None where standard output is meant."""
    if not args.output:
        return None
    refuse(args, args.output, "the file", "output")
    return Artefact(args.output)


def of(args: argparse.Namespace, path: str, *options: str) -> str:
    """What is read from the same file or kept in it: a key, a capture, the journal, which a run may be about to make. A
    run may replace its baseline."""
    for place in {named(args) if hasattr(args, "journal") else "", default_place(os.environ)} - {"", NONE}:
        if "://" not in place and is_of_journal(path, os.path.expanduser(place)):
            return "the journal, or a part of it"
    for name, value in vars(args).items():
        if name == "baseline" and value and _same(path, value):
            return "a baseline, which may be filled in by now"
        if name not in ("against", *options) and any(
            isinstance(other, str) and _same(path, other) for other in (value if isinstance(value, list) else (value,))
        ):
            return f"what it reads ({name.replace('_', '-')})"
    return ""


def is_of_journal(path: str, place: str) -> bool:
    """Whether `path` names the journal in the file `place`, or what stands beside it, there or not."""
    name = folded(_real(path))
    return any(name == folded(_real(f"{place}{end}")) or _same(path, f"{place}{end}") for end in _BESIDE)


def folded(path: str) -> str:
    """The same text for all paths that may name one file: macOS, Windows' and many shared file systems do not tell
    names apart that differ in the case of letters, or in how an accent is written."""
    if path.isascii():
        return path.lower()
    from unicodedata import normalize

    return normalize("NFD", normalize("NFD", path).casefold())


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError:  # the folder we were started in is gone
        return os.path.normpath(path)


def _same(path: str, other: str) -> bool:
    """Both name one regular file that is there."""
    try:
        return os.path.isfile(path) and os.path.samefile(path, other)
    except (OSError, ValueError):
        return False
