"""GitLab's code quality report (a JSON array), for the merge request's widget; use it beside `junit`.

The place is the target's line in chatproof.toml; without one, `.gitlab-ci.yml`, the file that asked for the run.
"""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style, narrowed
from chatproof.reporters.cases import ERROR, FAILED, SHOWN, WARNED, cases, clean, identity, place
from chatproof.secrets.digest import sha256

FALLBACK = (".gitlab-ci.yml", 1)


def render(document: dict[str, Any], style: Style) -> str:
    file, line = place(document) if place(document)[0] else FALLBACK
    rows = []
    for case in cases(document):
        if case.state not in (FAILED, WARNED, ERROR) or case.follows:
            continue
        about = f" ({case.code}, owner {case.owner})" if case.code else ""
        rows.append(
            {
                "description": clean(f"{case.id}: {case.outcome}: {case.message}{about}"),
                "check_name": case.clause,
                "fingerprint": sha256(f"{identity(document)}|{case.id}".encode("utf-8", "backslashreplace")),
                "severity": SHOWN[case.state].gitlab,
                "location": {"path": file, "lines": {"begin": line}},
            }
        )
    if narrowed(document):
        less = f"narrowed by {narrowed(document)}: what was left out was not checked"
        rows.append(
            {
                "description": clean(f"chatproof {document['kind']}: {document['verdict']}, {less}"),
                "check_name": "narrowed",
                "fingerprint": sha256(f"{identity(document)}|narrowed".encode("utf-8", "backslashreplace")),
                "severity": "info",
                "location": {"path": file, "lines": {"begin": line}},
            }
        )
    return inert_json(json.dumps(rows, indent=2, ensure_ascii=True, allow_nan=False)) + "\n"
