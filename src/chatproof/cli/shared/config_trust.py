"""chatproof config trust and distrust: which files may decide where a secret goes. Sends nothing.

What is shown is what is approved: file, authorities and links are looked at once.
"""

import argparse
import json
import os
import sys
from typing import Any

from chatproof import clock
from chatproof.cli.output import say
from chatproof.cli.shared.options import interactive
from chatproof.files import safe_files
from chatproof.printable import escape
from chatproof.secrets.digest import sha256
from chatproof.target import config_files, config_reading, trust
from chatproof.usage_error import UsageError


def main(args: argparse.Namespace) -> int:
    if args.list:
        return _list(args)
    paths = [os.path.abspath(os.path.expanduser(path)) for path in args.file] or _found(args)
    return _distrust(paths) if args.what == "distrust" else _trust(paths, asks=not args.yes)


def _found(args: argparse.Namespace) -> list[str]:
    """The files of this folder that need an approval: the one a variable names, or those found here."""
    ignored: list[str] = []
    if args.config or os.environ.get(config_files.VARIABLE):
        return [os.path.abspath(os.path.expanduser(args.config or os.environ[config_files.VARIABLE]))]
    paths = [path for path, by in config_files.files(ignored=ignored) if by == config_files.FOUND]
    if not paths:
        passed = "".join(f"; {reason}" for reason in ignored)
        raise UsageError("usage", f"no file here needs an approval{passed}", "name one: config trust FILE")
    return paths


def _trust(paths: list[str], *, asks: bool) -> int:
    loaded = [(path, config_reading.load(path)) for path in paths]
    loaded = [(path, said) for path, said in loaded if trust.named(said) or len(paths) == 1]
    decided = [(path, said, trust.authorities(said), trust.linked_files(said)) for path, said in loaded]
    if asks and not interactive():
        say("".join(_shown(*each) for each in decided))
        raise UsageError(
            "usage", "nothing was approved: there is no terminal to ask you on", "if this is right, use --yes"
        )
    for path, said, held, links in decided:
        say(_shown(path, said, held, links))
        if asks and not _agreed():
            say("not approved\n")
            continue
        trust.approve(path, trust.digest(said, held, links), clock.utc())
        say(f"approved: {escape(path)}\n")
    return 0


def _shown(path: str, said: dict[str, Any], held: dict[str, bytes | None], links: dict[str, str]) -> str:
    """Every setting that decides, the authorities by their hash, and where links lead."""
    rows = [f"{path} decides:"]
    for name, value in trust.named(said):
        rows.append(f"  {name} = {json.dumps(value, ensure_ascii=False)}" if value != {} else f"  {name} (its name)")
    rows += [
        f"  authorities of targets.{name}: {'cannot be read' if data is None else f'sha256 {sha256(data)}'}"
        for name, data in held.items()
    ]
    rows += [
        f"  {'' if '.' in name else 'key of '}targets.{name}: through a link, in {real}" for name, real in links.items()
    ]
    if len(rows) == 1:
        rows.append("  nothing: no approval is needed")
    return "".join(f"{escape(row)}\n" for row in rows)


def _agreed() -> bool:
    say("Approve this file? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _distrust(paths: list[str]) -> int:
    for path in paths:
        gone = trust.withdraw(path)
        say(f"{escape(path)} {'is no longer approved' if gone else 'was not approved'}\n")
    return 0


def _list(args: argparse.Namespace) -> int:
    rows = [
        {"path": path, "approved_at": entry["at"], "state": _state(path)} for path, entry in trust.approved().items()
    ]
    if args.format == "json":
        say(json.dumps({"schema": "chatproof.approvals/1", "file": trust.place(), "approvals": rows}, indent=2) + "\n")
        return 0
    lines = [f"{row['state']:<8}  {row['approved_at'][:10]}  {safe_files.tilde(row['path'])}" for row in rows]
    say("".join(f"{escape(line)}\n" for line in lines) or "no file is approved\n")
    return 0


def _state(path: str) -> str:
    """approved, changed (what it decides is not what was approved any more) or missing."""
    if not os.path.isfile(path):
        return "missing"
    try:
        said = config_reading.load(path)
    except UsageError:
        return "changed"
    return "approved" if trust.is_approved(path, trust.digest(said, trust.authorities(said))) else "changed"
