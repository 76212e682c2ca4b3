"""Codes that clauses of this API name, in its own words."""

from chatproof.contract.common_modes import of_clause
from chatproof.contract.failure_mode import LIKELY, PROVIDER, Mode

MODES = (
    Mode(
        "auth.header",
        PROVIDER,
        "the key is accepted in one header, and refused in the other one that clients send",
        "Use the clients that send the first one, or configure the others to send it (authToken, a default header). Ask whoever runs the endpoint to accept both: Authorization: Bearer and x-api-key.",
        LIKELY,
        of_clause,
    ),
    Mode(
        "contract.headers",
        PROVIDER,
        "a header that clients send is refused: a value of anthropic-version, or anthropic-beta",
        "Set the header in those clients (defaultHeaders), or use other clients. Ask whoever runs the endpoint to accept it, or to ignore it.",
        LIKELY,
        of_clause,
    ),
    Mode(
        "stream.left_open",
        PROVIDER,
        "the connection stays open after the stream has ended",
        "Streaming clients hang here until their timeout, although the whole answer has come: ask without stream until it is fixed. Whoever runs the server must end the message after message_stop.",
        LIKELY,
        of_clause,
    ),
)
