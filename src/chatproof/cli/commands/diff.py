"""chatproof diff: what differs between two runs. What was around them comes first: it is why a check passes locally and
fails in CI."""

import argparse
import json
from typing import Any

from chatproof.analysis.incident.streak import find
from chatproof.analysis.run_diff import (
    BODY,
    COST,
    DIAGNOSIS,
    ENVIRONMENT,
    FINDING,
    HEADER,
    SHAPE,
    STATUS,
    TIMING,
    USAGE,
    VERDICT,
    WORD,
    Difference,
    differences,
)
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say
from chatproof.cli.shared.options import parser
from chatproof.cli.shared.reading import RUN, add_journal, add_narrowed, find_runs, last_good_before, of_newest_target
from chatproof.printable import cut, escape, inert_json
from chatproof.reporters import narrowed
from chatproof.reporters.lines import fold
from chatproof.target.environment import environment_of
from chatproof.usage_error import UsageError

SCHEMA = "chatproof.diff/1"
_HEADINGS = {
    ENVIRONMENT: "Sent differently (check this first when it passes locally and fails in CI)",
    VERDICT: "Verdict",
    DIAGNOSIS: "Causes",
    FINDING: "Clauses",
    STATUS: "Status or fault",
    HEADER: "Response headers",
    BODY: "Kind of reply",
    SHAPE: "Fields",
    USAGE: "Usage fields",
    WORD: "Protocol words",
    COST: "Cost",
    TIMING: "Timings, ms (shown, not judged)",
}
_ALIKE = (
    "Sent the same way: no difference in URL, model, key, headers sent, variables, proxies, addresses or certificate."
)
_KINDS_DIFFER = "A check or request that only one of the two runs has is not a change of the endpoint."
_VALUE = 160


def main(argv: list[str]) -> int:
    to = parser("diff", COMMANDS["diff"])
    to.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help=(
            f"{RUN}; compares the first with the second. One run: with the last good run before it. "
            "Without one: the last good run with the first failing one, as review finds them; if none "
            "failed, the two newest runs"
        ),
    )
    to.add_argument("--format", default="text", choices=("text", "json"))
    add_narrowed(to)
    add_journal(to)
    args = to.parse_args(argv)
    a, b = _two(args)
    found = differences(a, b)
    say(_json(a, b, found) if args.format == "json" else _text(a, b, found))
    return 0


