"""The document of a fleet as it is: chatproof.fleet/1."""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style


def render(document: dict[str, Any], style: Style) -> str:
    return inert_json(json.dumps(document, indent=2, ensure_ascii=True)) + "\n"
