"""What a run leaves on GitHub Actions without being asked: annotations, the step's summary, the step's outputs.

Annotations go to standard error, where the runner reads them as well, so that `--format json > run.json` stays JSON.
Nothing here changes the exit status: none of it was asked for.
"""

import os
from typing import Any

from chatproof import reporters
from chatproof.cli.output import WriteError, append, warn, warn_commands
from chatproof.reporters.cases import clean

SUMMARY_LIMIT = 1024 * 1024  # the runner refuses a larger file as a whole


def announce(document: dict[str, Any], status: int, *, annotate: bool) -> None:
    """`annotate` is False when the annotations were asked for on standard output."""
    if annotate:
        warn_commands(reporters.render("github", document))
    _append("GITHUB_STEP_SUMMARY", reporters.render("markdown", document) + "\n", SUMMARY_LIMIT)
    _append("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in outputs(document, status).items()), 0)


def outputs(document: dict[str, Any], status: int) -> dict[str, str]:
    """What later steps may ask for as steps.ID.outputs.NAME. One line each: `clean` leaves no line end."""
    first: dict[str, str] = next(iter(document["diagnoses"]), {})
    cost = document["cost"]
    named = {
        "verdict": document["verdict"],
        "exit-status": str(status),
        "run-id": document["run_id"],
        "cause": first.get("code", ""),
        "owner": first.get("owner", ""),
        "next-step": first.get("next_step", ""),
        "model": document["target"]["model"],
        "requests": str(cost["requests"]),
        "billable-requests": str(cost["billable_requests"]),
        "tokens-reported": str(cost["tokens_reported"]),
    }
    return {name: clean(value) for name, value in named.items()}


def _append(variable: str, text: str, limit: int) -> None:
    path = os.environ.get(variable, "")
    if not path:
        return
    try:
        append(path, text, limit)
    except WriteError as error:
        warn(f"chatproof: {variable}: {error}")
