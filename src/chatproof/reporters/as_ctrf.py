"""CTRF, the Common Test Report Format (JSON). An undecided must is `other`: neither passed nor failed."""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style
from chatproof.reporters.cases import SHOWN, WARNED, Case, cases, clean, epoch_ms, headline, place

SPEC = "0.0.0"  # the version that the working draft gives itself


def render(document: dict[str, Any], style: Style) -> str:
    all_cases = cases(document)
    tests = [_test(case, document) for case in all_cases]
    statuses = ("passed", "failed", "skipped", "pending", "other")
    counts = {status: sum(test["status"] == status for test in tests) for status in statuses}
    less = [clean(why) for why in document.get("narrowed", ())]
    start, stop = epoch_ms(document["started_at"]), epoch_ms(document["finished_at"])
    report = {
        "reportFormat": "CTRF",
        "specVersion": SPEC,
        "timestamp": document["finished_at"],
        "runId": document["run_id"],
        "generatedBy": f"chatproof {document['tool']['version']}",
        "results": {
            "tool": {"name": "chatproof", "version": document["tool"]["version"]},
            "summary": {
                "tests": len(tests),
                **counts,
                "start": start,
                "stop": stop,
                "duration": max(stop - start, 0),
                "extra": {
                    "chatproof": {"verdict": document["verdict"], "headline": headline(document), "narrowed": less}
                },
            },
            "tests": tests,
            "environment": {
                "appName": clean(document["target"]["base_url"]),
                "testEnvironment": clean(document["target"]["environment"]),
                "extra": {"chatproof": {"model": clean(document["target"]["model"])}},
            },
            "extra": {"chatproof": {"diagnoses": [_cleaned(diagnosis) for diagnosis in document["diagnoses"]]}},
        },
    }
    return inert_json(json.dumps(report, indent=2, ensure_ascii=True, allow_nan=False)) + "\n"


def _test(case: Case, document: dict[str, Any]) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": case.id,
        "status": SHOWN[case.state].ctrf,
        "rawStatus": case.outcome,
        "duration": round(case.ms),
        "suite": [word for word in ("chatproof", document["kind"], case.layer) if word],
        "tags": [case.level, *(["warning"] if case.state == WARNED else [])],
        "type": "contract",
    }
    if case.message:
        test["message"] = case.message
    if case.details:
        test["trace"] = "\n".join(case.details)
    file, line = place(document)
    if file:
        test |= {"filePath": file, "line": line}
    more = {"probe": case.probe, "says": case.says, "source": case.source, "cause": case.code, "owner": case.owner}
    test["extra"] = {"chatproof": more}
    return test


def _cleaned(diagnosis: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [clean(item) for item in value] if isinstance(value, list) else clean(value)
        for name, value in diagnosis.items()
    }
