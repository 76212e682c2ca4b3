"""Break clauses and diagnosis in every small way we can think of, and see that a test fails each time.

    python tools/mutate.py [--validate] [WORD...]

tries all mutants, or those whose place has one of the words: the place is `FILE:LINE FUNCTION`, such as
`failure_modes/provider.py:40 _relayed`, FILE below src/chatproof. Two at once, on the tests that need no network. Each
mutant is compiled into its module in a forked child, and only the tests that execute the changed lines are run there.
Each minute a line on stderr says how far it is. `--validate` takes the clauses of validate and the capabilities instead.
Exit 1 when a mutant survives that `tools/mutation/equivalent.toml` does not excuse, or when an excuse there fits nothing
any more; also when a test fails on the code as it is, or a file of tests is missing.
"""

import argparse
import ast
import importlib
import importlib.abc
import importlib.util
import inspect
import os
import pickle
import resource
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "chatproof"
EXCUSES = ROOT / "tools" / "mutation" / "equivalent.toml"


class Field(NamedTuple):
    """What is mutated, and by whom it must be noticed."""

    mutated: tuple[str, ...]  # patterns below src/chatproof
    tests: tuple[str, ...]  # modules


SMOKE = Field(
    ("clauses/*.py", "failure_modes/*.py", "judging.py", "diagnosis.py", "reply.py", "provider_*.py"),
    (
        "tests.unit.test_clauses",
        "tests.unit.test_coded_rows",
        "tests.unit.test_failure_mode_case",
        "tests.unit.test_findings",
        "tests.unit.test_judging",
        "tests.unit.test_partial_runs",
        "tests.unit.test_parts_not_held",
        "tests.unit.test_refused_key",
        "tests.unit.test_reply_rows",
        "tests.unit.test_reply",
        "tests.unit.test_diagnosis",
        "tests.unit.test_provider_error",
        "tests.test_exchanges",
    ),
)
VALIDATE = Field(
    ("clauses/validate/*.py", "capability.py"),
    ("tests.unit.test_clauses", "tests.unit.test_findings"),
)
field = SMOKE  # main chooses, before anything is imported or forked
SHARED = ("tests.support", "tests.test_exchanges")  # which the tests import
PROCESSES = 2
PROGRESS = 60  # seconds between two lines about it
CPU_SECONDS = 60  # for one mutant; the whole suite needs five to ten. Whoever needs so many loops, and has been noticed
BLOCKED = 600  # seconds by the clock: too many say only that the machine is busy, so the mutant counts as a survivor
EXAMPLES = ("_body", "_chunk")  # functions that only make a clause's examples: they are tests, not code

# --- what a mutant is ------------------------------------------------------------------------------------------------


