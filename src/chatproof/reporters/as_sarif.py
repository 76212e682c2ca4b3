"""SARIF 2.1.0, for code scanning. What is broken or undecided is a result, its consequences are not. The place is
the target's line in the user's configuration, and no place is invented where there is none.

An undecided must is a result of the kind `open` and a notification of the invocation, which was then not successful.
"""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style, narrowed
from chatproof.reporters.cases import ERROR, FAILED, SHOWN, WARNED, Case, cases, clean, identity, place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(document: dict[str, Any], style: Style) -> str:
    shown = [case for case in cases(document) if case.state in (FAILED, WARNED, ERROR) and not case.follows]
    rules = list(dict.fromkeys(case.clause for case in shown))
    by_id = {case.clause: case for case in shown}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "chatproof",
                        "version": document["tool"]["version"],
                        "semanticVersion": document["tool"]["version"],
                        "rules": [_rule(by_id[id]) for id in rules],
                    }
                },
                "automationDetails": {"id": f"chatproof/{document['kind']}/{_slug(identity(document))}/"},
                "invocations": [_invocation(document, shown)],
                "results": [_result(case, rules.index(case.clause), document) for case in shown],
                "columnKind": "unicodeCodePoints",
                "properties": {
                    "verdict": document["verdict"],
                    "run_id": document["run_id"],
                    "narrowed": [clean(why) for why in document.get("narrowed", ())],
                },
            }
        ],
    }
    return inert_json(json.dumps(log, indent=2, ensure_ascii=True, allow_nan=False)) + "\n"


def _rule(case: Case) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": case.clause,
        "name": "".join(word.capitalize() for word in case.clause.replace(".", "_").split("_")),
        "shortDescription": {"text": case.says or case.clause},
        "defaultConfiguration": {"level": "error" if case.level == "must" else "warning"},
        "properties": {"tags": [word for word in ("contract", case.layer, case.level) if word]},
    }
    if case.source:
        rule["helpUri"] = case.source
    return rule


def _result(case: Case, rule: int, document: dict[str, Any]) -> dict[str, Any]:
    text = _unlinked("\n".join([case.message or case.outcome, *case.details[3:]]))
    result: dict[str, Any] = {
        "ruleId": case.clause,
        "ruleIndex": rule,
        "kind": SHOWN[case.state].sarif_kind,
        "level": SHOWN[case.state].sarif_level,
        "message": {"text": text},
        "locations": [_location(document, case)],
        # One alert for a clause on a target, whatever was observed this time.
        "partialFingerprints": {"chatproof/v1": _slug(f"{identity(document)}:{case.id}")},
        "properties": {"probe": case.probe, "outcome": case.outcome, "cause": case.code, "owner": case.owner},
    }
    return result


def _location(document: dict[str, Any], case: Case) -> dict[str, Any]:
    target = document["target"]
    name = f"{target['base_url']}#{case.probe}"
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": clean(name), "kind": "resource"}]}
    file, line = place(document)
    if file:
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": line}}
    return location


def _invocation(document: dict[str, Any], shown: list[Case]) -> dict[str, Any]:
    open_ones = [case for case in shown if case.state == ERROR]
    less = f"narrowed by {clean(narrowed(document))}: what was left out was not checked" if narrowed(document) else ""
    return {
        "executionSuccessful": not open_ones,
        "startTimeUtc": document["started_at"],
        "endTimeUtc": document["finished_at"],
        "toolExecutionNotifications": [
            {
                "level": "warning",
                "message": {"text": _unlinked(f"{case.id} could not be judged: {case.message}")},
                "associatedRule": {"id": case.clause},
            }
            for case in open_ones
        ]
        + ([{"level": "note", "message": {"text": _unlinked(less)}}] if less else []),
    }


def _unlinked(text: str) -> str:
    """SARIF messages know links, [text](target): no untrusted text may make one."""
    return text.replace("](", "]\\x28")


def _slug(text: str) -> str:
    return clean(text, 200).replace(" ", "_")


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/-._~")
