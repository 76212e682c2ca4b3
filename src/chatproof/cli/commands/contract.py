"""chatproof contract: every clause with its level and source, and the areas they belong to. Sends nothing."""

import argparse
import json
import os
from typing import Any

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say
from chatproof.cli.shared import ledger
from chatproof.cli.shared.options import add_api, parser
from chatproof.cli.shared.reading import add_journal
from chatproof.contract.areas import areas_of
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.judging.contract import Choice, contract_of
from chatproof.printable import inert_json
from chatproof.surfaces import surface_of
from chatproof.target import config_files, profile
from chatproof.target.target import SIMULATOR, profile_of
from chatproof.usage_error import UsageError


def main(argv: list[str]) -> int:
    args = _options().parse_args(argv)
    if args.target == "sign":
        if not args.second or args.third:
            raise UsageError("usage", "sign needs exactly one clause", "chatproof contract sign CLAUSE --owner NAME")
        return ledger.sign(_table("cometapi" if not args.profile else args.profile, VALIDATE, args.api), args)
    if args.target == "diff":
        if not args.third:
            raise UsageError(
                "usage", "diff needs exactly two contracts", "profiles, or files written by contract --format json"
            )
        scope = VALIDATE if args.validate else SMOKE
        return ledger.diff(_either(args.second, scope, args), _either(args.third, scope, args), args.format)
    if args.second:
        raise UsageError("usage", "give only one target", "see: chatproof contract --help")
    name = args.profile or (profile.GENERIC if args.target == SIMULATOR else _profile(args.target, args))
    document = _table(name, VALIDATE if args.validate else SMOKE, args.api)
    ledger.observe(document, args, args.target or document["profile"])
    say({"json": _json, "markdown": _markdown, "text": _text}[args.format](document))
    return 0


def _options() -> argparse.ArgumentParser:
    to = parser("contract", COMMANDS["contract"])
    to.add_argument("target", nargs="?", default="", metavar="TARGET", help="a target; or sign CLAUSE; or diff A B")
    to.add_argument("second", nargs="?", default="", metavar="CLAUSE|A")
    to.add_argument("third", nargs="?", default="", metavar="B")
    add_api(to)
    to.add_argument("--profile", default="", metavar="NAME")
    to.add_argument("--validate", action="store_true", help="the complete contract, not only what smoke checks")
    to.add_argument(
        "--stale-after", default="180d", metavar="AGE", help="mark sources that were read longer ago (default 180d)"
    )
    to.add_argument("--owner", default="", metavar="NAME", help="sign: who read the documentation again")
    to.add_argument(
        "--source", default="", metavar="URL", help="sign: the page that was read (default: the clause's source)"
    )
    to.add_argument("--format", default="text", choices=("text", "json", "markdown"))
    add_journal(to)
    return to


def _table(name: str, scope: str, api: str) -> dict[str, Any]:
    try:
        return table(name, scope, api or CHAT)
    except profile.ProfileError as error:
        raise UsageError("usage", str(error), error.advice) from None


def _profile(target: str, args: argparse.Namespace) -> str:
    return profile_of(target, args.config, os.environ.get(config_files.VARIABLE, ""))


def _either(name: str, scope: str, args: argparse.Namespace) -> dict[str, Any]:
    """A recorded contract, or that of a profile as it is today."""
    if ledger.is_file(name):
        return ledger.recorded(name)
    return _table(name if name in profile.names() else _profile(name, args), scope, args.api)


def table(name: str, scope: str = SMOKE, api: str = CHAT) -> dict[str, Any]:
    """Areas, clauses of a scope and the profile's facts as plain data."""
    known, surface = profile.load(name), surface_of(api)
    opt_in = tuple(id for id, row in surface.rows(VALIDATE).items() if row.opt_in)
    contract = contract_of(scope, known, Choice(stream=True, extras=opt_in, api=api))
    return {
        "profile": name,
        "api": api,
        "contract": contract.digest,
        "areas": [area._asdict() for area in areas_of(api)],
        "clauses": [
            {
                "id": term.clause.id,
                "level": term.level,
                "layer": term.clause.layer,
                "capability": term.clause.capability,
                "area": term.clause.area,
                "says": term.clause.says,
                "check": term.clause.check,
                "why": term.clause.why,
                "probe": term.clause.probe,
                "source": term.clause.source.url,
                "accessed": term.clause.source.accessed,
                "waived": term.waiver.reason if term.waiver else "",
            }
            for term in contract.terms
        ],
        "facts": [{"name": fact, **value._asdict()} for fact, value in known.facts.items()],
        "quirks": [quirk._asdict() for quirk in known.quirks],
        "known_clauses": len(surface.clauses(scope)),
    }


def _json(document: dict[str, Any]) -> str:
    return inert_json(json.dumps(document, indent=2)) + "\n"


def _text(document: dict[str, Any]) -> str:
    of = "" if document["api"] == CHAT else f", {surface_of(document['api']).title}"
    lines = [f"Contract for profile {document['profile']}{of}", "", "Areas"]
    for area in document["areas"]:
        lines += [
            f"  {area['name']}",
            f"    verify    {area['verify']}",
            f"    source    {area['url']} (accessed {area['accessed']})",
            f"    wording   {area['wording']}",
        ]
    lines += ["", "Clauses"]
    for row in document["clauses"]:
        waived = f"  waived: {row['waived']}" if row["waived"] else ""
        lines += [
            f"  {row['id']:<36} {row['level']:<7}{row['layer']:<10}{row['area']}{waived}",
            f"    {row['says']}",
            f"    {row['source']} (accessed {row['accessed']})",
            f"    {ledger.line(row)}",
        ]
    lines += ["", "Known facts of the profile"]
    lines += [
        f"  {row['name']}: {row['value']}  ({row['source']}, accessed {row['accessed']})" for row in document["facts"]
    ]
    lines += [f"  note: {row['text']}  ({row['source']}, accessed {row['accessed']})" for row in document["quirks"]]
    return "\n".join([*lines, ""])


def _markdown(document: dict[str, Any]) -> str:
    lines = ["| area | what to verify | source | accessed | safe wording |", "|---|---|---|---|---|"]
    lines += [
        f"| {a['name']} | {a['verify']} | {a['url']} | {a['accessed']} | {a['wording']} |" for a in document["areas"]
    ]
    lines += [
        "",
        "| clause | level | layer | what it says | why | source | accessed | last observed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{c['id']}` | {c['level']} | {c['layer']} | {c['says']} | {c['why']} | {c['source']} | {c['accessed']} "
        f"| {ledger.line(c)} |"
        for c in document["clauses"]
    ]
    return "\n".join([*lines, ""])
