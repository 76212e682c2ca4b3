"""The bundle as it is: chatproof.escalation/1."""

import json
from typing import Any

from chatproof.reporters import Style


def render(document: dict[str, Any], style: Style) -> str:
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
