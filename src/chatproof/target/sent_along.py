"""What a target is shown besides its key: a certificate of our own, and further headers that a gateway wants.

Loaded only where there is any of it. A header's value is a secret like the key: it comes from a variable, it goes to
the target's origin and nowhere else, and no message repeats it.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from chatproof.target.header_names import REFUSED, VARIABLE, name_problem
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Header, Secret

_LONGEST = 8 * 1024
MOST = 32


def named(option: str) -> tuple[str, str]:
    """(name, variable) of `NAME=env:VAR`. Raises UsageError, without what was given."""
    name, equals, value = option.partition("=")
    if not equals or not value.startswith(VARIABLE):
        raise UsageError(
            "usage",
            "--header expects NAME=env:VAR: everyone on this machine can see a value on the command line",
            "put the value in a variable and name it, as in --header X-Tenant=env:TENANT",
        )
    return name, value.removeprefix(VARIABLE)


def headers(
    options: Iterable[str], table: Mapping[str, Any], environ: Mapping[str, str], key_header: str, *, need: bool
) -> tuple[Header, ...]:
    """The further headers of the options, and those of the configuration that no option replaces.

    `key_header` is the one that carries the key. `need` is false where only the variables' names are shown. Raises
    UsageError; no message holds a value.
    """
    wanted: dict[str, tuple[str, str, bool]] = {}
    for name, said in table.items():
        value, credential = (said, False) if isinstance(said, str) else (said["value"], said.get("credential", False))
        wanted[name.lower()] = (name, value.removeprefix(VARIABLE), credential)
    for name, variable in map(named, options):
        known = wanted.get(name.lower())
        wanted[name.lower()] = (name, variable, known[2] if known else False)
    if len(wanted) > MOST:
        raise UsageError("usage", f"{len(wanted)} headers exceed the limit of {MOST}", "leave some out")
    taken = key_header.partition(":")[0].lower()
    found = []
    for folded, (name, variable, credential) in wanted.items():
        problem = name_problem(name) or (REFUSED["authorization"] if folded == taken else "")
        if problem:
            shown = f"the header {name}" if folded in REFUSED or folded == taken else "a header"
            raise UsageError("usage", f"{shown} cannot be added: {problem}", "leave it out")
        found.append(Header(name, _value(name, variable, environ, need=need), f"{VARIABLE}{variable}", credential))
    return tuple(found)


def checked(given: Iterable[Header], key_header: str) -> None:
    """Raise UsageError for headers of a program that an option could not add."""
    for header in given:
        problem = name_problem(header.name)
        if problem or header.name.lower() == key_header.partition(":")[0].lower():
            raise UsageError(
                "usage", f"a header cannot be added: {problem or REFUSED['authorization']}", "leave it out"
            )
        _check(header.name, header.value)


def _value(name: str, variable: str, environ: Mapping[str, str], *, need: bool) -> Secret:
    if not variable or not variable.replace("_", "a").isalnum() or not variable.isascii() or variable[0].isdigit():
        raise UsageError(
            "usage", f"the header {name} does not name a variable", "write env:VAR; do not give the value itself"
        )
    if variable not in environ:
        if not need:
            return Secret("not-set")
        raise UsageError("usage", f"the header {name} is configured, but {variable} is not set", f"set {variable}")
    held = Secret(environ[variable])
    _check(name, held)
    return held


def _check(name: str, value: Secret) -> None:
    """In a function of its own: no frame that may appear in a traceback holds the bare value."""
    if not 0 < len(value) <= _LONGEST or not _fits(value):
        said = f"the value of the header {name} is empty, too long, or has characters that no header can have"
        raise UsageError("usage", said, "look for a line end or a quote that was copied with it")


def _fits(value: Secret) -> bool:
    return re.fullmatch("[!-~]([ -~]*[!-~])?", value.reveal()) is not None


# -- our own certificate ----------------------------------------------------------------------------------------------


def certificate(asked: Mapping[str, str], entry: Mapping[str, Any]) -> dict[str, str]:
    """Our own certificate: that of the options as a whole, or that of the configuration; never a half of each."""
    found = {**asked} if any(asked.values()) else {name: entry.get(name, "") for name in asked}
    if any(found.values()) and not found["client_cert"]:
        raise UsageError("usage", "a client key is given without its certificate", "give --client-cert FILE as well")
    if found["client_key_pass"] and not found["client_key_pass"].startswith(VARIABLE):
        raise UsageError("usage", "a passphrase is given by the name of its variable, never directly", "use env:NAME")
    return {name: os.path.expanduser(value) for name, value in found.items()}


def notes(path: str, further: Iterable[Header]) -> list[str]:
    """What a run says of them: a client key that others can read, and the headers by name."""
    said = []
    try:
        if path and os.stat(path).st_mode & 0o077:
            said.append(f"other users can read the client key {path}; chmod 600 it")
    except (OSError, ValueError):
        pass  # told of when it is loaded
    listed = ", ".join(f"{h.name} ({h.source}{', credential' if h.credential else ''})" for h in further)
    return [*said, f"further headers are sent: {listed}"] if listed else said
