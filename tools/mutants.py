"""What a mutant is, and how the mutants of a module are found."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "chatproof"
EXAMPLES = ("holds_on", "breaks_on")  # arguments of a clause; what only they use is no code, but a test


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
        text = text.replace(f"{name}(", f"__import__('chatproof.contract.clause', fromlist=['']).{name}(")
    text = text.replace("Sign()", "__import__('chatproof.contract.failure_mode', fromlist=['']).Sign()")
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
        self.examples = examples(self.tree)
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
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.Pass) or for_mypy(node):
            return
        elif isinstance(node, ast.stmt):
            self.statement(holder, name, index, node)
        elif isinstance(node, ast.expr | ast.comprehension | ast.keyword) and not is_example(node):
            self.expr(holder, name, index, node)

    def function(self, node: ast.FunctionDef) -> None:
        for at, decorator in enumerate(node.decorator_list):
            if isinstance(decorator, ast.Call):
                self.visit(node, "decorator_list", at, decorator)
        if not self.scope and node.name in self.examples:
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
            alias = isinstance(value, ast.Subscript) and shown(value.value) in ("tuple", "list", "dict")
            if alias or (isinstance(value, ast.Call) and shown(value.func) == "TypeVar"):
                return  # another name of a type: mypy reads it, no reply is judged by it
            if ast.unparse(node.targets[0]) in self.examples:
                return
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
        elif kind.endswith("None") and shown(value) == "None":
            choices = ()
        elif kind.startswith(("tuple", "list")):
            choices = ("()",) if kind.startswith("tuple") else ("[]",)
        elif kind.endswith("None"):
            choices = ("None",)
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
        rows = self.file in ("diagnosis/failure_modes/faults.py", "diagnosis/failure_modes/coded.py") and not self.scope
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
        if registers(node.func):
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
            if (called, shown(keyword)) == ("zip", "strict=False"):
                continue  # as without it: ruff wants it to be said
            if is_example(keyword):
                continue
            self.drop(node, "keywords", at, keyword, "drop argument")
        return None

    def clause(self, node: ast.Call) -> None:
        """The decorator's data: what it needs and how strict it is. The rest is prose and examples."""
        given = {keyword.arg: keyword for keyword in node.keywords}
        if needs := given.get("needs"):
            for at, need in enumerate(getattr(needs.value, "elts", ())):  # a row's own needs are its table's
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


def registers(function: ast.expr) -> bool:
    """Whether a call registers a clause: `clause(…)`, `CLAUSES.add(…)`, `on_stream(CLAUSES)(…)`, …"""
    return shown(function) in ("clause", "CLAUSES.add", "clauses.add", "on_stream(CLAUSES)")


def is_example(node: ast.AST) -> bool:
    """Whether a node is an argument that gives a clause its examples, whatever function it is given to."""
    return isinstance(node, ast.keyword) and node.arg in EXAMPLES


def examples(tree: ast.Module) -> set[str]:
    """Private names of a module that only the examples of its clauses use, directly or through each other."""
    made: dict[str, ast.stmt] = {}
    for one in tree.body:
        if isinstance(one, ast.FunctionDef) and not one.decorator_list:
            made[one.name] = one
        elif isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            made[one.targets[0].id] = one
    used: dict[str, set[str]] = {name: set() for name in made}  # by whom: a name, "" for an example, or code

    def note(node: ast.AST, user: str) -> None:
        if isinstance(node, ast.Name) and node.id in used and isinstance(node.ctx, ast.Load):
            used[node.id].add(user)
        for child in ast.iter_child_nodes(node):
            note(child, "" if is_example(child) else user)

    for one in tree.body:
        note(one, next((name for name, there in made.items() if there is one), "code"))
    found = {name for name in made if name.startswith("_")}
    while wrong := {name for name in found if not used[name] or used[name] - found - {""}}:
        found -= wrong
    return found


def put(holder: Any, name: str, index: int | None, new: Any, old: Any) -> None:
    ast.copy_location(new, old)
    if index is None:
        setattr(holder, name, new)
    else:
        getattr(holder, name)[index] = new
    ast.fix_missing_locations(holder)


def for_mypy(node: ast.AST) -> bool:
    """What the running program does not look at: types, and the name by which they are left out."""
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    named = node.test if isinstance(node, ast.If) else node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(named, ast.Name) and named.id == "TYPE_CHECKING"


def children(node: ast.AST) -> Iterator[tuple[Any, str, int | None, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield node, name, None, value
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield node, name, index, item
