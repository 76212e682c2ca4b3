"""The end of runs that were begun and whose worker is gone: `interrupted`, once, and never asked again.

Whether their requests were sent is not known, so that sending them once more could pay twice. The record is made from
what was written down when the run began; nothing of it needs a key.
"""

from typing import Any

from chatproof import clock
from chatproof.journal import FINISHED
from chatproof.journal.store import Journal
from chatproof.running.plan import LeftOut, Settings, contract_for
from chatproof.running.run import Sent, conclude
from chatproof.target import profile
from chatproof.target.target import Resolved, Target
from chatproof.wire.urls import UrlProblem, parse_base_url

LOSS = "the loss of its worker"
SPENT = "a spent budget, before anything was sent"
MARGIN = 60.0  # seconds beyond what a batch may last before its worker counts as lost
_BACK = 7 * 86400.0  # seconds for which a run that has no end is looked for


def close_lost(kept: Journal, limit: float, now: float) -> int:
    """Record the end of runs that were begun longer than `limit` seconds and a margin ago and have none; return their
    number.

    `now` is in seconds since 1970. A worker that comes back to life later changes nothing: a run has one end. Raises
    JournalError.
    """
    since, until = (clock.utc(now - back) for back in (_BACK, limit + MARGIN))
    lost = [ended(started) for started in kept.unfinished(since, until) if is_of_a_fleet(started)]
    return kept.append(FINISHED, lost) if lost else 0


def is_of_a_fleet(started: dict[str, Any]) -> bool:
    """The run was begun by a fleet: its id is longer than those of other runs."""
    return len(started["run_id"].rpartition("-")[2]) == 16


def ended(started: dict[str, Any], by: str = LOSS) -> dict[str, Any]:
    """The document of a run that has been interrupted, from its started document (schema chatproof.started/1)."""
    said = started["target"]
    url = parse_base_url(said["base_url"], allow_http=True)
    assert not isinstance(url, UrlProblem), "it was used when the run began"
    target = Target(
        said["base_url"],
        model=said["model"],
        profile=said["profile"],
        name=said["name"],
        environment=said["environment"],
        key_source=said["key"]["source"] if said["key"] else "",
        place=said["place"],
        api=started.get("api", "chat"),
    )
    resolved = Resolved(target, url, profile.load(said["profile"]), ())
    settings = Settings(kind=started["kind"])
    not_sent: dict[str, str] = {row["probe"]: LeftOut(f"interrupted by {by}") for row in started["planned"]}
    sent = Sent(started["run_id"], started["started_at"], [], not_sent, by, "")
    made: dict[str, Any] = conclude(contract_for(resolved, settings), resolved, settings, sent, {}).document
    made["target"]["key"] = said["key"]
    return made
