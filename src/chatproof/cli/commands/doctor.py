"""chatproof doctor: our own side only. It sends no request; it looks the host's name up."""

import argparse
import json
import os
from typing import NamedTuple

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say, say_json
from chatproof.cli.shared import other_clients, own_side
from chatproof.cli.shared.in_force import without_keys
from chatproof.cli.shared.keeping import add_option
from chatproof.cli.shared.options import add_target, parser, terminal
from chatproof.files import safe_files
from chatproof.printable import escape
from chatproof.reporters.lines import paint, wrap
from chatproof.running.dispatch import origin_of
from chatproof.secrets.redaction import fingerprint
from chatproof.target import config_files, environment, trust
from chatproof.target.origin import sentence
from chatproof.target.target import Resolved
from chatproof.transport.resolver import Resolver
from chatproof.usage_error import UsageError

_INDENT = 10
_UNFOLDED = 1_000_000  # columns: a log is searched by whole lines
_COLORS = {"ok": "GO", "note": "UNDECIDED", "problem": "NO-GO"}


class Check(NamedTuple):
    name: str
    state: str  # ok, note, problem
    said: str
    next_step: str = ""


def main(argv: list[str]) -> int:
    to = parser("doctor", COMMANDS["doctor"])
    add_target(to)
    add_option(to)
    to.add_argument("--format", default="text", choices=("text", "json"))
    args = to.parse_args(argv)
    checks = examine(args)
    if args.format == "json":
        say_json({"checks": [check._asdict() for check in checks]})
    else:
        look = terminal()
        look["width"] = look["width"] if look["known"] else _UNFOLDED
        say("".join(_line(check, look["color"], look["width"]) for check in checks))
    return 2 if any(check.state == "problem" for check in checks) else 0


def examine(args: argparse.Namespace) -> list[Check]:
    """Every check that can be made without the endpoint; one problem hides no other."""
    checks = _files(args)
    looked = own_side.look(args)
    for about, error in looked.problems:
        for one in (error, *error.more):
            name = about if one.code == "usage" and about else one.code
            checks.append(Check(name, "problem", one.detail, one.advice))
    if looked.resolved is not None:
        broken = {about for about, _ in looked.problems}
        checks += _target(looked.resolved, has_key=looked.has_key, trust="trust" not in broken)
    checks += _surroundings(looked.resolved, args.env_file or "")
    told = {check.said for check in checks if check.state == "problem"}
    checks += [Check(*remark) for remark in (*own_side.of_journal(args), own_side.of_clock(args))]
    checks = [check for check in checks if check.state == "problem" or check.said not in told]  # each once
    return [check._replace(said=without_keys(check.said)) for check in checks]  # a key may be in another's variable


def _origin(resolved: Resolved) -> list[Check]:
    """By what way a run would go, as its head and its record say; and whether a file would stop it."""
    way = sentence(origin_of(resolved, os.environ))
    return [Check("origin", "ok", way)] if way else []


def _files(args: argparse.Namespace) -> list[Check]:
    """The configuration files that count here, and whether they may decide. Shown, and no reason to refuse."""
    checks: list[Check] = []
    try:
        said = config_files.settings(args.config, os.environ.get(config_files.VARIABLE, ""))
    except UsageError:
        return []  # told of with the target
    for path, loaded in said["files"].items():
        shown, by = safe_files.tilde(path), loaded["by"]
        if by not in (config_files.FOUND, config_files.NAMED):
            checks.append(Check("configuration", "ok", f"{shown} ({by})"))
        elif named := trust.named(loaded):
            try:
                trust.require(path, loaded, [name for name, file in said["origins"].items() if file == path])
                checks.append(Check("configuration", "ok", f"{shown} ({by}, approved)"))
            except UsageError as error:
                settings = ", ".join(f"{name} = {json.dumps(value)}" for name, value in named)
                checks.append(Check("configuration", "note", f"{shown} ({by}): {settings}", error.advice))
                checks.append(Check("configuration", "note", error.detail.removesuffix(". Nothing was sent")))
    return [*checks, *(Check("configuration", "note", text) for text in said["ignored"])]


def _notes(resolved: Resolved) -> list[Check]:
    return [Check("own side", "note", note) for note in resolved.notes]


def _target(resolved: Resolved, *, has_key: bool, trust: bool) -> list[Check]:
    """A target as far as it is known. `has_key` false, `trust` false: that was told of already."""
    target, url = resolved.target, resolved.url
    checks = [Check("url", "ok", str(url))]
    if target.key is not None:
        known = f"{target.key_source}, {len(target.key)} characters, fingerprint {fingerprint(target.key)}"
        checks.append(Check("key", "ok", known))
    elif has_key:
        checks.append(Check("key", "note", "none; if the endpoint needs no key, use --no-auth"))
    if target.model:
        checks.append(Check("model", "ok", target.model))
    else:
        checks.append(
            Check(
                "model", "note", "no model is given", "use --model ID; `chatproof models TARGET` lists the active ones"
            )
        )
    checks += _origin(resolved)
    checks += _notes(resolved)
    try:
        found = Resolver().resolve(url.host, url.port, 5.0)
        checks.append(Check("address", "ok", ", ".join(dict.fromkeys(str(address[0]) for _, address in found))))
    except OSError:
        checks.append(
            Check(
                "address",
                "note",
                f"{url.host} does not resolve on this machine",
                "check DNS, VPN and the spelling of the host",
            )
        )
    if url.scheme == "https" and trust:
        checks.append(Check("trust", "ok", target.ca_file or "the system's authorities"))
    return checks


def _surroundings(resolved: Resolved | None, env_file: str) -> list[Check]:
    extra = resolved.profile.fact("key_variables", ()) if resolved else ()
    facts = environment.describe(os.environ, extra)
    checks = [
        Check("python", "ok", f"{facts['python']} on {facts['platform']}"),
        Check("ci", "ok", str(facts["ci"] or "no")),
        Check("variables", "ok", ", ".join(facts["variables_set"]) or "none of the known variables is set"),  # type: ignore[arg-type]
    ]
    https = resolved is not None and resolved.url.scheme == "https"
    proxy, ca_file = (resolved.target.proxy, resolved.target.ca_file) if resolved else ("", "")
    checks += [
        Check("variables", "note", said)
        for said in environment.notes(os.environ, https=https, proxy=proxy, ca_file=ca_file)
    ]
    found = other_clients.remarks(os.environ, resolved, env_file)
    checks += [Check(name, "note", said, step) for name, said, step in found]
    return checks


def _line(check: Check, color: bool, width: int) -> str:
    """State, name and what is so, folded at the width; below it the next step."""
    texts = [f"{check.name}: {check.said}"]
    texts += [f"next: {check.next_step}"] if check.next_step else []
    parts = [part for text in texts for part in wrap(escape(text), max(width - _INDENT, 24))]
    state = paint(f"{check.state:<{_INDENT}}", _COLORS[check.state], color)
    return "".join(
        f"{state if number == 0 else ' ' * _INDENT}{part}".rstrip() + "\n" for number, part in enumerate(parts)
    )
