"""JSON lines, one event each, for a log pipeline: run.started, exchange, finding, diagnosis, run.finished.

Every event has the schema, its kind, the run's id and a number of its own within the run; what it is about stands in
one object, as it stands in the run document.
"""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style
from chatproof.reporters.cases import sent_at

SCHEMA = "chatproof.event/1"


def render(document: dict[str, Any], style: Style) -> str:
    lines = [
        json.dumps(
            {"schema": SCHEMA, "event": event, "run_id": document["run_id"], "number": number, "time": time, **about},
            ensure_ascii=True,
            allow_nan=False,
        )
        for number, (event, time, about) in enumerate(_events(document), 1)
    ]
    return inert_json("\n".join(lines)) + "\n"


def _events(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    end = document["finished_at"]
    started = {name: document[name] for name in ("kind", "tool", "target", "environment")}
    finished = {name: document[name] for name in ("verdict", "cost", "notes", "smoke_test_run")}
    finished["narrowed"] = document.get("narrowed", [])
    return [
        ("run.started", document["started_at"], {"run": started}),
        *(("exchange", sent_at(exchange, document), {"exchange": exchange}) for exchange in document["exchanges"]),
        *(("finding", end, {"finding": finding}) for finding in document["findings"]),
        *(("diagnosis", end, {"diagnosis": diagnosis}) for diagnosis in document["diagnoses"]),
        ("run.finished", end, {"run": finished}),
    ]
