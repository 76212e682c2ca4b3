"""What is said of a clause or a capability that the user named and no contract has: the nearest that there is."""

import re

from chatproof.contract.clause import VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.surfaces import surface_of
from chatproof.usage_error import UsageError, near, repeated


def unknown_clause(name: str, scope: str, api: str = CHAT) -> UsageError:
    """The error for `--only` and `--skip`. A clause of validate, or of streams, is told from one that nobody has."""
    known = list(surface_of(api).clauses(VALIDATE))
    said = f"there is no clause {repeated(name, 80)}"
    if any(id == name or id.startswith(f"{name}.") for id in known):
        return UsageError("usage", f"{name} is a clause of validate, not of smoke", "use: chatproof validate")
    families = dict.fromkeys(id[: dot.start()] for id in known for dot in re.finditer(r"\.", id))
    return UsageError("usage", said, near(name, [*known, *families], "chatproof contract --validate lists them"))


def unknown_capability(name: str, api: str = CHAT) -> UsageError:
    """The error for `--require`."""
    known = sorted({clause.capability for clause in surface_of(api).clauses(VALIDATE).values()} - {""})
    return UsageError("usage", f"there is no capability {repeated(name, 80)}", near(name, known))
