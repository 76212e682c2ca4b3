"""Faults of the two forms in which clients write a request: the header of the key, the version."""

from chatproof.simulator.messages_faults.parts import of_version, says, should, with_api_key, with_bearer

_KEY, _VERSION = "headers.key", "headers.version"
_UNKNOWN = says(400, "anthropic-version: is not a valid version")

ROWS = (
    should(
        "no-api-key-header",
        "The key is not read from x-api-key.",
        "auth.header",
        with_api_key,
        says(401, "Authorization header is required"),
        _KEY,
    ),
    should(
        "no-bearer-header",
        "The key is not read from Authorization.",
        "auth.header",
        with_bearer,
        says(401, "x-api-key header is required"),
        _KEY,
    ),
    should(
        "no-bearer-forbidden",
        "A key in Authorization is forbidden.",
        "auth.header",
        with_bearer,
        says(403, "x-api-key header is required", "permission_error"),
        _KEY,
    ),
    should(
        "no-old-version",
        "The version of the AI SDK is not accepted.",
        "contract.headers",
        of_version("2023-06-01"),
        _UNKNOWN,
        _VERSION,
    ),
    should(
        "no-new-version",
        "The version of the official SDKs is not accepted.",
        "contract.headers",
        of_version("2026-10-21"),
        _UNKNOWN,
        _VERSION,
    ),
)
