"""JUnit XML, for Jenkins, GitLab, Azure DevOps, CircleCI and whatever else reads it.

A broken must is a failure, an undecided one an error; what does not apply or is waived is skipped; a broken should
passes, and says so in its system-out and in the property `warning`.
"""

from typing import Any

from chatproof.printable import escape
from chatproof.reporters import Style, narrowed
from chatproof.reporters.cases import ERROR, FAILED, SKIPPED, WARNED, Case, cases, clean, headline


def render(document: dict[str, Any], style: Style) -> str:
    kind, found = document["kind"], cases(document)
    times = [round(case.ms / 1000, 4) for case in found]
    states = [case.state for case in found]
    failures, errors, skipped = (states.count(state) for state in (FAILED, ERROR, SKIPPED))
    time = round(sum(times), 3)
    properties = [_property(name, value) for name, value in _properties(document).items()]
    suite = element(
        "testsuite",
        element("properties", *properties),
        *(_case(case, kind, seconds) for case, seconds in zip(found, times, strict=True)),
        name=f"chatproof {kind}",
        timestamp=document["started_at"].rstrip("Z"),
        tests=len(found),
        errors=errors,
        failures=failures,
        skipped=skipped,
        time=time,
    )
    counts = {"tests": len(found), "failures": failures, "errors": errors, "skipped": skipped, "time": time}
    return whole(element("testsuites", suite, name="chatproof", **counts)) + "\n"


def _case(case: Case, kind: str, seconds: float) -> str:
    inside = []
    text = text_of("\n".join(case.details))
    if case.state == FAILED:
        inside = [element("failure", text, message=case.message, type=case.code or case.clause)]
    elif case.state == ERROR:
        inside = [element("error", text, message=case.message, type=case.code or "undecided")]
    elif case.state == SKIPPED:
        inside = [element("skipped", message=f"{case.outcome.replace('_', ' ')}: {case.message}")]
    elif case.state == WARNED:
        warning = element("properties", _property("warning", case.message))
        inside = [warning, element("system-out", f"warning: a {case.level} clause failed\n{text}")]
    name = clean(case.id)
    return element("testcase", *inside, name=name, classname=f"chatproof.{kind}.{case.probe}", time=seconds)


def _property(name: str, value: str) -> str:
    return element("property", name=name, value=value)


def element(tag: str, *inside: str, **attributes: object) -> str:
    """An element around parts that are XML already."""
    shown = "".join(f' {name}="{_value(str(value))}"' for name, value in attributes.items())
    return f"<{tag}{shown}>{''.join(inside)}</{tag}>" if inside else f"<{tag}{shown}/>"


def text_of(text: str) -> str:
    """Text as it stands between tags; what XML cannot hold is shown as its escape."""
    return escape(text, "\n").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _value(text: str) -> str:
    return text_of(text).replace('"', "&quot;").replace("\n", "&#10;")


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
    if narrowed(document):
        named["narrowed"] = clean(narrowed(document))
    for diagnosis in document["diagnoses"][:1]:
        named |= {"cause": diagnosis["code"], "owner": diagnosis["owner"], "next_step": clean(diagnosis["next_step"])}
    return named


def whole(xml: str) -> str:
    """A line of the failure's text that a CI log reader would take for a command begins with a reference instead."""
    return "\n".join(f"&#58;{line[1:]}" if line.startswith("::") else line for line in xml.split("\n"))
