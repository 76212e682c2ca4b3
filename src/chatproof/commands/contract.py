"""chatproof contract: every clause with its level and source, and the areas they belong to. Sends nothing."""

import argparse
import json
from typing import Any

from chatproof import clauses, profile
from chatproof.areas import AREAS
from chatproof.clause import SMOKE, VALIDATE
from chatproof.cli import COMMANDS
from chatproof.commands import ledger
from chatproof.commands.options import parser
from chatproof.commands.reading import add_journal
from chatproof.contract import Choice, contract_of
from chatproof.output import say
from chatproof.probes_validate import OPT_IN
from chatproof.target import SIMULATOR, profile_of
from chatproof.usage_error import UsageError


def main(argv: list[str]) -> int:
    args = _options().parse_args(argv)
    if args.target == "sign":
        if not args.second or args.third:
            raise UsageError("usage", "sign takes one clause", "chatproof contract sign CLAUSE --owner NAME")
        return ledger.sign(_table("cometapi" if not args.profile else args.profile, VALIDATE), args)
    if args.target == "diff":
        if not args.third:
            raise UsageError(
                "usage", "diff takes two contracts", "profiles, or files that contract --format json wrote"
            )
        scope = VALIDATE if args.validate else SMOKE
        return ledger.diff(_either(args.second, scope), _either(args.third, scope), args.format)
    if args.second:
        raise UsageError("usage", "one target at a time", "see: chatproof contract --help")
    name = args.profile or (profile.GENERIC if args.target == SIMULATOR else profile_of(args.target))
    document = _table(name, VALIDATE if args.validate else SMOKE)
    ledger.observe(document, args, args.target or document["profile"])
    say({"json": _json, "markdown": _markdown, "text": _text}[args.format](document))
    return 0


def _options() -> argparse.ArgumentParser:
    to = parser("contract", COMMANDS["contract"])
    to.add_argument("target", nargs="?", default="", metavar="TARGET", help="a target; or sign CLAUSE; or diff A B")
    to.add_argument("second", nargs="?", default="", metavar="CLAUSE|A")
    to.add_argument("third", nargs="?", default="", metavar="B")
    to.add_argument("--profile", default="", metavar="NAME")
    to.add_argument("--validate", action="store_true", help="the whole contract, not only what smoke judges")
    to.add_argument("--stale-after", default="180d", metavar="AGE", help="flag sources read longer ago (default 180d)")
    to.add_argument("--owner", default="", metavar="NAME", help="sign: who read the documentation again")
    to.add_argument("--source", default="", metavar="URL", help="sign: the page that was read (default: the clause's)")
    to.add_argument("--format", default="text", choices=("text", "json", "markdown"))
    add_journal(to)
    return to


def _table(name: str, scope: str) -> dict[str, Any]:
    try:
        return table(name, scope)
    except profile.ProfileError as error:
        raise UsageError("usage", str(error)) from None


def _either(name: str, scope: str) -> dict[str, Any]:
    """A recorded contract, or that of a profile as it is today."""
    if ledger.is_file(name):
        return ledger.recorded(name)
    return _table(name if name in profile.names() else profile_of(name), scope)


def table(name: str, scope: str = SMOKE) -> dict[str, Any]:
    """Areas, clauses of a scope and the profile's facts as plain data."""
    known = profile.load(name)
    contract = contract_of(scope, known, Choice(stream=True, extras=OPT_IN))
    return {
        "profile": name,
        "contract": contract.digest,
        "areas": [area._asdict() for area in AREAS],
        "clauses": [
            {
                "id": term.clause.id,
                "level": term.level,
                "layer": term.clause.layer,
                "capability": term.clause.capability,
                "area": term.clause.area,
                "says": term.clause.says,
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
        "known_clauses": len(clauses.load(scope)),
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _text(document: dict[str, Any]) -> str:
    lines = [f"Contract for profile {document['profile']}", "", "Areas"]
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
    lines += ["", "Facts of the profile"]
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
