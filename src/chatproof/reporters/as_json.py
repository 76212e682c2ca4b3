"""The run document as JSON: the schema chatproof.run/1. ASCII only, so that no control or bidi character is live."""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style


def render(document: dict[str, Any], style: Style) -> str:
    return inert_json(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)) + "\n"