class Mutant(NamedTuple):
    file: str  # below src/chatproof
    scope: str  # the function, or "module"
    line: int
    last: int  # lines line..last decide which tests can notice
    source: str  # the source line, stripped
    change: str
    apply: Callable[[], None]  # changes the module's tree in place; called in a child only
    word: str = ""  # for an entry of a table: what a reply must hold to notice that it is gone

    @property
    def lines(self) -> range:
        return range(self.line, self.last + 1)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Names the mutant by what it changes, not by where: it is gone when the code changes."""
        return (self.file, self.scope, self.source, self.change)


COMPARED: dict[type, tuple[type, ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
CLEANING = ("strip", "rstrip", "lstrip", "lower", "upper", "capitalize", "casefold")
ASKING = (
    "get", "header", "startswith", "endswith", "partition", "rpartition", "split", "find", "fact", "broken",
    "undecided", "_failing", "_problem",
)  # fmt: skip
SHORTENING = ("quote", "snippet", "cut")  # their numbers are lengths of excerpts: looks, not judgement
OUTCOMES = {
    "holds": "holds()",
    "broken": "broken('', '', '')",
    "undecided": "undecided('')",
    "not_applicable": "not_applicable('')",
}
OWNERS = {"YOU": "you", "PROVIDER": "provider", "GATEWAY": "gateway", "NETWORK": "network", "UNKNOWN": "unknown"}
CONFIDENCES = {"CERTAIN": "certain", "LIKELY": "likely", "POSSIBLE": "possible"}


def expression(text: str) -> ast.expr:
    """An expression whose names are found whatever the module imports."""
    for name in OUTCOMES:
        text = text.replace(f"{name}(", f"__import__('chatproof.clause', fromlist=['']).{name}(")
    text = text.replace("Sign()", "__import__('chatproof.failure_modes.mode', fromlist=['']).Sign()")
    return ast.parse(text, mode="eval").body


def shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:97]}..."


class Finder:
    """Walks one module's tree and collects its mutants."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.text = (PACKAGE / file).read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.tree = ast.parse(self.text)
        self.found: list[Mutant] = []
        self.scope: list[str] = []
        self.returns: list[str] = []
        self.row_code = ""  # of the failure mode's row that is being walked

    def collect(self) -> list[Mutant]:
        for holder, name, index, node in list(children(self.tree)):
            self.visit(holder, name, index, node)
        return self.found

    def add(self, node: Any, change: str, apply: Callable[[], None], within: Any = None) -> None:
        line = node.lineno
        last = (within or node).end_lineno
        scope = ".".join(self.scope) or "module"
        plain = node.args[0] if isinstance(node, ast.Call) and node.args else node
        word = str(plain.value).lower() if isinstance(plain, ast.Constant) else self.row_code
        self.found.append(Mutant(self.file, scope, line, last, self.lines[line - 1].strip(), change, apply, word))

    def swap(self, holder: Any, name: str, index: int | None, node: Any, new: ast.AST | str, said: str = "") -> None:
        """A mutant with `new` in the place of `node`."""
        said = said or (new if isinstance(new, str) else shown(new))
        if said == shown(node):
            return

        def apply() -> None:
            fresh = expression(new) if isinstance(new, str) else new
            put(holder, name, index, fresh, node)

        self.add(node, f"{shown(node)} → {said}", apply)

    def drop(self, owner: Any, name: str, index: int, node: Any, what: str = "drop") -> None:
        def apply() -> None:
            values = getattr(owner, name)
            del values[index]
            if isinstance(owner, ast.Dict):
                del owner.keys[index]

        self.add(node, f"{what} {shown(node)}", apply)

    # Statements

    def visit(self, holder: Any, name: str, index: int | None, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef):
            self.function(node)
        elif isinstance(node, ast.ClassDef):
            self.scope.append(node.name)
            for found in children(node):
                if isinstance(found[3], ast.FunctionDef):
                    self.visit(*found)
            self.scope.pop()
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.Pass):
            return
        elif isinstance(node, ast.stmt):
            self.statement(holder, name, index, node)
        elif isinstance(node, ast.expr | ast.comprehension | ast.keyword):
            self.expr(holder, name, index, node)

    def function(self, node: ast.FunctionDef) -> None:
        for at, decorator in enumerate(node.decorator_list):
            if isinstance(decorator, ast.Call):
                self.visit(node, "decorator_list", at, decorator)
        if node.name in EXAMPLES:
            return
        for at, default in enumerate(node.args.defaults):
            self.visit(node.args, "defaults", at, default)
        kind = ast.unparse(node.returns) if node.returns else ""
        self.scope.append(node.name)
        self.returns.append(kind)
        body = node.body
        documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        first = body[1] if documented else body[0]
        always = {"Outcome": tuple(OUTCOMES.values()), "Sign | None": ("None", "Sign()"), "bool": ("True", "False")}
        for value in always.get(kind, ()):
            self.add(first, f"always {value}", always_returns(node, value), within=node)
        for at, statement in enumerate(body):
            if at or not documented:
                self.visit(node, "body", at, statement)
        self.returns.pop()
        self.scope.pop()

    def statement(self, holder: Any, name: str, index: int | None, node: ast.stmt) -> None:
        inside = bool(self.scope)
        if inside and not isinstance(node, ast.Return):
            self.swap(holder, name, index, node, ast.Pass(), "deleted")
        if isinstance(node, ast.If | ast.While):
            self.forced(node, "test", None, node.test)
        if isinstance(node, ast.Continue):
            self.swap(holder, name, index, node, ast.Break(), "break")
        if isinstance(node, ast.Return) and node.value is not None:
            self.returned(node)
        if isinstance(node, ast.Assign) and not inside:
            value = node.value
            if ast.unparse(node.targets[0]) == "__all__":
                return
            if isinstance(value, ast.Subscript) and shown(value.value) in ("tuple", "list", "dict"):
                return  # another name of a type: mypy reads it, no reply is judged by it
            if self.file.startswith("clauses/") and not numbers_or_words(value):
                return  # examples
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                self.swap(node, "value", None, value, ast.Constant(f"x{value.value}"))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        for found in list(children(node)):
            if isinstance(node, ast.AnnAssign) and found[1] in ("annotation", "target"):
                continue
            if isinstance(node, ast.Assign | ast.AugAssign | ast.For) and found[1] in ("target", "targets"):
                continue
            self.visit(*found)

    def returned(self, node: ast.Return) -> None:
        kind, value = self.returns[-1], node.value
        called = value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else ""
        choices: tuple[str, ...] = ()
        if kind == "Outcome":
            choices = tuple(text for outcome, text in OUTCOMES.items() if outcome != called)
        elif kind == "Outcome | None":
            choices = ("None", *OUTCOMES.values()) if shown(value) != "None" else ("undecided('')",)
        elif kind == "Sign | None":
            is_none = isinstance(value, ast.Constant)
            choices = ("Sign()",) if is_none else ("None",) if called == "Sign" else ("None", "Sign()")
        elif kind == "bool":
            choices = (f"not ({ast.unparse(value)})",)
        elif kind == "str":
            choices = ("''",) if shown(value) != "''" else ("'mutant'",)
        elif kind.startswith(("tuple", "list")):
            choices = ("()",) if kind.startswith("tuple") else ("[]",)
        elif kind.endswith("None"):
            choices = ("None",) if shown(value) != "None" else ()
        for choice in choices:
            self.swap(node, "value", None, value, choice)

    # Expressions

    def forced(self, holder: Any, name: str, index: int | None, test: ast.expr) -> None:
        for value in (True, False):
            self.swap(holder, name, index, test, ast.Constant(value))

    def expr(self, holder: Any, name: str, index: int | None, node: Any) -> None:
        descend = getattr(self, f"on_{type(node).__name__}", lambda *_: None)(holder, name, index, node)
        if descend is not False:
            for found in list(children(node)):
                self.visit(*found)

    def on_JoinedStr(self, *_: Any) -> bool:
        return False  # wording

    def on_Compare(self, holder: Any, name: str, index: int | None, node: ast.Compare) -> None:
        for at, operator in enumerate(node.ops):
            for other in COMPARED[type(operator)]:
                ops = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                self.swap(holder, name, index, node, ast.Compare(node.left, ops, node.comparators))
        for owner, field, at, word in list(children(node)):
            if isinstance(word, ast.Constant) and isinstance(word.value, str | bytes):
                self.swap(owner, field, at, word, altered(word))

    def on_BoolOp(self, holder: Any, name: str, index: int | None, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self.swap(holder, name, index, node, ast.BoolOp(other, node.values))
        for at, value in enumerate(node.values):
            rest = [*node.values[:at], *node.values[at + 1 :]]
            new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            self.swap(holder, name, index, node, new, f"without {shown(value)}")

    def on_UnaryOp(self, holder: Any, name: str, index: int | None, node: ast.UnaryOp) -> bool | None:
        if isinstance(node.op, ast.Not):
            self.swap(holder, name, index, node, node.operand)
            return None
        return False

    def on_BinOp(self, holder: Any, name: str, index: int | None, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.BitOr | ast.Add):
            self.swap(holder, name, index, node, node.left)
            self.swap(holder, name, index, node, node.right)

    def on_IfExp(self, holder: Any, name: str, index: int | None, node: ast.IfExp) -> None:
        self.forced(node, "test", None, node.test)

    def on_comprehension(self, holder: Any, name: str, index: int | None, node: ast.comprehension) -> None:
        for at, test in enumerate(node.ifs):
            self.forced(node, "ifs", at, test)

    def on_Constant(self, holder: Any, name: str, index: int | None, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.swap(holder, name, index, node, ast.Constant(not node.value))
        elif isinstance(node.value, int):
            for value in (node.value - 1, node.value + 1):
                self.swap(holder, name, index, node, ast.Constant(value))

    def on_Tuple(self, holder: Any, name: str, index: int | None, node: Any) -> bool | None:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            return False
        rows = self.file in ("failure_modes/faults.py", "failure_modes/coded.py") and not self.scope
        prose = bool(rows and name == "elts" and isinstance(holder, ast.Tuple))
        if prose:  # the parts of a row are not optional
            self.row_code = getattr(node.elts[0], "value", "")
            self.labels(node, "elts", node.elts)
            self.row_code = ""
        else:
            for at, element in enumerate(node.elts):
                self.drop(node, "elts", at, element)
        return not prose

    on_List = on_Set = on_Tuple

    def on_Dict(self, holder: Any, name: str, index: int | None, node: ast.Dict) -> None:
        for at, value in enumerate(node.values):
            key = node.keys[at]
            said = f"{shown(key)}: {shown(value)}" if key else f"**{shown(value)}"

            def apply(at: int = at) -> None:
                del node.keys[at], node.values[at]

            self.add(key or value, f"drop {said}", apply)

    def on_Subscript(self, holder: Any, name: str, index: int | None, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Slice):
            self.swap(holder, name, index, node, node.value)

    def on_Call(self, holder: Any, name: str, index: int | None, node: ast.Call) -> bool | None:
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called == "clause":
            self.clause(node)
            return False
        if called in ("Mode", "_row"):
            self.row(node)
            return False
        if called == "Example":
            return False
        if called in SHORTENING:
            for found in children(node):
                if found[1] == "args" and found[2] == 0:
                    self.visit(*found)
            return False
        if isinstance(node.func, ast.Attribute) and called in CLEANING:
            self.swap(holder, name, index, node, node.func.value)
        if called in ("any", "all", "min", "max"):
            other = {"any": "all", "all": "any", "min": "max", "max": "min"}[called]
            self.swap(holder, name, index, node, ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords))
        for at, argument in enumerate(node.args):
            word = isinstance(argument, ast.Constant) and isinstance(argument.value, str | bytes)
            if word and called in ASKING and (isinstance(node.func, ast.Attribute) or called.startswith("_")):
                self.swap(node, "args", at, argument, altered(argument))
            if (called == "when" and at) or isinstance(argument, ast.Starred):
                self.drop(node, "args", at, argument, "drop argument")
        for at, keyword in enumerate(node.keywords):
            self.drop(node, "keywords", at, keyword, "drop argument")
        return None

    def clause(self, node: ast.Call) -> None:
        """The decorator's data: what it needs and how strict it is. The rest is prose and examples."""
        given = {keyword.arg: keyword for keyword in node.keywords}
        if needs := given.get("needs"):
            for at, need in enumerate(needs.value.elts):  # type: ignore[attr-defined]
                self.drop(needs.value, "elts", at, need, "drop need")
        level = given.get("level")
        if level is not None:
            self.swap(level, "value", None, level.value, ast.Constant("must"))
        else:

            def relax() -> None:
                node.keywords.append(ast.keyword("level", ast.Constant("should")))
                ast.fix_missing_locations(node)

            self.add(node, f"{shown(node.args[0])}: level should", relax)
        for name, other in (("code", "contract.status"), ("capability", "image"), ("probe", "models")):
            keyword = given.get(name)
            if keyword is None or not isinstance(keyword.value, ast.Constant):
                continue
            new = altered(keyword.value) if keyword.value.value == other else ast.Constant(other)
            self.swap(keyword, "value", None, keyword.value, new)
        for name in ("code", "capability", "on_fault"):
            if name in given:
                self.drop(node, "keywords", node.keywords.index(given[name]), given[name], "drop argument")

    def row(self, node: ast.Call) -> None:
        """A failure mode's row: its pattern, code, owner and confidence. The words are read in tests/golden/judged."""
        pattern = node.args[-1]
        self.row_code = getattr(node.args[0], "value", "")
        self.labels(node, "args", node.args)
        for at, argument in enumerate(node.args):
            if isinstance(argument, ast.Tuple):
                for place, element in enumerate(argument.elts):
                    self.drop(argument, "elts", place, element)
            if argument is pattern and not isinstance(argument, ast.Constant | ast.JoinedStr | ast.Tuple):
                if self.scope or shown(node.func) == "_row":
                    continue
                for value in ("None", "Sign()"):
                    self.swap(node, "args", at, argument, f"lambda case: {value}")
                if isinstance(argument, ast.Lambda):
                    self.visit(node, "args", at, argument)
        self.row_code = ""

    def labels(self, holder: Any, name: str, values: list[ast.expr]) -> None:
        """Another code, another owner, another confidence."""
        for at, value in enumerate(values):
            if at == 0 and isinstance(value, ast.Constant):
                self.swap(holder, name, at, value, altered(value))
            for labels in (OWNERS, CONFIDENCES):
                if isinstance(value, ast.Name) and value.id in labels:
                    *others, last = (label for label in labels.values() if label != labels[value.id])
                    self.swap(holder, name, at, value, ast.Constant(last if others else ""))


def always_returns(function: ast.FunctionDef, value: str) -> Callable[[], None]:
    def apply() -> None:
        put(function, "body", 0, ast.Return(expression(value)), function.body[0])

    return apply


def altered(node: ast.Constant) -> ast.Constant:
    return ast.Constant(b"x" + node.value if isinstance(node.value, bytes) else f"x{node.value}")


def numbers_or_words(node: ast.expr) -> bool:
    """A tuple of numbers or of strings, as a rule's table is; nothing that makes an example."""
    plain = isinstance(node, ast.Tuple) and all(isinstance(e, ast.Constant) for e in node.elts)
    return plain or (isinstance(node, ast.Constant) and node.value == "text/event-stream")


def put(holder: Any, name: str, index: int | None, new: Any, old: Any) -> None:
    ast.copy_location(new, old)
    if index is None:
        setattr(holder, name, new)
    else:
        getattr(holder, name)[index] = new
    ast.fix_missing_locations(holder)


def children(node: ast.AST) -> Iterator[tuple[Any, str, int | None, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield node, name, None, value
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield node, name, index, item


# --- running the tests in a child --------------------------------------------------------------------------------


class Test(NamedTuple):
    id: str
    run: Callable[[], None]
    words: str  # its parameters, lower case


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the package and its tests from code compiled once, before any fork; one module gets another code."""

    def __init__(self) -> None:
        sources = [
            *(ROOT / "src").rglob("*.py"),
            *((ROOT / Path(*name.split("."))).with_suffix(".py") for name in (*field.tests, *SHARED)),
        ]
        self.known: dict[str, tuple[Path, CodeType]] = {}
        for path in sources:
            if not path.exists():
                raise SystemExit(f"{path.relative_to(ROOT)} is missing: without it less is tested than is said")
            base = ROOT / "src" if path.is_relative_to(ROOT / "src") else ROOT
            self.plant(path, base, compile(path.read_text(encoding="utf-8"), str(path), "exec"))

    def plant(self, path: Path, base: Path, code: CodeType) -> None:
        name = ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")
        self.known[name] = (path, code)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in self.known:
            return None
        place, _ = self.known[name]
        within = [str(place.parent)] if place.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(name, place, loader=self, submodule_search_locations=within)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.known[module.__name__][1], module.__dict__)


def module_name(file: str) -> str:
    return ".".join(["chatproof", *Path(file).with_suffix("").parts]).removesuffix(".__init__")


def warm_up() -> Planted:
    """Import, before any fork, whatever does not depend on a mutated module, and read the cases only once."""
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    planted = Planted()
    sys.meta_path.insert(0, planted)
    for name in ("http1", "printable", "probes", "profile", "redaction", "sse", "strictjson", "urls", "models"):
        importlib.import_module(f"chatproof.{name}")
    tomllib.loads = lru_cache(maxsize=None)(tomllib.loads)  # type: ignore[assignment]
    for file in sorted((ROOT / "tests" / "exchanges").glob("*.toml")):
        tomllib.loads(file.read_text())
    # Most of a case's time goes into these, again and again for the same few values.
    profile: Any = sys.modules["chatproof.profile"]
    profile.load = lru_cache(maxsize=None)(profile.load)
    strictjson: Any = sys.modules["chatproof.strictjson"]
    strictjson.parse = lru_cache(maxsize=None)(strictjson.parse)
    redaction: Any = sys.modules["chatproof.redaction"]
    make = redaction.Redactor
    kept = lru_cache(maxsize=None)(lambda secrets, others: make(list(secrets), list(others)))
    redaction.Redactor = lambda secrets, others=(): kept(tuple(secrets), tuple(others or ()))
    early = [name for name in map(module_name, files()) if name in sys.modules]
    if early:
        raise SystemExit(f"imported before it can be mutated: {early}")
    return planted


def files() -> list[str]:
    return sorted({str(path.relative_to(PACKAGE)) for pattern in field.mutated for path in PACKAGE.glob(pattern)})


def tests() -> list[Test]:
    """The test functions of the field with their parameters, as plain calls: a pytest session costs a second."""
    found = []
    for name in field.tests:
        module = importlib.import_module(name)
        for test, function in vars(module).items():
            if test.startswith("test_") and callable(function):
                for row, arguments in parameters(function):
                    call = partial(function, **arguments)
                    found.append(Test(f"{name}:{test}{row}", call, str(arguments).lower()))
    return found


def parameters(function: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name in brackets, arguments) of each call that pytest would make."""
    sets: list[tuple[str, dict[str, Any]]] = [("", {})]
    for mark in getattr(function, "pytestmark", []):
        if mark.name != "parametrize":
            raise SystemExit(f"{function.__name__}: a mark this script does not know: {mark.name}")
        names, values = mark.args
        names = [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)
        rows = []
        for number, row in enumerate(values):
            special = isinstance(row, type(pytest.param()))
            given = row.values if special else row if len(names) > 1 else (row,)
            rows.append((f"[{(special and row.id) or number}]", dict(zip(names, given, strict=True))))
        sets = [(words + w, {**known, **new}) for words, known in sets for w, new in rows]
    yield from sets


class Baseline(NamedTuple):
    order: list[str]  # test ids, fastest first
    words: dict[str, str]  # test id → its parameters, lower case
    seconds: float
    executed: dict[str, dict[int, set[str]]]  # file → line → ids of the tests that execute it
    imported: dict[str, set[int]]  # file → lines executed while importing
    failed: list[str]


def baseline() -> Baseline:
    """Run every test once on the code as it is, and see which lines each executes."""
    known = {str(PACKAGE / file): file for file in files()}
    lines: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        file = known.get(frame.f_code.co_filename)
        if file is None:
            return None
        lines.add((file, frame.f_lineno))
        return trace

    sys.settrace(trace)
    suite = tests()
    imported: dict[str, set[int]] = defaultdict(set)
    for file, line in lines:
        imported[file].add(line)
    executed: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    failed, times = [], {}
    for test in suite:
        lines.clear()
        sys.settrace(trace)
        why = problem(test)
        sys.settrace(None)
        failed += [f"{test.id}: {why}"] if why else []
        for file, line in lines:
            executed[file][line].add(test.id)
        began = time.perf_counter()
        passes(test)
        times[test.id] = time.perf_counter() - began
    order = sorted(times, key=times.__getitem__)
    words = {test.id: test.words for test in suite}
    plain = {file: dict(executed[file]) for file in files()}
    return Baseline(order, words, sum(times.values()), plain, {file: imported[file] for file in files()}, failed)


def passes(test: Test) -> bool:
    return not problem(test)


def problem(test: Test) -> str:
    """Why a test fails; empty when it passes."""
    try:
        test.run()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""


def in_child(task: Callable[[], Any]) -> Any:
    """What `task` returns, computed in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(task(), pipe)
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit("the tests cannot be run on the code as it is")
    return pickle.loads(data)


def try_mutant(mutant: Mutant, tree: ast.Module, wanted: list[str], suite: dict[str, Test], planted: Planted) -> int:
    """In a child: 0 when all wanted tests pass with the mutant in place, 1 when one fails, 2 when it is no program.

    With a `suite` that is imported already the function gets another code; without, the suite is imported now.
    """
    signal.alarm(BLOCKED)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        mutant.apply()
        code = compile(tree, str(PACKAGE / mutant.file), "exec")
        if suite:
            function = find_function(mutant)
            assert function is not None
            function.__code__ = find_code(code, function.__code__)
    except Exception:
        return 2
    if suite:
        return 0 if all(passes(suite[id]) for id in wanted) else 1
    try:
        planted.plant(PACKAGE / mutant.file, ROOT / "src", code)
        by_id = {test.id: test for test in tests()}
    except BaseException:
        return 1
    order = [id for id in wanted if id in by_id]
    order += [id for id in by_id if id not in wanted] if len(order) < len(wanted) else []
    return 0 if all(passes(by_id[id]) for id in order) else 1


def find_function(mutant: Mutant) -> FunctionType | None:
    """The imported function that the mutant changes; None when it is not one, but a module's or a closure's code."""
    found: Any = sys.modules[module_name(mutant.file)]
    for name in mutant.scope.split("."):
        if not isinstance(found, ModuleType | type):
            return None
        found = inspect.getattr_static(found, name, None)
        found = getattr(found, "fget", getattr(found, "func", found))  # property, cached_property
    return found if isinstance(found, FunctionType) else None


def find_code(code: CodeType, like: CodeType) -> CodeType:
    """The code of the same function in another compilation of the module."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if (inner.co_qualname, inner.co_firstlineno) == (like.co_qualname, like.co_firstlineno):
                return inner
            if like.co_qualname.startswith(f"{inner.co_qualname}."):
                return find_code(inner, like)
    raise LookupError(like.co_qualname)


def at_import(mutant: Mutant, known: Baseline) -> bool:
    """Whether the changed lines are executed when the module is imported."""
    return mutant.scope == "module" or bool(known.imported[mutant.file].intersection(mutant.lines))


def noticing(mutant: Mutant, known: Baseline) -> list[str]:
    """Ids of the tests that may notice: those that execute the lines; all for what happens at import."""
    if at_import(mutant, known):
        return sorted(known.order, key=lambda id: mutant.word not in known.words[id])
    by_line = known.executed[mutant.file]
    touching = set().union(*(by_line.get(line, ()) for line in mutant.lines))
    return [id for id in known.order if id in touching]


# --- the report --------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    global field  # noqa: PLW0603 - one run has one, and its children are forks
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutants whose place has one of the words")
    parser.add_argument("--validate", action="store_true", help="mutate validate's clauses and capability.py")
    options = parser.parse_args(arguments)
    field = VALIDATE if options.validate else SMOKE
    return report(options.words)


def report(words: list[str]) -> int:
    began = time.monotonic()
    planted = warm_up()
    known: Baseline = in_child(baseline)
    if known.failed:
        print("these tests fail on the code as it is:", *known.failed, sep="\n  ")
        return 1
    finders = {file: Finder(file) for file in files()}
    mutants = [mutant for finder in finders.values() for mutant in finder.collect()]
    if words:
        mutants = [m for m in mutants if any(word in f"{m.file}:{m.line} {m.scope}" for word in words)]
        if not mutants:
            raise SystemExit(f"no mutant's place has any of these words: {' '.join(words)}")
    survivors = run(mutants, finders, known, planted)
    excused, unused = excuses(mutants, survivors, whole=not words)
    total, alive = Counter(m.file for m in mutants), Counter(m.file for m in survivors)
    for file, count in sorted(total.items()):
        allowed = sum(1 for m in excused if m.file == file)
        print(f"{file:32} {count:5} mutants  {alive[file] - allowed:4} survive  {allowed:3} equivalent")
    left = [m for m in survivors if m not in excused]
    for m in sorted(left, key=lambda m: (m.file, m.line)):
        print(f"\nsrc/chatproof/{m.file}:{m.line} in {m.scope}: {m.change}\n    {m.source}")
    for key, why in unused:
        print(f"\nan excuse that fits no surviving mutant: {' | '.join(key)}\n    {why}")
    took = time.monotonic() - began
    print(f"\n{len(mutants)} mutants, {len(left)} survive, {len(excused)} equivalent, {took:.0f} s", end="")
    print(f" (one run of the {len(known.order)} tests: {known.seconds:.1f} s)")
    return 1 if left or unused else 0


class Survivors(list[Mutant]):
    """Those that no test noticed, and how far we are."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total, self.done, self.began = total, 0, time.monotonic()
        self.next = self.began + PROGRESS

    def tried(self, mutant: Mutant, *, survived: bool) -> None:
        self.done += 1
        if survived:
            self.append(mutant)
        now = time.monotonic()
        if now >= self.next:
            self.next = now + PROGRESS
            said = f"{self.done} of {self.total} tried after {now - self.began:.0f} s, {len(self)} survive so far"
            print(said, file=sys.stderr, flush=True)


def run(mutants: list[Mutant], finders: dict[str, Finder], known: Baseline, planted: Planted) -> list[Mutant]:
    """Those that no test noticed. First those that need a fresh import, then, on one import, all others."""
    survivors = Survivors(len(mutants))
    late = [mutant for mutant in mutants if not at_import(mutant, known)]
    fresh = [mutant for mutant in mutants if at_import(mutant, known)]
    in_children(fresh, finders, known, {}, planted, survivors)
    if late:
        suite = {test.id: test for test in tests()}
        for test in suite.values():  # fills the caches that all children then share
            passes(test)
        closures = [mutant for mutant in late if find_function(mutant) is None]
        in_children([mutant for mutant in late if mutant not in closures], finders, known, suite, planted, survivors)
        for name in [name for name in sys.modules if name.startswith(("chatproof", "tests"))]:
            del sys.modules[name]
        in_children(closures, finders, known, {}, planted, survivors)
    return survivors


def in_children(
    mutants: list[Mutant],
    finders: dict[str, Finder],
    known: Baseline,
    suite: dict[str, Test],
    planted: Planted,
    survivors: Survivors,
) -> None:
    running: dict[int, Mutant] = {}

    def wait() -> None:
        child, status = os.wait()
        mutant = running.pop(child)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 2:
            raise SystemExit(f"cannot be planted: {mutant.file}:{mutant.line} {mutant.change}")
        blocked = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        survivors.tried(mutant, survived=status == 0 or blocked)

    for mutant in mutants:
        if len(running) == PROCESSES:
            wait()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = try_mutant(mutant, finders[mutant.file].tree, noticing(mutant, known), suite, planted)
            finally:
                os._exit(code)
        running[child] = mutant
    while running:
        wait()


def excuses(
    mutants: list[Mutant], survivors: list[Mutant], *, whole: bool
) -> tuple[list[Mutant], list[tuple[tuple[str, ...], str]]]:
    """(survivors that are known to be equivalent, excuses that fit no survivor)."""
    text = EXCUSES.read_text(encoding="utf-8") if EXCUSES.exists() else ""
    reasons: dict[tuple[str, ...], str] = {}
    for entry in tomllib.loads(text).get("equivalent", []):
        for change in entry["changes"]:
            reasons[(entry["file"], entry["function"], entry["line"], change)] = entry["why"]
    excused = [m for m in survivors if m.key in reasons]
    used = {m.key for m in excused}
    tried = {m.key for m in mutants}
    if whole:  # an excuse of the other field's files is not ours; one of a file that is gone is
        here = files()
        tried |= {key for key in reasons if key[0] in here or not (PACKAGE / key[0]).exists()}  # type: ignore[misc]
    return excused, [(key, why) for key, why in reasons.items() if key not in used and key in tried]


if __name__ == "__main__":
    assert pytest  # imported here so that no child has to
    sys.exit(main(sys.argv[1:]))