def _two(args: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """The runs to compare: those named, else the obvious ones. Raises UsageError."""
    if len(args.runs) > 2:
        raise UsageError(
            "usage", f"diff compares two runs, but {len(args.runs)} are given", "for more runs: chatproof review"
        )
    if len(args.runs) == 2:
        a, b = find_runs(args, args.runs)
        return a.document, b.document
    if args.runs:
        (b,) = find_runs(args, args.runs)
        return last_good_before(args, b).document, b.document
    runs = [found.document for found in of_newest_target(args) if found.row.ended]
    streak = find(runs)
    if streak is not None and streak.good is not None:
        return streak.good, streak.bad
    if len(runs) < 2:
        raise UsageError(
            "usage", "the newest target has only one run; there is nothing to compare it with", "run it again"
        )
    return runs[-2], runs[-1]


def _json(a: dict[str, Any], b: dict[str, Any], found: list[Difference]) -> str:
    document = {
        "schema": SCHEMA,
        "a": _brief(a),
        "b": _brief(b),
        "differences": [difference._asdict() for difference in found if difference.kind != TIMING],
        "timings": [difference._asdict() for difference in found if difference.kind == TIMING],
    }
    return inert_json(json.dumps(document, indent=2)) + "\n"


def _brief(document: dict[str, Any]) -> dict[str, Any]:
    target = document["target"]
    return {
        "run_id": document["run_id"],
        "started_at": document["started_at"],
        "kind": document["kind"],
        "verdict": document.get("verdict"),
        "target": target["name"],
        "base_url": target["base_url"],
        "environment": environment_of(document),
        "narrowed": document.get("narrowed", []),
    }


def _text(a: dict[str, Any], b: dict[str, Any], found: list[Difference]) -> str:
    lines = [_headline(name, document) for name, document in (("a", a), ("b", b))]
    if a["kind"] != b["kind"]:
        lines += ["", f"The kinds differ: a is {a['kind']}, b is {b['kind']}. {_KINDS_DIFFER}"]
    judged = [difference for difference in found if difference.kind != TIMING]
    if a["run_id"] == b["run_id"]:
        lines += ["", "a and b are the same run. Name an earlier one, or no run: that compares the last failure."]
    elif not judged:
        lines += ["", "Nothing differs except times."]
    elif judged[0].kind != ENVIRONMENT:
        lines += ["", _ALIKE]
    for kind in dict.fromkeys(difference.kind for difference in found):
        lines += ["", _HEADINGS[kind]]
        if kind == FINDING:
            known = dict.fromkeys(f["clause"] for run in (a, b) for f in run.get("findings", ()))
            lines += _outcomes(found, list(known), a["kind"] != b["kind"])
            continue
        for path, probes, difference in _folded([d for d in found if d.kind == kind]):
            where = f" ({probes})" if probes else ""
            lines.append(f"  {path}{where}: {_change(difference)}")
    return "\n".join(map(escape, lines)) + "\n"


def _headline(name: str, document: dict[str, Any]) -> str:
    target = document["target"]
    verdict = document.get("verdict", "no end")
    where = f"{target['name']} · {target['base_url']} · {environment_of(document) or 'no environment'}"
    where += f" · narrowed by {narrowed(document)}" if narrowed(document) else ""
    return f"{name}  {verdict:<9}  {document['run_id']}  {document['started_at']}  {where}"


def _outcomes(found: list[Difference], known: list[str], kinds_differ: bool) -> list[str]:
    """One line for all clauses whose outcome changed in the same way, families of `known` folded."""
    groups: dict[tuple[str, str], list[str]] = {}
    for difference in found:
        if difference.kind == FINDING:
            groups.setdefault((difference.a or "", difference.b or ""), []).append(difference.path)
    return [
        f"  {a or 'not checked'} → {b or 'not checked'}: "
        + (_families(clauses, known) if kinds_differ and not (a and b) else fold(clauses, known))
        for (a, b), clauses in groups.items()
    ]


def _families(clauses: list[str], known: list[str]) -> str:
    """Three or more clauses of one first word as `error.* (48)`, or `11 of 12 stream.*` where not all of it are
    among them. For what only one kind of run judges: there the family tells enough, and JSON has each name."""
    families: dict[str, list[str]] = {}
    for clause in dict.fromkeys(clauses):
        families.setdefault(clause.partition(".")[0], []).append(clause)
    parts = []
    for family, members in families.items():
        whole = sum(clause.partition(".")[0] == family for clause in known)
        shown = f"{family}.* ({whole})" if len(members) == whole else f"{len(members)} of {whole} {family}.*"
        parts.append(shown if len(members) > 2 else ", ".join(members))
    return ", ".join(parts)


def _folded(found: list[Difference]) -> list[tuple[str, str, Difference]]:
    """(path, probes, difference): one line where several probes differ in the same way."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for difference in found:
        groups.setdefault((difference.path, repr(difference[3:])), []).append(difference)
    return [(group[0].path, ", ".join(d.probe for d in group if d.probe), group[0]) for group in groups.values()]


def _change(difference: Difference) -> str:
    a, b = difference.a, difference.b
    if isinstance(a, list) and isinstance(b, list):
        lost, added = [x for x in a if x not in b], [x for x in b if x not in a]
        parts = [*(f"only in a: {_shown(x)}" for x in lost), *(f"only in b: {_shown(x)}" for x in added)]
        return "; ".join(parts) or "another order"
    if difference.kind == TIMING and a and b:
        return f"{a:g} → {b:g}"
    if difference.change in ("added", "lost"):
        value = b if difference.change == "added" else a
        said = f" ({_shown(value)})" if value != "" else ""
        return ("only in b" if difference.change == "added" else "only in a") + said
    return f"{_shown(a)} → {_shown(b)}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return cut(text, _VALUE) if text != "" else '""'
