"""The contract as pytest items. Loaded by `pytest_plugin` when a target was given; one run feeds every item."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatproof.testing.contract_plugin import ContractPlugin


import os
import warnings
from typing import Any

import pytest

from chatproof.cli.output import WriteError
from chatproof.contract.clause import BROKEN, HOLDS, MUST, NOT_APPLICABLE, UNDECIDED, WAIVED
from chatproof.judging.contract import Term
from chatproof.printable import escape, inert
from chatproof.usage_error import UsageError

NAME = "chatproof"
OUTCOME = f"{NAME}.outcome"
"""The property of a clause's test that says what came of it."""


class Broken(Exception):
    """A required clause is broken. The text is the whole report: there is no traceback worth reading."""

    __module__ = "builtins"  # as pytest does for its own: the summary says `Broken: …`


class Undecided(Exception):
    """A required clause could not be observed: an error of the check, neither passed nor failed."""

    __module__ = "builtins"


Undecided.__name__ = Undecided.__qualname__ = "UNDECIDED"  # what the summary says


class ContractWarning(UserWarning):
    """A clause that is not required is broken."""


class ContractCollector(pytest.Collector):
    """The clauses in force for the target, in the contract's order."""

    def __init__(self, *, plugin: "ContractPlugin", **more: Any) -> None:
        super().__init__(**more)
        self.plugin = plugin

    def collect(self) -> "list[ClauseItem] | list[KeyItem]":
        try:
            terms = self.plugin.select([term for term in self.plugin.prepare().contract.terms if term.reported])
        except UsageError as error:
            if self.plugin.lacks_key(error):  # the other tests are none the worse for it
                return [KeyItem.from_parent(self, name="key", error=error, fails=self.plugin.missing_key_fails)]
            raise self.CollectError(usage_text(error)) from None
        return [ClauseItem.from_parent(self, name=term.clause.id, term=term, plugin=self.plugin) for term in terms]


class KeyItem(pytest.Item):
    """The whole contract where no key is set: one test that is skipped with the reason, or fails as configured."""

    def __init__(self, *, error: UsageError, fails: bool, **more: Any) -> None:
        super().__init__(**more)
        self.error, self.fails = error, fails
        if not fails:
            self.add_marker(pytest.mark.skip(one_line(error)))

    def reportinfo(self) -> tuple[str, int, str]:
        return os.path.join(self.config.rootpath, NAME), 0, f"{NAME} {self.name}"

    def runtest(self) -> None:
        raise Undecided(usage_text(self.error))

    def repr_failure(self, excinfo: Any, style: Any = None) -> str:
        return str(excinfo.value)


