"""--against: which good runs a run's shape is compared with. Looked up before anything is sent."""

import argparse
from typing import Any

from chatproof.commands.keeping import MOST
from chatproof.commands.reading import find_runs, open_journal
from chatproof.journal import JournalError
from chatproof.target import Target
from chatproof.usage_error import UsageError

LATEST_GOOD = "latest:GO"


def baseline(args: argparse.Namespace, target: Target) -> list[dict[str, Any]]:
    """The documents: the last good runs of this target for latest:GO, else the one run that was named.

    Empty where no run of the target was good yet. Raises UsageError and JournalError.
    """
    if args.against != LATEST_GOOD:
        (found,) = find_runs(args, [args.against])
        if not found.row.ended:
            raise UsageError("usage", f"--against: {found.row.run_id} has no end", "name a run that ended")
        return [found.document]
    try:
        kept = open_journal(args)
        named = {"name": target.name, "base_url": target.base_url, "model": target.model}
        return [*kept.documents([number for number, _ in kept.good(named, MOST)])]
    except JournalError as error:
        if error.code == "journal.missing":
            return []  # the first run of all
        raise
