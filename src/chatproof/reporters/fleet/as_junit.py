"""JUnit XML: a test case for each target. NO-GO is a failure; UNDECIDED and what was not checked are errors."""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.as_junit import element, text_of, whole
from chatproof.reporters.cases import clean


def render(document: dict[str, Any], style: Style) -> str:
    causes = {(cause["code"], cause["owner"]): cause for cause in document["causes"]}
    rows = document["targets"]
    counts = {
        "tests": len(rows),
        "failures": sum(row["verdict"] == "NO-GO" for row in rows),
        "errors": sum(row["verdict"] not in ("GO", "NO-GO") for row in rows),
    }
    suite = element("testsuite", *(_case(row, causes) for row in rows), name="chatproof fleet", **counts)
    return whole(element("testsuites", suite, name="chatproof", **counts)) + "\n"


def _case(row: dict[str, Any], causes: dict[tuple[str, str], dict[str, Any]]) -> str:
    inside = []
    if row["verdict"] != "GO":
        cause = causes[row["code"] or "", row["owner"] or ""]
        said = text_of(
            f"owner: {row['owner'] or 'unknown'}\nrun: {row['run_id'] or 'none'}\nnext: {cause['next_step']}"
        )
        tag = "failure" if row["verdict"] == "NO-GO" else "error"
        message = f"{row['verdict'] or 'not checked'}: {cause['summary']}"
        inside = [element(tag, said, message=message, type=row["code"] or "undecided")]
    return element("testcase", *inside, name=clean(row["name"]), classname="chatproof.fleet")