class ClauseItem(pytest.Item):
    """One clause. Broken and required: it fails. Not observed: an error that says UNDECIDED. Else: skips, warnings."""

    def __init__(self, *, term: Term, plugin: "ContractPlugin", **more: Any) -> None:
        super().__init__(**more)
        self.term, self.plugin = term, plugin
        clause = term.clause
        source = f"{clause.source.url} ({clause.source.accessed})"
        self.add_marker(pytest.mark.chatproof(clause=clause.id, level=term.level, layer=clause.layer, source=source))
        for name, value in (("says", clause.says), ("level", term.level), ("layer", clause.layer), ("source", source)):
            self.user_properties.append((f"{NAME}.{name}", value))

    def reportinfo(self) -> tuple[str, int, str]:
        # No "::": with -v pytest would show each dot of a clause's id as one.
        return os.path.join(self.config.rootpath, NAME), 0, f"{NAME} {self.name}"

    def observe(self) -> None:
        """Everything that is no verdict on the endpoint ends here: pytest calls what fails in setup an error."""
        try:
            found = [f for f in self.plugin.run().findings if f["clause"] == self.name]
        except UsageError as error:
            raise Undecided(usage_text(error)) from None
        except WriteError as error:
            raise Undecided(str(error)) from None
        self.findings = found
        for outcome in (BROKEN, UNDECIDED, HOLDS, WAIVED, NOT_APPLICABLE):
            self.worst = [finding for finding in found if finding["outcome"] == outcome]
            if self.worst:
                break
        else:
            raise Undecided("there was no exchange to judge this clause on")
        first = self.worst[0]
        self.user_properties.append((OUTCOME, first["outcome"]))
        if first["outcome"] in (WAIVED, NOT_APPLICABLE):
            # By a marker: pytest then gives this clause as the place, not a line of ours.
            self.add_marker(pytest.mark.skip(inert(escape(f"{first['outcome'].replace('_', ' ')}: {first['reason']}"))))
        if first["outcome"] == UNDECIDED and any(finding["level"] == MUST for finding in self.worst):
            raise Undecided(self._told(first))

    def runtest(self) -> None:
        for finding in self.worst:
            if finding["outcome"] in (WAIVED, NOT_APPLICABLE):
                pytest.skip(inert(escape(finding["reason"])))  # -p no:skipping
            if finding["outcome"] == BROKEN and finding["level"] == MUST:
                raise Broken(self._told(finding))
            if finding["outcome"] in (BROKEN, UNDECIDED):
                # In brackets, or the warning's line would be looked up in what is called chatproof on sys.path.
                warnings.warn_explicit(ContractWarning(f"{self.name}: {self._told(finding)}"), None, f"<{NAME}>", 1)

    def _told(self, finding: dict[str, Any]) -> str:
        """The cause and its owner in the line for the summary, then the next step and the proof, then the clause;
        everything escaped here, at the edge."""
        document = self.plugin.run().document
        cause = next((d for d in document["diagnoses"] if self.name in d["clauses"]), None)
        broken = finding["outcome"] == BROKEN
        said = f"expected {finding['expected']}, observed {finding['observed']}" if broken else finding["reason"]
        rows: list[tuple[str, str]] = []
        if cause:
            self.user_properties += [(f"{NAME}.cause", cause["code"]), (f"{NAME}.owner", cause["owner"])]
            owner, foremost = f"{cause['owner']} ({cause['confidence']})", broken or self.name == cause["clauses"][0]
            blamed = f"{cause['code']}, owner {owner}"
            said = f"{blamed}: {said}" if foremost else f"{said}; cause {blamed}"
            teller = self.plugin.tellers.setdefault(document["diagnoses"].index(cause), self.name)
            if teller == self.name:
                rows += [
                    ("cause", f"{cause['code']}: {cause['summary']}"),
                    ("owner", owner),
                    ("next", cause["next_step"]),
                ]
                rows += [("evidence" if number == 0 else "", line) for number, line in enumerate(cause["evidence"])]
            else:
                rows += [("cause", f"{cause['code']}, as told for {teller}")]
        rows += [("clause", f"{self.name} ({finding['level']}): {self.term.clause.says}")]
        if broken:
            rows += [("at", f"{finding['at']} of probe {finding['probe']}")]
            rows += [("expected", finding["expected"]), ("observed", finding["observed"])]
            rows += [("who breaks", self.term.clause.why)]
        source = self.term.clause.source
        rows += [("source", f"{source.url} ({source.accessed})")]
        rows += [("more", f"chatproof explain {cause['code'] if cause else self.name}")]
        asked = next((e for e in document["exchanges"] if e["id"] == finding["exchange"]), None)
        if asked and asked["response"] and asked["response"]["request_id"]:
            rows += [("request id", asked["response"]["request_id"])]
        return inert("\n".join([escape(said), *(f"  {label:<11} {escape(text)}" for label, text in rows)]))


def failing(answer: dict[str, Any], outcomes: set[str]) -> list[str]:
    """What fails a session whose tests do not: the run was lost; or it is not GO, and none of the clauses that were
    tests could be judged (`outcomes` of those)."""
    found = list(answer.get("lost", ()))
    verdict = answer.get("document", {}).get("verdict", "GO")
    if verdict != "GO" and outcomes and outcomes <= {NOT_APPLICABLE, UNDECIDED, WAIVED}:
        found.append(f"the run is {verdict}, and nothing that was selected could be judged")
    return found


def usage_text(error: UsageError) -> str:
    advice = f"\n  next        {escape(_advice(error))}" if error.advice else ""
    return inert(f"{escape(f'{error.code}: {error.detail}', keep=chr(10))}{advice}")


def _advice(error: UsageError) -> str:
    """What to do, with the plugin's own options."""
    advice = error.advice.replace("--model ", f"--{NAME}-model ")
    return advice.replace("--config PATH", f"--{NAME}-args='--config PATH'")


def one_line(error: UsageError) -> str:
    """What is wrong and what to do, as a reason to skip."""
    return inert(escape(f"{error.code}: {error.detail}; next: {_advice(error)}"))
