"""CSV (RFC 4180), one row for each finding. What a spreadsheet would run as a formula begins with an apostrophe."""

import csv
import io
from typing import Any

from chatproof.reporters import Style, narrowed
from chatproof.reporters.cases import clean, of_findings

COLUMNS = (
    "run_id", "started_at", "kind", "target", "base_url", "model", "environment", "verdict", "clause", "layer", "level",
    "probe", "outcome", "message", "cause", "owner", "http_status", "fault", "request_id", "ms", "narrowed",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def render(document: dict[str, Any], style: Style) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    target = document["target"]
    exchanges = {exchange["id"]: exchange for exchange in document["exchanges"]}
    for case, finding in zip(of_findings(document), document["findings"], strict=True):
        exchange = exchanges.get(finding["exchange"])
        response = exchange["response"] if exchange else None
        fault = exchange["fault"] if exchange else None
        row = (
            document["run_id"],
            document["started_at"],
            document["kind"],
            target["name"],
            target["base_url"],
            target["model"],
            target["environment"],
            document["verdict"],
            case.clause,
            case.layer,
            case.level,
            case.probe,
            case.outcome,
            case.message,
            case.code,
            case.owner,
            str(response["status"] or "") if response else "",
            fault["code"] if fault else "",
            response["request_id"] if response else "",
            f"{exchange['timings_ms']['total']:g}" if exchange and exchange["timings_ms"]["total"] is not None else "",
            narrowed(document),
        )
        writer.writerow([cell(value) for value in row])
    return out.getvalue()


def cell(text: str) -> str:
    text = clean(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
