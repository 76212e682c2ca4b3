"""What the monitor says while it runs: one JSON object a line on standard error, of redacted values only."""

import json
import sys

from chatproof import clock
from chatproof.printable import escape, inert_json


def write(event: str, /, **values: object) -> None:
    """Write one line. Texts are made harmless for terminals and log readers; a stream that is gone is no error."""
    shown = {name: escape(value) if isinstance(value, str) else value for name, value in values.items()}
    line = inert_json(json.dumps({"at": clock.utc(), "event": event, **shown}, ensure_ascii=True))
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
