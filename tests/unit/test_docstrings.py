"""Every public name is documented: functions begin with a verb, each attribute of a value has its sentence."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import Any

import pytest

import chatproof
import chatproof.testing.pytest_plugin as plugin
from chatproof import aio, journal, simulator
from chatproof.journal.reading import Found, Row
from chatproof.journal.store import Journal
from chatproof.simulator import harness
from chatproof.wire import exchange

VERBS = frozenset(
    [
        "Add",
        "Append",
        "Ask",
        "Bring",
        "Build",
        "Claim",
        "Close",
        "Compare",
        "Convert",
        "Count",
        "Find",
        "Forget",
        "Judge",
        "List",
        "Mark",
        "Open",
        "Prepare",
        "Prove",
        "Provide",
        "Read",
        "Record",
        "Register",
        "Remove",
        "Render",
        "Return",
        "Run",
        "Send",
        "Start",
        "Stop",
        "Switch",
        "Tell",
        "Write",
    ]
)
QUESTIONS = frozenset(["How", "What", "When", "Where", "Whether", "Which", "Who", "Whom", "Whose", "Why", "It", "Its"])
INHERITED = frozenset(("count", "index", "with_traceback", "add_note"))
FIXTURES = ("chat_simulator", "chatproof_run", "chatproof_target")

ROOTS: dict[str, Any] = {
    **{name: getattr(chatproof, name) for name in chatproof.__all__ if not name.startswith("__")},
    **{f"aio.{name}": getattr(aio, name) for name in aio.__all__},
    **{f"simulator.{name}": getattr(simulator, name) for name in ("Simulator", "start")},
    **{f"simulator.{name}": getattr(harness, name) for name in ("ChatSimulator", "Received", "RelocatedSimulator")},
    **{f"journal.{name}": getattr(journal, name) for name in ("Filters", "JournalError", "default_place", "open")},
    **{f"journal.{value.__name__}": value for value in (Found, Journal, Row)},  # what `open` gives, and what that gives
    **{f"exchange.{name}": getattr(exchange, name) for name in ("Arrival", "Certificate", "Header", "Peer", "Timings", "Url")},
}  # fmt: skip


def members(value: Any) -> dict[str, Any]:
    """The public functions and properties that a class itself defines."""
    fields = getattr(value, "_fields", ())
    return {
        name: found
        for name, found in vars(value).items()
        if not name.startswith("_")
        and name not in fields
        and name not in INHERITED
        and (isinstance(found, property | classmethod | staticmethod) or inspect.isfunction(found))
    }


def function(found: Any) -> Any:
    return found.fget if isinstance(found, property) else getattr(found, "__func__", found)


CLASSES = {name: value for name, value in ROOTS.items() if inspect.isclass(value)}
PROPERTIES = {
    f"{name}.{member}": function(found)
    for name, value in CLASSES.items()
    for member, found in members(value).items()
    if isinstance(found, property)
}
FUNCTIONS = {
    **{name: value for name, value in ROOTS.items() if not inspect.isclass(value)},
    **{
        f"{name}.{member}": function(found)
        for name, value in CLASSES.items()
        for member, found in members(value).items()
        if not isinstance(found, property)
    },
    **{f"fixture {name}": inspect.unwrap(getattr(plugin, name)) for name in FIXTURES},
}


def doc(value: Any) -> str:
    return inspect.cleandoc(value.__doc__ or "")


def first_word(value: Any) -> str:
    found = re.match(r"[A-Za-z]+", doc(value))
    return found[0] if found else ""


def attributes(value: Any) -> list[str]:
    """The fields of a value; of another class, what its `__init__` sets in public, and its public slots."""
    if hasattr(value, "_fields"):
        return [field for field in value._fields if not field.startswith("_")]
    found = [slot for slot in getattr(value, "__slots__", ()) if not slot.startswith("_")]
    if "__init__" in vars(value):
        tree = ast.parse(textwrap.dedent(inspect.getsource(value.__init__)))
        found += [
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
            and not node.attr.startswith("_")
        ]
    return list(dict.fromkeys(found))


def described(value: Any) -> dict[str, str]:
    """What the list in a class's docstring says of each attribute: lines such as "- `a`, `b`: text"."""
    found = {}
    for item in re.findall(r"^- (.*(?:\n  .*)*)", doc(value), re.MULTILINE):
        names, _, text = item.partition(": ")
        found.update(dict.fromkeys(re.findall(r"`(\w+)`", names), text.strip()))
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_begins_with_a_verb(name: str) -> None:
    assert first_word(FUNCTIONS[name]) in VERBS, f"{name}: {doc(FUNCTIONS[name])[:60]!r}: a verb first (see VERBS)"


