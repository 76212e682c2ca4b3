"""What may stand as the value of an option, or as a run or a target: for completion in shells. Names only, no secret.

Some are known when the script is made (faults, formats, capabilities, clauses, profiles); runs and the configuration's
targets are asked of `chatproof completion runs` and `targets` when a key is pressed.
"""

import os
import re
from collections.abc import Callable

RUNS, TARGETS = "runs", "targets"
_MOST = 50
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,99}")
"""A shell expands what it is given to complete from: a name with a character that means something to it is left out."""


def _faults() -> list[str]:
    from chatproof.simulator.faults import ALL

    return list(ALL)


def _formats() -> list[str]:
    from chatproof import reporters

    return reporters.formats()


def _profiles() -> list[str]:
    from chatproof.target import profile

    return profile.names()


def _capabilities() -> list[str]:
    from chatproof.contract.clause import VALIDATE
    from chatproof.surfaces import names, surface_of

    known = (clause for api in names() for clause in surface_of(api).clauses(VALIDATE).values())
    return sorted({clause.capability for clause in known} - {""})


def _clauses() -> list[str]:
    from chatproof.contract.clause import VALIDATE
    from chatproof.surfaces import names, surface_of

    ids = [id for api in names() for id in surface_of(api).clauses(VALIDATE)]
    return [*ids, *dict.fromkeys(id.partition(".")[0] for id in ids)]


def _fail_on() -> list[str]:
    from chatproof.cli.exit_status import FAIL_ON

    return list(FAIL_ON)


def _verdicts() -> list[str]:
    return ["GO", "NO-GO", "UNDECIDED", "none"]


def _kinds() -> list[str]:
    return ["smoke", "validate", "judge"]


def _codes() -> list[str]:
    from chatproof.diagnosis.failure_modes import every_row

    return sorted({mode.code for mode in every_row()})


def _clients() -> list[str]:
    from chatproof.contract.clients import CLIENTS

    return list(CLIENTS)


_VALUES: dict[str, Callable[[], list[str]]] = {
    "--fault": _faults,
    "--format": _formats,
    "--report": _formats,
    "--profile": _profiles,
    "--require": _capabilities,
    "--only": _clauses,
    "--skip": _clauses,
    "--clause": _clauses,
    "--fail-on": _fail_on,
    "--verdict": _verdicts,
    "--kind": _kinds,
    "--code": _codes,
    "--client": _clients,
}
_GROUPED = {"review": "review", "escalate": "escalation", "compare": "comparison"}
"""Commands whose reports have formats of their own."""


def values(command: str, flag: str) -> list[str]:
    """What is known to stand behind an option that has no choices of its own."""
    if flag == "--format" and command in _GROUPED:
        from chatproof import reporters

        return reporters.formats(_GROUPED[command])
    known = _VALUES.get(flag)
    return known() if known else []


def asked(metavar: str, dest: str) -> str:
    """What is asked when a key is pressed: runs, targets, or nothing."""
    if metavar.partition(" ")[0] == "RUN":
        return RUNS
    return TARGETS if dest in ("target", "targets") else ""


def now(what: str) -> list[str]:
    """The newest runs, or the targets of the configuration; none where they cannot be read."""
    from chatproof.journal import JournalError
    from chatproof.usage_error import UsageError

    try:
        return list(filter(_PLAIN.fullmatch, _runs() if what == RUNS else _targets()))
    except (UsageError, JournalError, OSError):
        return []


def _runs() -> list[str]:
    import argparse

    from chatproof.cli.shared.reading import open_journal
    from chatproof.journal import Filters

    kept = open_journal(argparse.Namespace(journal="", config=""))
    return ["latest", *(row.run_id for row in kept.list(Filters(limit=_MOST)))]


def _targets() -> list[str]:
    from chatproof.target import config_files

    return list(config_files.settings("", os.environ.get(config_files.VARIABLE, ""))["targets"])
