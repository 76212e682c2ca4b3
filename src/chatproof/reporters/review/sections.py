"""What an incident review says, in order, before it is laid out. Text is not yet escaped."""

import json
from typing import Any, NamedTuple

from chatproof.printable import cut

_VALUE = 100
_MOST = 12
_NAMED = 8  # clauses of one line
_CAPTURED = "judge-"  # how ids of captures begin
_THE_SAME = "ours: no relevant change (URL, path, model, key, headers, proxy and trust are the same)"
_NOT_KNOWN = "ours: no change is known, but a capture does not say all of it (URL, model, key, headers, proxy, trust)"


class Section(NamedTuple):
    """A title with lines, or with rows under column names."""

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    own: tuple[int, ...] = ()  # columns whose text is of the project's own tables


def headline(document: dict[str, Any]) -> tuple[str, list[str]]:
    """(the verdict, what follows from it)."""
    verdict, recovered = document["verdict"], document["recovered"]
    follows = [f"Because {verdict['reason']}.", f"To decide it: {verdict['settles']}."]
    if document["first_bad"]:
        follows.append(f"It has passed since {recovered['run_id']}." if recovered else "It still fails.")
    return verdict["verdict"], follows


def sections(document: dict[str, Any]) -> list[Section]:
    layers = tuple((layer["layer"], layer["state"], "; ".join(layer["evidence"])) for layer in document["layers"])
    asked = document["request_class"] or {}
    ids = (
        f"{row['probe']} at {row['sent_at'] or 'an unknown time'}: {row['request_id']}"
        for row in document["request_ids"]
    )
    found = [
        Section("Evidence", tuple(document["verdict"]["evidence"])),
        _timeline(document),
        Section("Remarks", tuple(document["remarks"])),
        *_changes(document),
        Section("Layers", columns=("layer", "state", "evidence"), rows=layers),
        Section("Failed request class", tuple(f"{name.replace('_', ' ')}: {text}" for name, text in asked.items())),
        Section("Request ids of the first bad run", tuple(ids)),
        _ledger(document),
        Section("Close the incident when these checks pass", tuple(document["close_with"])),
    ]
    return [section for section in found if section.lines or section.rows]


def _ledger(document: dict[str, Any]) -> Section:
    rows = tuple(
        (
            f"{row['clause']} ({row['probe']})",
            row["says"],
            f"{row['source']} (accessed {row['accessed']})",
            f"expected {row['expected']}; observed {row['observed']}",
        )
        for row in document["sources"]
    )
    return Section("Broken assumptions", columns=("clause", "says", "source", "observed"), rows=rows, own=(1, 2))


def _timeline(document: dict[str, Any]) -> Section:
    rows = []
    for step in document["timeline"]:
        said = f"{step['code']}: {step['said']}" if step["code"] else ""
        if step["changed_here"]:
            said += f" [changed on our side: {', '.join(step['changed_here'])}]"
        marks = f" ({', '.join(step['marks'])})" if step["marks"] else ""
        rows.append((step["at"], step["verdict"] + marks, step["run_id"], step["environment"], said.strip()))
    return Section("Timeline (UTC)", columns=("started", "verdict", "run", "environment", "cause"), rows=tuple(rows))


def _changes(document: dict[str, Any]) -> list[Section]:
    found = []
    for name, title in (("changed", "Changes from the last good to the first bad run"),
                        ("still_differs", "Differences that remain after recovery")):  # fmt: skip
        move = document[name]
        if move is None:
            continue
        lines = []
        for part, label in (("on_our_side", "ours"), ("in_replies", "reply"), ("around_us", "around us")):
            told = [d for d in move[part] if d["kind"] not in ("cost", "verdict")]
            shown = _folded(told)
            lines += [f"{label}: {change(d)}" for d in shown[:_MOST]]
            if len(shown) > _MOST:
                lines.append(f"{label}: {len(shown) - _MOST} more, see chatproof diff {move['from']} {move['to']}")
        if not move["on_our_side"]:
            is_captured = any(str(move[end]).startswith(_CAPTURED) for end in ("from", "to"))
            lines.insert(0, _NOT_KNOWN if is_captured else _THE_SAME)
        if not any(d["kind"] not in ("cost", "verdict") for d in move["in_replies"]):
            lines.append("reply: only times and ids")
        found.append(Section(title, tuple(lines)))
    return found


def _folded(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One difference where several probes differ in the same way, or several clauses: it names them all."""
    groups: dict[str, dict[str, Any]] = {}
    for d in found:
        if d["kind"] == "finding":
            key = json.dumps([d["kind"], d["a"], d["b"], d["change"]])
            first = groups.get(key)
            groups[key] = {**d, "path": f"{first['path']}, {d['path']}", "probe": ""} if first else d
            continue
        key = json.dumps([d["kind"], d["path"], d["a"], d["b"]])
        groups[key] = {**d, "probe": f"{groups[key]['probe']}, {d['probe']}"} if key in groups else d
    return [{**d, "path": _few(d["path"])} if d["kind"] == "finding" else d for d in groups.values()]


def _few(clauses: str) -> str:
    names = clauses.split(", ")
    return ", ".join([*names[:_NAMED], *([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])])


def change(d: dict[str, Any]) -> str:
    """One difference as a line."""
    where = f" ({d['probe']})" if d["probe"] else ""
    if d["change"] in ("lost", "added"):
        value = d["a"] if d["change"] == "lost" else d["b"]
        shown = f" ({_shown(value)})" if value not in ("", None) else ""
        return f"{d['path']}{where} is {'gone' if d['change'] == 'lost' else 'new'}{shown}"
    return f"{d['path']}{where}: {_shown(d['a'])} → {_shown(d['b'])}"


def _shown(value: Any) -> str:
    return cut(value if isinstance(value, str) and value else json.dumps(value), _VALUE)
