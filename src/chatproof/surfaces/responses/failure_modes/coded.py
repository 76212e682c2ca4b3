"""Codes that clauses of this API name, in its own words."""

from chatproof.contract.common_modes import of_clause
from chatproof.contract.failure_mode import LIKELY, PROVIDER, Mode

MODES = (
    Mode(
        "stream.left_open",
        PROVIDER,
        "the connection stays open after the stream has ended",
        "Streaming clients hang here until their timeout, although the whole answer has come: ask without stream until it is fixed. Whoever runs the server must end the message after response.completed.",
        LIKELY,
        of_clause,
    ),
)
