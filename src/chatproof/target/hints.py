"""What a person probably meant, where a target or its key was not found. Asked on the way to an error only."""

import os
import re
from collections.abc import Iterable

from chatproof.key_form import without
from chatproof.target import profile
from chatproof.usage_error import UsageError, near, repeated


def no_target(asked: str, configured: list[str], notes: Iterable[str]) -> UsageError:
    """Return the error for a target that nothing is known of. `configured` are the names of the user's own targets."""
    known = [*configured, *(name for name in profile.names() if name != profile.GENERIC), "simulator"]
    passed = f" ({'; '.join(notes)})" if notes else ""
    advice = with_scheme(asked) or near(asked, known, other_targets(known))
    if advice.endswith("?") and not configured:  # the name may be right, and the folder wrong
        advice += " Targets of your own are in chatproof.toml, and no chatproof.toml was found here"
    return UsageError("usage", f"there is no target {repeated(asked, 80)}{passed}", advice)


def with_scheme(asked: str) -> str:
    """The advice for what would be a URL, had it a scheme: http for this machine, https for any other."""
    host = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(:[0-9]{1,5})?", asked.partition("/")[0])
    if host is None or not (host[2] or "." in host[1] or host[1] == "localhost"):
        return ""
    name = host[1]
    here = name in ("localhost", "0.0.0.0", "[::1]") or name.startswith("127.")  # noqa: S104
    scheme = "http" if here else "https"
    if without(asked) != asked:  # a part of it may be a key, and within a URL it would be shown
        return f"a base URL begins with its scheme: put {scheme}:// before it"
    return f"a base URL begins with its scheme: {scheme}://{without(asked)[:120]}"


def in_env_file(variables: list[str]) -> str:
    """The advice where a file .env of the working folder sets one of these variables. It is not read unasked: whoever
    wrote the folder wrote it."""
    from chatproof.target import env_file

    if not os.path.isfile(".env"):
        return ""
    try:
        found = env_file.read(".env")[0]
    except UsageError:
        return "there is a file .env here, which is not read without --env-file .env"
    named = next((variable for variable in variables if found.get(variable)), "")
    return f"the file .env here sets {named}, but is not read without --env-file .env" if named else ""


def no_key(source: str, *, set_: bool) -> UsageError:
    """The error for a key that is not there: `source` is where it was looked for; `set_`: that is merely empty."""
    place = source.removeprefix("env:").replace(" or env:", " or ")
    several = " or " in place
    nothing = "is empty" if set_ else "is set" if several else "is not set"
    first = f"set {place.split(' or ')[0]}" if source.startswith("env:") else "put the key there"
    return UsageError(
        "auth.key_missing",
        f"no key: {'none of ' + place.replace(' or ', ', ') if several and not set_ else place} {nothing}",
        in_env_file(place.split(" or "))
        or f"{first}, or use --key-env, --key-file or --key-stdin; if the endpoint needs no key: --no-auth",
    )


def no_fault(name: str, there: Iterable[str], api: str) -> UsageError:
    """The error for a fault that the simulator of this API does not have; another's may have it."""
    listing = f"chatproof simulate --api {api} --list-faults" if api != "chat" else "chatproof simulate --list-faults"
    of = f" of the API {api}" if api != "chat" else ""
    advice = near(name, there, f"see: {listing}")
    if of and listing not in advice:
        advice += f" All: {listing}"
    return UsageError("usage", f"there is no fault {repeated(name)}{of}", advice)


def other_targets(there: list[str]) -> str:
    """The advice for a name that no target is near to."""
    return (
        f"give an http(s) base URL, or one of: {', '.join(there)}; a name of your own needs a table [targets.NAME] in "
        "chatproof.toml (write one: chatproof config init)"
    )


def no_simulator() -> UsageError:
    """The error for a program that names the target which the command line starts by itself."""
    made = "Target(server.base_url, model=server.model, key=Secret(server.key))"
    advice = f"start one: server = chatproof.simulator.start(), then {made}"
    return UsageError("usage", "in Python code, 'simulator' is not a target", advice)
