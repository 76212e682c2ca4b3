"""chatproof doctor: our own side only. Nothing is sent to the target; its name is looked up, as any client would."""

import argparse
import json
import os
import time
from typing import NamedTuple

from chatproof import environment
from chatproof.cli import COMMANDS
from chatproof.commands.options import add_target, find_target, parser
from chatproof.output import say
from chatproof.printable import escape, inert
from chatproof.redaction import fingerprint
from chatproof.resolver import Resolver
from chatproof.target import Resolved
from chatproof.usage_error import UsageError


class Check(NamedTuple):
    name: str
    state: str  # ok, note, problem
    said: str
    next_step: str = ""


def main(argv: list[str]) -> int:
    to = parser("doctor", COMMANDS["doctor"])
    add_target(to)
    to.add_argument("--format", default="text", choices=("text", "json"))
    args = to.parse_args(argv)
    checks = examine(args)
    if args.format == "json":
        say(json.dumps({"checks": [check._asdict() for check in checks]}, indent=2) + "\n")
    else:
        say(inert("".join(_line(check) for check in checks)))
    return 2 if any(check.state == "problem" for check in checks) else 0


def examine(args: argparse.Namespace) -> list[Check]:
    """Every check that can be made without the endpoint. The first problem with key or URL ends the target's part."""
    checks: list[Check] = []
    resolved: Resolved | None = None
    try:
        resolved = find_target(args)
    except UsageError as error:
        checks.append(Check(error.code, "problem", error.detail, error.advice))
        checks += _without_key(args) if error.code == "auth.key_missing" else []
    if resolved is not None:
        checks += _target(resolved)
    checks += _surroundings(resolved)
    return checks


def _without_key(args: argparse.Namespace) -> list[Check]:
    """A missing key must not hide what else is wrong: the URL can be looked at without one."""
    try:
        resolved = find_target(args, need_key=False)
    except UsageError:
        return []
    return [Check("url", "ok", str(resolved.url)), *_notes(resolved)]


def _notes(resolved: Resolved) -> list[Check]:
    return [Check("own side", "note", note) for note in resolved.notes]


def _target(resolved: Resolved) -> list[Check]:
    target, url = resolved.target, resolved.url
    checks = [Check("url", "ok", str(url))]
    if target.key is not None:
        known = f"{target.key_source}, {len(target.key)} characters, fingerprint {fingerprint(target.key)}"
        checks.append(Check("key", "ok", known))
    else:
        checks.append(Check("key", "note", "none; the endpoint is said to be open (--no-auth)"))
    if target.model:
        checks.append(Check("model", "ok", target.model))
    else:
        checks.append(
            Check("model", "note", "none is given", "say --model ID; `chatproof models` lists the active ones")
        )
    checks += _notes(resolved)
    try:
        found = Resolver().resolve(url.host, url.port, 5.0)
        checks.append(Check("address", "ok", ", ".join(dict.fromkeys(str(address[0]) for _, address in found))))
    except OSError:
        checks.append(
            Check(
                "address",
                "note",
                f"{url.host} does not resolve here",
                "check DNS, VPN and the host's spelling",
            )
        )
    if url.scheme == "https":
        checks.append(_trust(target.ca_file))
    return checks


def _trust(ca_file: str) -> Check:
    from chatproof import tls

    try:
        tls.context(ca_file)
    except tls.TrustError as error:
        return Check("trust", "problem", str(error), "check --ca-file")
    return Check("trust", "ok", ca_file or "the system's authorities")


def _surroundings(resolved: Resolved | None) -> list[Check]:
    extra = resolved.profile.fact("key_variables", ()) if resolved else ()
    facts = environment.describe(os.environ, extra)
    checks = [
        Check("python", "ok", f"{facts['python']} on {facts['platform']}"),
        Check("ci", "ok", str(facts["ci"] or "no")),
        Check("variables", "ok", ", ".join(facts["variables_set"]) or "none of those known are set"),  # type: ignore[arg-type]
    ]
    https = resolved is not None and resolved.url.scheme == "https"
    proxy, ca_file = (resolved.target.proxy, resolved.target.ca_file) if resolved else ("", "")
    checks += [
        Check("variables", "note", said)
        for said in environment.notes(os.environ, https=https, proxy=proxy, ca_file=ca_file)
    ]
    year = time.gmtime().tm_year
    if year < 2026:
        checks.append(
            Check(
                "clock",
                "problem",
                f"this machine says it is {year}",
                "set the clock; certificates and records depend on it",
            )
        )
    else:
        checks.append(
            Check(
                "clock",
                "ok",
                time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) + (f", TZ={facts['tz']}" if facts["tz"] else ""),
            )
        )
    return checks


def _line(check: Check) -> str:
    step = f"\n{'':<10}next: {escape(check.next_step)}" if check.next_step else ""
    return f"{check.state:<8}  {escape(check.name)}: {escape(check.said)}{step}\n"
