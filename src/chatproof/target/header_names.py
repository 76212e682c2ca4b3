"""Which headers may be added to a request besides the key's, by their names."""

VARIABLE = "env:"
_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")  # RFC 9110, token
REFUSED: dict[str, str] = {
    "host": "it comes from the base URL",
    "authorization": "it carries the key: see --key-env and --profile",
    "proxy-authorization": "it is for the proxy: see --proxy",
    **dict.fromkeys(
        (
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ),
        "it is about one connection, not about the request",
    ),
    **dict.fromkeys(
        ("content-length", "content-encoding", "expect"), "it describes where the request ends or how it is sent"
    ),
    **dict.fromkeys(("accept", "accept-encoding", "content-type", "user-agent"), "chatproof sets it itself"),
}
"""Headers that nobody may add, and why, by their names in lower case."""


def name_problem(name: str) -> str:
    """Why a header of this name cannot be added; empty when it can."""
    if not name or not _NAME.issuperset(name) or len(name) > 100:
        return "its name is not a valid header name"
    return REFUSED.get(name.lower(), "")
