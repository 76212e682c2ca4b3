"""What is said of each example, to the letter: every finding and diagnosis of every exchange in tests/exchanges, of every
clause's examples, and of a validate run in which one clause breaks.

The words are in tests/golden/judged. When they are meant to change, `make goldens` writes them anew: read the difference
before it is committed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chatproof.contract.clause import HOLDS, VALIDATE, Clause, Context, Example, Outcome
from chatproof.diagnosis.diagnosis import Diagnosis, diagnose
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import Finding, judge
from chatproof.surfaces import names as apis
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat.clauses import load
from chatproof.surfaces.chat.clauses.happy import GOOD as GOOD_EXAMPLE
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.target import profile
from chatproof.wire.exchange import Secret
from tests.golden_files import RENEW, REWRITE, registered
from tests.support import GOOD, KEY, exchange, from_example, play, wire
from tests.test_exchanges import load as load_cases
from tests.test_exchanges import replies

FOLDER = Path(__file__).parent.parent / "golden" / "judged"
CLAUSES = load(VALIDATE)


def finding_text(finding: Finding) -> str:
    said = " | ".join(f"{name} {getattr(finding, name)}" for name in ("at", "expected", "observed", "reason", "state")
                      if getattr(finding, name))  # fmt: skip
    return f"{finding.outcome} {finding.clause} ({finding.level}, {finding.probe}) {said}".rstrip()


def diagnosis_text(diagnosis: Diagnosis) -> list[str]:
    return [
        f"{diagnosis.code}: {diagnosis.summary} [{diagnosis.owner}, {diagnosis.confidence}]",
        *(f"    {line}" for line in diagnosis.evidence),
        f"    next: {diagnosis.next_step}",
        f"    clauses: {', '.join(diagnosis.clauses)}",
    ]


def clean(lines: list[str]) -> str:
    """Without what cannot stand in a file of lines; the test key as a word."""
    return "\n".join(line.replace(KEY, "@KEY@").encode("unicode_escape").decode() for line in lines)


@cache
def golden(file: str) -> dict[str, str]:
    path = FOLDER / f"{file}.txt"
    sections = path.read_text(encoding="ascii").split("\n## ") if path.exists() else []
    return {
        head: body.rstrip("\n")
        for head, _, body in (section.removeprefix("## ").partition("\n") for section in sections)
    }


_written: dict[str, dict[str, str]] = {}


def check(file: str, name: str, text: str) -> None:
    if REWRITE:
        sections = _written.setdefault(file, {})
        sections[name] = text
        FOLDER.mkdir(exist_ok=True)
        whole = "\n\n".join(f"## {head}\n{body}" for head, body in sections.items())
        (FOLDER / f"{file}.txt").write_text(whole + "\n", encoding="ascii")
        return
    assert text == golden(file).get(name, ""), RENEW


CASES = [(*str(param.id).partition(":")[::2], param.values[0]) for param in load_cases()]
AS_EVER = {finding_text(finding) for finding in play().judgement.findings}
"""What is found where all is well: not told again in each case."""


@pytest.mark.parametrize(("file", "name", "case"), CASES)
def test_of_an_exchange(file: str, name: str, case: dict[str, Any]) -> None:
    options = {name: case[name] for name in ("base", "model", "profile", "no_auth", "no_key") if name in case}
    played = play(replies(case), **options)
    told = [finding_text(finding) for finding in played.judgement.findings]
    lines = [played.verdict, *(line for line in told if line not in AS_EVER)]
    for diagnosis in played.diagnoses:
        lines += diagnosis_text(diagnosis)
    check(file, name, clean(lines))


def judged(clause: Clause, example: Example) -> Outcome:
    probe = clause.probe if clause.probe != "*" else "happy"
    reply = Reply(exchange(probe, from_example(example)))
    known = {"happy": Reply(exchange("happy", from_example(GOOD_EXAMPLE))), probe: reply}
    context = Context(profile.load("generic"), EXAMPLE_MODEL, Secret(EXAMPLE_KEY), known, surface_of("chat"))
    return clause.judge(reply, context)


EXAMPLES = [
    (clause.id, f"{clause.id} {kind} {number}", example)
    for clause in CLAUSES.values()
    for kind, examples in (("holds", clause.holds_on), ("breaks", clause.breaks_on))
    for number, example in enumerate(examples, 1)
]


@pytest.mark.parametrize(("id", "name", "example"), EXAMPLES)
def test_of_a_clauses_example(id: str, name: str, example: Example) -> None:
    *said, code = judged(CLAUSES[id], example)
    check("clauses", name, clean([" | ".join([*said, *filter(None, [code])])]))


@pytest.mark.parametrize("id", CLAUSES)
def test_of_what_a_clause_is_registered_as(id: str) -> None:
    check("clauses", f"{id} is", registered(CLAUSES[id]))


BREAKS = [
    (c.id, e) for c in CLAUSES.values() for e in c.breaks_on[:1] if c.probe != "*" and not c.probe.startswith("auth.")
]


@pytest.mark.parametrize(("id", "example"), BREAKS)
def test_of_a_validate_run_with_one_break(id: str, example: Example) -> None:
    """The other probes of smoke are answered well, all others not at all: what follows from what is shown."""
    contract = contract_of(VALIDATE, profile.load("generic"), Choice(stream=True))
    answers = {probe: wire(text) for probe, text in GOOD.items()}
    answers[CLAUSES[id].probe] = from_example(example)
    sent = [exchange(probe, reply) for probe, reply in answers.items()]
    judgement = judge(contract, sent, model="gpt-x", key=Secret(KEY), not_sent={"tools": "not sent: said so"})
    told = [finding_text(f) for f in judgement.findings if f.outcome != HOLDS and f.probe == CLAUSES[id].probe]
    unsent = [f.clause for f in judgement.findings if not f.exchange]
    lines = [judgement.verdict, *told, f"{len(unsent)} not sent, the first {unsent[:1]}"]
    for diagnosis in diagnose(judgement):
        lines += diagnosis_text(diagnosis)
    check("validate", id, clean(lines))


def test_no_golden_text_is_left_over() -> None:
    of_clauses = {name for _, name, _ in EXAMPLES} | {f"{id} is" for id in CLAUSES}
    names: dict[str, set[str]] = {"clauses": of_clauses, "validate": {id for id, _ in BREAKS}}
    for file, name, _ in CASES:
        names.setdefault(file, set()).add(name)
    others = {"api-runs", "told", *(name for name in apis() if name != "chat")}  # each has a test of its own
    assert {path.stem for path in FOLDER.glob("*.txt")} - others == set(names)
    assert {file: set(golden(file)) for file in names} == names
