"""chatproof contract: every clause with its level and source, and the areas they belong to. Sends nothing."""

import json
from typing import Any

from chatproof import clauses, profile
from chatproof.areas import AREAS
from chatproof.clause import SMOKE, VALIDATE
from chatproof.cli import COMMANDS
from chatproof.commands.options import parser
from chatproof.contract import Choice, contract_of
from chatproof.output import say
from chatproof.probes_validate import OPT_IN
from chatproof.target import profile_of
from chatproof.usage_error import UsageError


def main(argv: list[str]) -> int:
    to = parser("contract", COMMANDS["contract"])
    to.add_argument("target", nargs="?", default="", metavar="TARGET", help="a profile: cometapi, openai, …")
    to.add_argument("--profile", default="", metavar="NAME")
    to.add_argument("--validate", action="store_true", help="the whole contract, not only what smoke judges")
    to.add_argument("--format", default="text", choices=("text", "json", "markdown"))
    args = to.parse_args(argv)
    name = args.profile or profile_of(args.target)
    try:
        document = table(name, VALIDATE if args.validate else SMOKE)
    except profile.ProfileError as error:
        raise UsageError("usage", str(error)) from None
    say({"json": _json, "markdown": _markdown, "text": _text}[args.format](document))
    return 0


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
        "| clause | level | layer | what it says | why | source | accessed |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{c['id']}` | {c['level']} | {c['layer']} | {c['says']} | {c['why']} | {c['source']} | {c['accessed']} |"
        for c in document["clauses"]
    ]
    return "\n".join([*lines, ""])
