"""Rows for the error path: what happens to a wrong key or none, and where the key comes back."""

from chatproof.failure_modes.mode import CERTAIN, PROVIDER, Case, Mode, Sign, when


def _not_enforced(case: Case) -> Sign | None:
    answered = case.reply.is_completion or "choices" in case.reply.object
    return when(case.broken(f"{case.reply.probe}.rejected") and answered)


def _status(case: Case) -> Sign | None:
    return when(case.broken(f"{case.reply.probe}.rejected"))


def _error_body(case: Case) -> Sign | None:
    probe = case.reply.probe
    return when(case.is_auth_probe and (case.broken(f"{probe}.body_json") or case.broken(f"{probe}.error_present")))


def _reflected(case: Case) -> Sign | None:
    return when(bool(case.findings), *(finding.observed for finding in case.findings))


MODES = (
    Mode(
        "auth.not_enforced",
        PROVIDER,
        "the endpoint answers requests that carry a wrong key or none",
        "Escalate at once: anyone can use it. If it is open on purpose, say --no-auth.",
        CERTAIN,
        _not_enforced,
    ),
    Mode(
        "contract.status",
        PROVIDER,
        "a request with a wrong key or none is answered with a success status",
        "Report it: clients that look at the status take this reply for an answer.",
        CERTAIN,
        _status,
    ),
    Mode(
        "auth.error_body",
        PROVIDER,
        "a wrong or missing key is refused, but not with a JSON error that a client can read",
        "Report it: the user of an SDK is not told the reason. Find out which hop writes this body.",
        CERTAIN,
        _error_body,
    ),
)

ALONGSIDE = (  # each sees the findings of its own clauses only
    Mode(
        "secret.reflected",
        PROVIDER,
        "the endpoint sends the key back",
        "Rotate the key if replies are logged anywhere, and report it. The key was removed from this record.",
        CERTAIN,
        _reflected,
    ),
)
