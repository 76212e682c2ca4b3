"""JUnit XML, for Jenkins, GitLab, Azure DevOps, CircleCI and whatever else reads it.

A broken must is a failure, an undecided one an error; what does not apply or is waived is skipped; a broken should
passes, and says so in its system-out and in the property `warning`.
"""

from typing import Any

from junitparser import Error, Failure, JUnitXml, Property, Skipped, TestCase, TestSuite
from junitparser.junitparser import Properties

from chatproof.reporters import Style
from chatproof.reporters.cases import ERROR, FAILED, SKIPPED, WARNED, Case, cases, clean, headline

NEEDS = "junitparser"


def render(document: dict[str, Any], style: Style) -> str:
    suite = TestSuite(f"chatproof {document['kind']}")
    suite.timestamp = document["started_at"].rstrip("Z")
    for name, value in _properties(document).items():
        suite.add_property(name, value)
    for case in cases(document):
        suite.add_testcase(_case(case, document["kind"]))
    suite.update_statistics()
    whole = JUnitXml("chatproof")
    whole.add_testsuite(suite)
    whole.update_statistics()
    return _inert(whole.tostring().decode("utf-8")) + "\n"


def _case(case: Case, kind: str) -> TestCase:
    made = TestCase(clean(case.id), f"chatproof.{kind}.{case.probe}", round(case.ms / 1000, 4))
    text = "\n".join(case.details)
    if case.state == FAILED:
        made.result = [_result(Failure(case.message, case.code or case.clause), text)]
    elif case.state == ERROR:
        made.result = [_result(Error(case.message, case.code or "undecided"), text)]
    elif case.state == SKIPPED:
        made.result = [Skipped(f"{case.outcome.replace('_', ' ')}: {case.message}")]
    elif case.state == WARNED:
        properties = Properties()
        properties.add_property(Property("warning", case.message))
        made.append(properties)
        made.system_out = f"warning: a {case.level} clause is broken\n{text}"
    return made


def _result(result: Failure | Error, text: str) -> Failure | Error:
    result.text = text
    return result


def _properties(document: dict[str, Any]) -> dict[str, str]:
    target = document["target"]
    named = {
        "verdict": document["verdict"],
        "headline": headline(document),
        "run_id": document["run_id"],
        "base_url": clean(target["base_url"]),
        "model": clean(target["model"]),
        "environment": clean(target["environment"]),
        "contract": document["tool"]["contract"],
    }
    for diagnosis in document["diagnoses"][:1]:
        named |= {"cause": diagnosis["code"], "owner": diagnosis["owner"], "next_step": clean(diagnosis["next_step"])}
    return named


def _inert(xml: str) -> str:
    """A line of the failure's text that a CI log reader would take for a command begins with a reference instead."""
    return "\n".join(f"&#58;{line[1:]}" if line.startswith("::") else line for line in xml.split("\n"))
