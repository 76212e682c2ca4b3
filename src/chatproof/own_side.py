"""Codes of our own side: exit status 2, nothing was sent. What each means and what to do."""

OWN_SIDE: dict[str, tuple[str, str]] = {
    "auth.key_missing": (
        "no key is set, or it is empty",
        "Set the variable that the message names, or use --key-env, --key-file or --key-stdin; chatproof doctor shows which count.",
    ),
    "auth.key_malformed": (
        "the key has characters, quotes or words that make it no key",
        "The message names the offset. Copy the key again; look at how the variable is set (quotes, line feeds, placeholders).",
    ),
    "auth.wrong_provider": (
        "the key has the form of another provider's",
        "Base URL, key and model must come from one provider; check the variable, or say --profile.",
    ),
    "url.invalid": (
        "the base URL cannot be used",
        "Write it as https://host/v1: no user name, query or fragment; http only to loopback or with --allow-http.",
    ),
}
