"""A line a target: name, verdict, code, owner, run id. On standard output the lines come as the targets end."""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.reporters import Style


def line(row: dict[str, Any]) -> str:
    return inert_json(json.dumps(row, ensure_ascii=True)) + "\n"


def render(document: dict[str, Any], style: Style) -> str:
    return "".join(map(line, document["targets"]))
