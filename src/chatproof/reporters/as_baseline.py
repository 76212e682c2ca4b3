"""The present breaks as waivers for chatproof.toml: `validate --baseline PATH`.

Reason and ticket are left empty on purpose, and the configuration refuses a waiver without them: somebody has to say
why a break is accepted, and where that is tracked. What an own waiver covers already is not written again.
"""

from datetime import date, timedelta
from typing import Any

from chatproof.printable import cut, escape
from chatproof.reporters import Style, narrowed

_DAYS = 90
_COMMENT = 200


def render(document: dict[str, Any], style: Style) -> str:
    target = document["target"]
    broken: dict[str, dict[str, str]] = {}
    for finding in document["findings"]:
        if finding["outcome"] == "broken":
            broken.setdefault(finding["clause"], finding)
    less = narrowed(document)
    lines = [
        f"# What `chatproof {document['kind']}` found failing in run {document['run_id']}, {document['started_at']}:",
        f"# {_comment(target['base_url'])}, model {_comment(target['model'])}, {document['verdict']}.",
        *([f"# Narrowed by {_comment(narrowed(document))}: what was left out was not checked."] if less else []),
        "# Put it into chatproof.toml. Fill in reason and ticket: a waiver without them is refused.",
    ]
    grave = [term["clause"] for term in document.get("terms", []) if term["grave"] and term["clause"] in broken]
    if grave:
        lines.append(f"# DANGER: {', '.join(grave)}: fix this instead. A waiver does not make it harmless.")
    lines += _head(target, bool(broken))
    until = (date.fromisoformat(document["started_at"][:10]) + timedelta(days=_DAYS)).isoformat()
    musts_first = sorted(broken.values(), key=lambda finding: finding["level"] != "must")
    for finding in musts_first:
        lines += [
            "",
            f"[[targets.{_key(target['name'])}.waivers]]",
            f"# {finding['level']}; at {_comment(finding['at'])}: expected {_comment(finding['expected'])}; "
            f"observed {_comment(finding['observed'])}",
            f"clause = {_string(finding['clause'])}",
            'reason = ""',
            'ticket = ""',
            f"expires = {_string(until)}",
        ]
    if not broken:
        lines.append("# Nothing failed, so there is nothing to waive.")
    waived = dict.fromkeys(f["clause"] for f in document["findings"] if f["outcome"] == "waived")
    if waived:
        lines += ["", f"# Already waived, and still failing: {', '.join(waived)}."]
    return "\n".join([*lines, ""])


def _head(target: dict[str, Any], broken: bool) -> list[str]:
    """The table of a target that has none in a file yet; of another one its waivers alone."""
    if target["name"] not in ("url", "") or not broken:
        return []
    lines = ["", "[targets.url]", f"base_url = {_string(target['base_url'])}"]
    if target["model"]:
        lines.append(f"model = {_string(target['model'])}")
    return [*lines, "# choose any name, the same here and below"]


def _comment(text: str) -> str:
    """Untrusted text in a comment: one line, nothing that ends it."""
    return cut(escape(text), _COMMENT)


def _key(name: str) -> str:
    plain = name.replace("-", "").replace("_", "")
    return (name if plain.isascii() and plain.isalnum() else _string(name)) if name else "url"


def _string(text: str) -> str:
    """A TOML basic string."""
    quoted = "".join(f"\\U{ord(char):08X}" if not char.isprintable() or char in '"\\' else char for char in text)
    return f'"{quoted}"'
