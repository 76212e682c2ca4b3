"""Codes that clauses of this API name, in its own words."""

from chatproof.contract.failure_mode import LIKELY, PROVIDER, Case, Mode, Sign


def _of_clause(case: Case) -> Sign | None:
    """What a clause saw is put in its place: see `diagnosis/failure_modes/coded.py`."""
    return None


MODES = (
    Mode(
        "auth.header",
        PROVIDER,
        "the key is accepted in one header, and refused in the other one that clients send",
        "Use the clients that send the first one, or configure the others to send it (authToken, a default header). Ask whoever runs the endpoint to accept both: Authorization: Bearer and x-api-key.",
        LIKELY,
        _of_clause,
    ),
    Mode(
        "contract.headers",
        PROVIDER,
        "a header that clients send is refused: a value of anthropic-version, or anthropic-beta",
        "Set the header in those clients (defaultHeaders), or use other clients. Ask whoever runs the endpoint to accept it, or to ignore it.",
        LIKELY,
        _of_clause,
    ),
)
