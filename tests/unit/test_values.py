"""Our named tuples do what the library's do, and cost a cold start less."""

import copy
import inspect
import pickle
import subprocess
import sys
import typing
from typing import Any

import pytest

from chatproof import simulator, values


class Ours(values.NamedTuple):
    """A value."""

    first: int
    second: str = "x"
    third: tuple[int, ...] = ()

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"

    def again(self) -> "Ours":
        assert __class__ is Ours  # type: ignore[name-defined]
        return self._replace(first=self.first + 1)


class Theirs(typing.NamedTuple):
    """A value."""

    first: int
    second: str = "x"
    third: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ((1,), {}), ((1, "y"), {}), ((1, "y", (2,)), {}), ((), {"first": 1}), ((1,), {"third": (3,)}),
        ((), {}), ((1, 2, 3, 4), {}), ((1,), {"first": 2}), ((1,), {"fourth": 2}), ((), {"second": "y"}),
    ],
)  # fmt: skip
def test_made_as_theirs_is_made(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    def made(kind: Any) -> Any:
        try:
            return tuple(kind(*args, **named))
        except TypeError:
            return TypeError

    assert made(Ours) == made(Theirs)


def test_a_value_is_a_tuple_that_can_be_read_replaced_copied_and_shown() -> None:
    ours, theirs = Ours(1, third=(2,)), Theirs(1, third=(2,))
    assert (ours.first, ours.second, ours.third) == (*theirs,) and ours == theirs and hash(ours) == hash(theirs)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert ours._replace(second="z") == theirs._replace(second="z")
    assert ours._asdict() == theirs._asdict() and Ours._fields == Theirs._fields
    assert Ours._make([3, "a", ()]) == Theirs._make([3, "a", ()])
    with pytest.raises(TypeError, match="takes 3 values, 1"):
        Ours._make([3])
    assert copy.deepcopy(ours) == ours and type(copy.copy(ours)) is Ours
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert ours.both == "1x" and ours.again() == (2, "x", (2,))
    match ours:
        case Ours(first, second):
            assert (first, second) == (1, "x")
    for wrong in (lambda: setattr(ours, "first", 2), lambda: setattr(ours, "new", 2)):
        with pytest.raises(AttributeError):
            wrong()
    with pytest.raises(ValueError, match="fourth"):
        ours._replace(fourth=1)  # type: ignore[call-arg]


def test_signature_and_help_are_those_of_theirs() -> None:
    assert str(inspect.signature(Ours)) == str(inspect.signature(Theirs))
    assert typing.get_type_hints(Ours) == typing.get_type_hints(Theirs)


def test_a_field_without_a_default_stands_before_those_that_have_one() -> None:
    with pytest.raises(TypeError, match="default"):
        type(values.NamedTuple)("Late", (values.NamedTuple,), {"__annotations__": {"a": int, "b": int}, "a": 1})


COUNTED = """
import collections, sys
made, plain = [], collections.namedtuple
def counted(name, *args, **named):
    module = sys._getframe(1).f_back.f_globals["__name__"]
    made.extend([f"{module}.{name}"] * module.startswith("chatproof"))
    return plain(name, *args, **named)
collections.namedtuple = counted
from chatproof.cli import main
main.main(sys.argv[1:])
print(made, file=sys.stderr)
"""


def test_a_cold_smoke_compiles_no_value_class() -> None:
    server = simulator.start("")
    try:
        command = [sys.executable, "-c", COUNTED, "smoke", server.base_url, "--model", server.model]
        ran = subprocess.run(
            command, env={"CHATPROOF_API_KEY": server.key, "PATH": ""}, capture_output=True, text=True, timeout=60
        )
    finally:
        server.stop()
    assert ran.stdout.startswith("GO")
    assert ran.stderr.splitlines()[-1] == "[]"


def test_annotations_that_are_made_when_asked_for() -> None:
    """As Python 3.14 hands a class body over: without them each value would have no field."""
    body = {"__annotate_func__": lambda form: {"first": int, "second": str}, "second": "x", "__module__": __name__}
    made: Any = type(values.NamedTuple)("Later", (values.NamedTuple,), body)
    assert made._fields == ("first", "second") and tuple(made(1)) == (1, "x")