@pytest.mark.parametrize("name", [*CLASSES, *PROPERTIES])
def test_a_class_and_a_property_say_what_they_are(name: str) -> None:
    text = doc(CLASSES.get(name) or PROPERTIES[name])
    assert text and "Built-in" not in text, f"{name} has no docstring"
    assert re.match(r"[A-Za-z`]+", text) and text.split()[0].strip("`") not in QUESTIONS, f"{name}: {text[:60]!r}"


@pytest.mark.parametrize("name", CLASSES)
def test_each_attribute_is_described(name: str) -> None:
    value, found = CLASSES[name], described(CLASSES[name])
    assert {each: found.get(each, "") for each in attributes(value) if not found.get(each)} == {}
    assert set(found) <= set(attributes(value)), "a docstring describes what does not exist"


@pytest.mark.parametrize("name", [*CLASSES, *PROPERTIES])
def test_a_number_of_time_has_its_unit(name: str) -> None:
    texts = []
    if name in PROPERTIES:
        if "float" in str(inspect.signature(PROPERTIES[name]).return_annotation):
            texts = [doc(PROPERTIES[name])]
    else:
        annotated = getattr(CLASSES[name], "__annotations__", {})
        texts = [described(CLASSES[name])[field] for field, kind in annotated.items() if "float" in str(kind)]
        if any("float" in str(kind) for kind in annotated.values()) and "millisecond" in doc(CLASSES[name]):
            return  # one unit for all, in the first sentence
    assert all("second" in text for text in texts), texts


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_error_that_a_function_raises_is_named(name: str) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(FUNCTIONS[name])))
    raised = {
        getattr(node.exc.func if isinstance(node.exc, ast.Call) else node.exc, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and node.exc is not None
    }
    assert [error for error in raised if error[:1].isupper() and error not in doc(FUNCTIONS[name])] == []


def test_each_option_of_pytest_has_its_help() -> None:
    class Group:
        def __init__(self) -> None:
            self.helps: dict[str, str] = {}

        def addoption(self, name: str, **about: Any) -> None:
            self.helps[name] = about.get("help", "")

    class Parser:
        def __init__(self) -> None:
            self.group, self.inis = Group(), dict[str, str]()

        def getgroup(self, *args: str) -> Group:
            return self.group

        def addini(self, name: str, help: str, **about: Any) -> None:
            self.inis[name] = help

    parser = Parser()
    plugin.pytest_addoption(parser)  # type: ignore[arg-type]
    assert len(parser.group.helps) >= 5 and all(parser.group.helps.values())
    assert set(parser.inis) == set(plugin._INI) and all(len(text) > len("chatproof: ") for text in parser.inis.values())


def test_nothing_public_is_left_out() -> None:
    """A new public name of the package is looked at without an edit here; a new fixture needs its name in FIXTURES."""
    fixtures = {
        node.name
        for node in ast.parse(inspect.getsource(plugin)).body
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(mark) for mark in node.decorator_list)
    }
    assert fixtures == set(FIXTURES)
    assert len(CLASSES) > 25 and len(FUNCTIONS) > 30 and len(PROPERTIES) > 35
