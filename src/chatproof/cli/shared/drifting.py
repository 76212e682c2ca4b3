"""--against: which good runs a run's shape is compared with. Looked up before anything is sent."""

import argparse
from typing import Any

from chatproof.cli.shared.keeping import MOST
from chatproof.cli.shared.reading import find_runs, open_journal
from chatproof.journal import JournalError
from chatproof.journal.entry import subject_of
from chatproof.journal.selecting import Scope
from chatproof.target.target import Target
from chatproof.usage_error import UsageError

LATEST_GOOD = "latest:GO"


def baseline(args: argparse.Namespace, target: Target) -> list[dict[str, Any]]:
    """The documents: the last good runs of this target for latest:GO, else the one run that was named.

    Empty where no run of the target was good yet. Raises UsageError and JournalError.
    """
    if args.against != LATEST_GOOD:
        within = Scope(target.name or "url", subject_of(target._asdict()), "", target.api)
        (named_run,) = find_runs(args, [args.against], within)
        if not named_run.row.ended:
            raise UsageError("usage", f"--against: {named_run.row.run_id} did not end", "name a run that ended")
        return [named_run.document]
    try:
        kept = open_journal(args)
        named = {"name": target.name, "base_url": target.base_url, "model": target.model}
        return list(kept.documents([number for number, _ in kept.good(named, MOST, target.api)]))
    except JournalError as error:
        if error.code == "journal.missing":
            return []  # the first run of all
        raise
