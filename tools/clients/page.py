"""The page docs/reference/clients.md, from the data file alone: `make docs` makes it without any client."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[2] / "tests" / "data"
LESSER = {"usage": "usage", "finish_reason": "finish reason"}  # told, but no break by themselves

_ABOUT = """# What clients do with the bytes{of}

Each reply of the simulator's faults, and each example of a clause, was fed to real clients. The page decides what is a
break: a `must` breaks at least one of these clients. `make clients` installs them at the versions below and feeds them
anew; nobody's opinion stands here.

Outcomes are computed from what the same client makes of the good reply to the same request:

| outcome | meaning |
|---|---|
| fine | the same answer, tool calls, finish reason and usage |
| raises | an exception |
| loses | no answer, no tool call, or the server's words about an error are not shown |
| wrong | another text or object, merged or nameless calls, or an error taken for an answer |
| usage, finish reason | only that is lost or wrong: no break by itself |
| unusable | the client cannot read even the good reply of this row, so nothing follows |

`helpers` are the official SDKs' own `stream()` and `parse()`; without the word, `create()`, and pieces joined as the
vendor's guide joins them. Retries are off. One request each: plain, stream, tools, streamed tools, JSON Schema.

"""


_BEFORE = """A `6` in a client's name: the major version before today's (`before` in the table), which many programs still have.

"""
_CODEX = """`not asked`: Codex streams each of its requests. Its call shows in what it asks next.

"""


def data_file(api: str = "chat") -> Path:
    """Where the outcomes of an API's clients stand."""
    return _FOLDER / ("clients.json" if api == "chat" else f"clients-{api}.json")


def load(api: str = "chat") -> dict[str, Any]:
    """Read the outcomes of an API's clients."""
    return json.loads(data_file(api).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def is_break(told: str) -> bool:
    """Whether an outcome of the data file is a break: an exception, a lost or a wrong answer."""
    word, _, about = told.partition(": ")
    return bool(told) and word != "void" and about not in LESSER


def breaking(data: dict[str, Any], clause: str) -> dict[str, list[str]]:
    """For each breaking example of a clause, the clients that break on it."""
    rows = data["clauses"].get(clause, {})
    return {
        number: [client for client, told in zip(data["clients"], outcomes, strict=False) if is_break(told)]
        for number, outcomes in rows.items()
    }


def client_page(levels: dict[str, str], table: Any, api: str = "chat", title: str = "") -> str:
    """The page. `levels` are the clauses' of today, `table` makes a Markdown table of heads and rows."""
    data = load(api)
    clients = data["clients"]
    versions = [[name, version] for name, version in data["versions"].items()]
    clauses = [row for id in levels if (row := _clause_row(data, id, levels[id]))]
    faults = [[f"`{name}`", *_cells(rows.values(), len(clients))] for name, rows in data["faults"].items()]
    before = any(name.endswith(", before") for name in data["versions"])
    return (
        _ABOUT.replace("{of}", f": {title}" if title else "")
        + (_BEFORE if before else "")
        + (_CODEX if "Codex" in data["clients"] else "")
        + table(["client package", "version"], versions)
        + "\n## Clauses\n\nClients that break on a clause's breaking examples, and on how many of them. Clauses that no client here asks\n"
        "about (the listing of models) are left out.\n\n"
        + table(["clause", "level", "examples that break a client", "clients that break"], clauses)
        + "\n## Faults of the simulator\n\nAll words that the requests came to. `harmless-*` must be fine or come to `usage` alone. Not fed, because no bytes of a\n"
        "reply show them: "
        + ", ".join(f"`{name}`" for name in data["not_fed"])
        + ".\n\n"
        + table(["fault", *clients], faults)
    )


def _clause_row(data: dict[str, Any], id: str, level: str) -> list[str]:
    found = breaking(data, id)
    if not found:
        return []
    names = [client for client in data["clients"] if any(client in broken for broken in found.values())]
    shown = "all" if len(names) == len(data["clients"]) else ", ".join(names) or "none"
    return [f"`{id}`", level, f"{sum(map(bool, found.values()))} of {len(found)}", shown]


def _cells(rows: Iterable[list[str]], clients: int) -> list[str]:
    rows = list(rows)
    return [_cell([outcomes[number] for outcomes in rows if outcomes]) for number in range(clients)]


def _cell(told: list[str]) -> str:
    if told and all(one == "void: not asked" for one in told):
        return "not asked"
    words = {_word(one) for one in told if one}
    order = ("wrong", "loses", "raises", "unusable", *LESSER.values())
    return ", ".join(word for word in order if word in words) or "fine"


def _word(told: str) -> str:
    word, _, about = told.partition(": ")
    return "unusable" if word == "void" else LESSER.get(about, word)
