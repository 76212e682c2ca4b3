"""chatproof status: the monitor's states as static files for the public: HTML, JSON and badges of chosen targets."""

import argparse
import os
import time
from urllib.parse import quote

from chatproof import journal
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import Artefact, WriteError, say, say_json, warn
from chatproof.cli.shared import replaced
from chatproof.cli.shared.keeping import add_option, named
from chatproof.cli.shared.options import parser
from chatproof.files import safe_files
from chatproof.journal import JournalError
from chatproof.printable import cut
from chatproof.target import config_files, monitor_fields
from chatproof.usage_error import UsageError, install, near, repeated

EXTRA = "monitor"
_STALE = 3600.0
"""Seconds without a run after which nothing is green, where the configuration says nothing else of a target."""
_PERIODS = 3.0
_MODE = 0o644  # a web server is another user, and there is nothing in these files but what they publish


def main(argv: list[str]) -> int:
    """Write what was asked for: 0, 2 or 4, whatever the states are."""
    to = parser("status", COMMANDS["status"])
    to.add_argument(
        "targets", nargs="*", metavar="TARGET", help="names of the watched targets to show; no others are shown"
    )
    to.add_argument("--html", default="", metavar="DIR", help="write index.html to this folder")
    to.add_argument("--json", default="", metavar="FILE", help="write the same as JSON; - is standard output")
    to.add_argument("--badge", action="store_true", help="write a badge for each target next to index.html")
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml and no other file")
    add_option(to)
    args = to.parse_args(argv)
    if args.badge and not args.html:
        raise UsageError("usage", "--badge writes to the folder of --html", "use: --html DIR --badge")
    _need_extra()
    if not args.targets:
        said = "no target is named: you must choose what the public sees"
        raise UsageError("usage", said, f"name the targets to show{_watched(args)}")
    return _write(args)


def _watched(args: argparse.Namespace) -> str:
    """The targets that the journal's monitor has watched, where there is one."""
    from chatproof.monitoring.board import Board
    from chatproof.monitoring.store import Store

    try:
        names = sorted(Store(journal.open(named(args), create=False), Board({})).look())
    except JournalError:
        return ""
    return f": {cut(', '.join(names), 200)}" if names else ""


def _write(args: argparse.Namespace) -> int:
    from chatproof.monitoring.board import Board
    from chatproof.monitoring.store import Store
    from chatproof.monitoring.web import pages, public

    names = list(dict.fromkeys(args.targets))
    try:
        kept = journal.open(named(args), create=False)
        shown = public.read(Store(kept, Board({})), names, _stale_after(args, names), time.time())
    except KeyError as error:
        said = f"no monitor has watched {repeated(str(error.args[0]), 60)} with this journal"
        advice = "name targets as in chatproof serve, and its journal with --journal"
        raise UsageError(
            "usage", said, near(str(error.args[0]), error.args[1], advice) if error.args[1] else advice
        ) from None
    except JournalError as error:
        if error.code != "journal.missing":
            raise
        said = "no monitor has used this journal"
        raise UsageError("usage", said, "name the journal of chatproof serve with --journal") from None
    files: list[tuple[str, str]] = []
    if args.html:
        files.append((os.path.join(args.html, "index.html"), public.page(shown)))
    if args.badge:
        badges = [(f"badge-{quote(s.target, safe='')}.svg", pages.badge(s.target, s.state)) for s in shown.statuses]
        files += [(os.path.join(args.html, name), text) for name, text in badges]
    if args.json and args.json != "-":
        import json

        files.append((args.json, json.dumps(public.document(shown), indent=2) + "\n"))
    if link := files[:1] and safe_files.planted_link(files[0][0]):
        raise UsageError("usage", f"{link} is a link that belongs to another user", "name another folder")
    try:
        if args.html:
            os.makedirs(args.html, exist_ok=True)
    except OSError as error:
        raise UsageError("usage", f"the folder of --html cannot be made: {error.strerror}", "check its path") from None
    for path, _ in files:
        replaced.refuse(args, path, "the page", "html", "json")
    try:
        for path, text in files:
            Artefact(path, _MODE).write(text)
    except WriteError as error:
        warn(f"chatproof: {error}")
        return 4
    if args.json == "-":
        say_json(public.document(shown))
    elif not files:
        say("".join(f"{pages.WORDS[s.state]:<16}{s.target}\n" for s in shown.statuses))
    return 0


def _stale_after(args: argparse.Namespace, names: list[str]) -> dict[str, float]:
    """When a target's state is too old to be shown, in seconds: as the configuration says, where it names the target.
    Nothing of it decides where anything goes, so that a file without an approval counts, too."""
    said = config_files.settings(args.config, os.environ.get(config_files.VARIABLE, ""))
    found = dict.fromkeys(names, _STALE)
    for name in names:
        own = said["targets"].get(name, {}).get("monitor")
        if own is not None:
            values = monitor_fields.values(said["monitor"] or {}, own)
            found[name] = values["stale_after"] or _PERIODS * values["every"] or _STALE
    return found


def _need_extra() -> None:
    from importlib.util import find_spec

    if not find_spec("jinja2"):
        raise UsageError("usage", "status needs jinja2, which is not installed", install(EXTRA))
