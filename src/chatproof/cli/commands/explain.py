"""chatproof explain: what a code or a clause means, what to do about it, and where that is written. Sends nothing."""

from typing import Any

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say, say_json
from chatproof.cli.shared.options import parser, terminal
from chatproof.contract.clause import VALIDATE, Clause, Example
from chatproof.contract.probe import OWN
from chatproof.printable import escape, snippet
from chatproof.surfaces import names, surface_of
from chatproof.usage_error import UsageError, repeated

# Codes of our own side: exit status 2, nothing was sent. What each means and what to do.
OWN_SIDE: dict[str, tuple[str, str]] = {
    "auth.key_missing": (
        "no key is set, or it is empty",
        "Set the variable that the message names, or use --key-env, --key-file or --key-stdin; chatproof doctor shows which variables are read.",
    ),
    "auth.key_malformed": (
        "the key contains characters, quotes or words that no key contains",
        "The message names the position. Copy the key again; look at how the variable is set (quotes, line feeds, placeholders).",
    ),
    "auth.wrong_provider": (
        "the key has the form of another provider's keys",
        "Base URL, key and model must belong to one provider; check the variable, or use --profile.",
    ),
    "url.invalid": (
        "the base URL cannot be used",
        "Write it as https://host/v1, without user name, query or fragment; http only to loopback or with --allow-http.",
    ),
}

# Causes of an incident that no run found, and so no diagnosis: what each means and what to do.
NO_RUN: dict[str, tuple[str, str]] = {
    "fleet.region_dead": (
        "a batch of a fleet's region reached its end time, and no worker took it or a later one: its targets are not checked",
        "Start a worker for the region (chatproof fleet worker --region NAME), or see in the log of its workers why they stopped. The incident ends when one takes a batch.",
    ),
}

Rows = list[tuple[str, str]]
_LABEL = 12


def main(argv: list[str]) -> int:
    to = parser("explain", COMMANDS["explain"])
    to.add_argument(
        "name", nargs="?", default="", metavar="CODE|CLAUSE", help="such as model.unavailable; without a name: list all"
    )
    to.add_argument("--format", default="text", choices=("text", "json"))
    args = to.parse_args(argv)
    if not args.name:
        say("".join(f"{name}\n" for name in known()))
        return 0
    found = [explained for explained in (of_code(args.name), of_clause(args.name)) if explained]
    if not found:
        raise _unknown(args.name)
    if args.format == "json":
        say_json([dict(rows) | {"name": args.name} for rows in map(_merged, found)])
    else:
        say("\n".join(_text(args.name, rows) for rows in found))
    return 0


def known() -> list[str]:
    """Every code and every clause, sorted."""
    return sorted({*codes(), *NO_RUN, *_clauses()})


def codes() -> list[str]:
    """Every diagnosis code, those of our own side included, sorted."""
    from chatproof.diagnosis.failure_modes import every_row

    return sorted({*(mode.code for mode in every_row()), *OWN_SIDE})


def of_code(name: str) -> Rows:
    """What a diagnosis code means: a row for each way that leads to it."""
    if name in OWN_SIDE:
        meaning, advice = OWN_SIDE[name]
        return [("code", "on our own side: exit status 2, nothing is sent"), ("meaning", meaning), ("next", advice)]
    if name in NO_RUN:
        meaning, advice = NO_RUN[name]
        return [("code", "the cause of an incident that no run found"), ("meaning", meaning), ("next", advice)]
    from chatproof.diagnosis.failure_modes import every_row
    from chatproof.simulator.faults import FAULTS

    modes = [mode for mode in every_row() if mode.code == name]
    rows: Rows = []
    for mode in modes:
        if ("meaning", mode.summary) in rows:
            continue
        rows += [("meaning", mode.summary), ("owner", f"{mode.owner} ({mode.confidence})"), ("next", mode.next_step)]
    if rows:
        from chatproof.diagnosis.confidence import rule_of

        rows.insert(0, ("how sure", rule_of(name).rule))
        cause = [clause for clause in _clauses().values() if clause.code == name]
        rows += [("clause", f"{clause.id}: {clause.says}") for clause in cause]
        shown = [fault for fault in FAULTS.values() if fault.code == name][:3]
        for fault in shown:
            rows += [("example", f"{fault.about}"), ("try", f"chatproof smoke simulator --fault {fault.name}")]
        rows.insert(
            0,
            (
                "code",
                "a diagnosis: the cause that a person would fix. The owner and next step in a run's report come before those below, because the run saw more",
            ),
        )
    return rows


def _clauses() -> dict[str, Clause]:
    scopes = (surface_of(api).clauses(scope) for api in names() for scope in (VALIDATE, OWN))
    return {id: clause for found in scopes for id, clause in found.items()}


def of_clause(name: str) -> Rows:
    """What a clause says, and why."""
    clause = _clauses().get(name)
    if clause is None:
        return []
    rows = [
        (
            "clause",
            f"{clause.level}, {clause.layer} layer, judged on probe {clause.probe}, checked by {clause.scope} and above",
        ),
        ("says", clause.says),
        ("who breaks", clause.why),
        ("source", f"{clause.source.url} ({clause.source.accessed})"),
    ]
    if clause.needs:
        rows.append(("needs", f"{', '.join(clause.needs)}; if one of them fails, this is not checked"))
    if clause.capability:
        rows.append(("capability", clause.capability))
    if clause.code:
        rows.append(("code", f"{clause.code}: chatproof explain {clause.code}"))
    rows += [("holds on", _shown(example)) for example in clause.holds_on[:1]]
    rows += [("breaks on", _shown(example)) for example in clause.breaks_on[:2]]
    return rows


def _shown(example: Example) -> str:
    return f"HTTP {example.status} {example.media or 'without Content-Type'} {snippet(example.body, 160)}"


def _text(name: str, rows: Rows) -> str:
    from textwrap import wrap

    room = max(terminal()["width"] - _LABEL - 2, 24)
    lines = [name]
    several = sum(label == "meaning" for label, _ in rows) > 1
    before = ""
    for label, text in rows:
        if several and (label == "meaning" or before == "next"):
            lines.append("")  # each way to the code stands on its own, and what is true of all of them after them
        before = label
        parts = wrap(escape(text), room, break_long_words=False, break_on_hyphens=False) or [""]
        lines += [f"  {label if number == 0 else '':<{_LABEL}}{part}" for number, part in enumerate(parts)]
    return "\n".join([*lines, ""])


def _merged(rows: Rows) -> list[tuple[str, Any]]:
    """Labels once: a string where there is one value, else a list."""
    values: dict[str, list[str]] = {}
    for label, text in rows:
        values.setdefault(label.replace(" ", "_"), []).append(text)
    return [(label, texts[0] if len(texts) == 1 else texts) for label, texts in values.items()]


def _unknown(name: str) -> UsageError:
    from difflib import get_close_matches

    from chatproof.simulator.faults import FAULTS

    if name in FAULTS:
        advice = f"what it shows: chatproof explain {FAULTS[name].code}" if FAULTS[name].code in known() else ""
        said = f"{name} is a fault of the simulator, not a code or clause"
        return UsageError("usage", said, advice or "all faults: chatproof simulate --list-faults")
    names = known()
    near = [n for n in names if n.startswith(name + ".")][:8] or get_close_matches(name, names, n=3, cutoff=0.5)
    advice = f"did you mean {', '.join(near)}?" if near else "`chatproof explain` without a name lists all"
    return UsageError("usage", f"there is no code or clause {repeated(name, 60)}", advice)
