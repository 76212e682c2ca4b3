"""Outside `surfaces/` and `simulator/` nobody asks for a probe's name, a path, or a field of chat's reply.

Whoever does so knows one API, and the next one would have to be written in there as well (docs/decisions/0041).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproof.contract.clause import VALIDATE
from chatproof.surfaces import surface_of

PACKAGE = Path(__file__).parents[2] / "src" / "chatproof"
CHAT = surface_of("chat")
PROBES = set(CHAT.rows(VALIDATE))
PLAIN_WORDS = {
    name for name in PROBES if "." not in name and name != "happy"
}  # stream, tools, image: words of many uses
FAMILIES = {f"{name.partition('.')[0]}." for name in PROBES if "." in name} - {"auth.", "stream."}
FIELDS = {"choices", "finish_reason", "delta", "tool_calls", "reasoning_content", "completion_tokens"}
PROPERTIES = {"choices", "finish_reason", "deltas", "is_completion"}
PATHS = {CHAT.path, *(row.suffix for row in CHAT.rows(VALIDATE).values())}
LOOK_UPS = {"get", "startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "pop", "index"}
NOT_OF_REPLIES = {
    # the table of marks by which the replies of all APIs are told apart
    "captures/json_files.py": {"'choices' of value"},
    # the choices are argparse's
    "cli/commands/completion.py": {"'attribute choices' of option", "'attribute choices' of action"},
    # where providers put an error, beside an answer or in it: shapes, whatever the API
    "evidence/provider_error.py": {"'choices' of body"},
    # the table of paths that no base URL ends in: those of all APIs that are known
    "wire/urls.py": {"'/models' of url.path"},
}
"""What looks like chat's and is not: in which file, and which words. Each must still be there, and nothing else."""


def asked_for(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """(line, the constant, what it is compared with or looked up in)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for number, side in enumerate(sides):
                others = " ".join(ast.unparse(other) for at, other in enumerate(sides) if at != number)
                yield from ((node.lineno, text, others) for text in texts_in(side))
        elif isinstance(node, ast.Subscript):
            yield from ((node.lineno, text, ast.unparse(node.value)) for text in texts_in(node.slice))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOK_UPS:
            place = ast.unparse(node.func.value)
            yield from ((node.lineno, text, place) for arg in node.args for text in texts_in(arg))
        elif isinstance(node, ast.Attribute) and node.attr in PROPERTIES:
            yield node.lineno, f"attribute {node.attr}", ast.unparse(node.value)


def texts_in(node: ast.AST) -> list[str]:
    """The constants of an operand: one, or those of a tuple, list or set."""
    nodes = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    found = [each.value for each in nodes if isinstance(each, ast.Constant)]
    return [
        text.decode("latin-1") if isinstance(text, bytes) else text for text in found if isinstance(text, str | bytes)
    ]


def is_of_chat(text: str, place: str) -> bool:
    if text.startswith("attribute "):
        return True
    if text in PLAIN_WORDS:
        return "probe" in place
    if text in PROBES or text in FAMILIES or text in PATHS:
        return True
    return text.strip('"') in FIELDS or text.startswith("$.choices")


def knows_chat(source: str) -> list[str]:
    return [
        f"line {line}: {text!r} of {place[:40]}"
        for line, text, place in asked_for(ast.parse(source))
        if is_of_chat(text, place)
    ]


def test_nothing_outside_of_the_surfaces_knows_chat() -> None:
    found: dict[str, list[str]] = {}
    excepted: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(("surfaces/", "simulator/")):
            continue
        lines = knows_chat(path.read_text(encoding="utf-8"))
        if name in NOT_OF_REPLIES:
            excepted[name] = {line.partition(": ")[2] for line in lines}
        elif lines:
            found[name] = lines
    assert excepted == NOT_OF_REPLIES
    assert found == {}, "ask the row, the clause or the surface's view: docs/decisions/0041-surfaces.md"


@pytest.mark.parametrize(
    "source",
    [
        'exchange["probe"] == "models"',
        'if probe in ("happy", "x"): pass',
        'name.startswith("error.")',
        'reply.object.get("choices")',
        'chunk["finish_reason"]',
        "reply.is_completion",
        'path.endswith("/chat/completions")',
        "b'\"choices\"' in body",
    ],
)
def test_each_kind_of_it_would_be_found(source: str) -> None:
    assert knows_chat(source)


@pytest.mark.parametrize(
    "source", ['args.stream == "stream"', "row.role == CONTROL", 'code.startswith("auth.rejected")']
)
def test_other_words_are_free(source: str) -> None:
    assert knows_chat(source) == []
