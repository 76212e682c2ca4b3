"""Break clauses and diagnosis in every small way we can think of, and see that a test fails each time.

    python tools/mutate.py [--validate | --wire | --apis] [--part K/N] [--processes N] [WORD...]

tries all mutants, or those whose place has one of the words, or one of N parts (0/N to N-1/N, of each file alike): the place is `FILE:LINE FUNCTION`, such as
`diagnosis/failure_modes/provider.py:40 _relayed`, FILE below src/chatproof. Two at once (or N), on the tests that need no network. Each
mutant is compiled into its module in a forked child, and only the tests that execute the changed lines are run there.
Each minute a line on stderr says how far it is, and another tells each survivor as it is found. `--validate` takes the clauses of validate and the capabilities instead,
`--wire` the readers of a server's bytes: HTTP/1.1, chunks, events; `--apis` the clauses of the other APIs.
Exit 1 when a mutant survives that `tools/mutation/equivalent.toml` does not excuse, or when an excuse there fits nothing
any more; also when a test fails on the code as it is, or a file of tests is missing.
"""

import argparse
import ast
import gc
import importlib
import importlib.abc
import importlib.util
import inspect
import mmap
import os
import pickle
import resource
import signal
import struct
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

import pytest
from exchanging import exchanged, find_functions, forget, module_name
from mutant_fields import APIS, SMOKE, VALIDATE, WIRE
from mutants import PACKAGE, ROOT, Finder, Mutant

EXCUSES = ROOT / "tools" / "mutation" / "equivalent.toml"


field = SMOKE  # main chooses, before anything is imported or forked
processes = 2  # main may choose another number, too
PROGRESS = 60  # seconds between two lines about it
WORDED, NEIGHBOURS, RARE = 12, 24, 40  # tests asked first: with the row's word, that noticed a neighbour, of rare lines
AT_ONCE = 1.0  # seconds, traced, of the fastest tests together
BLOCKED = 600  # seconds by the clock: too many say only that the machine is busy, so the mutant counts as a survivor

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
            *((ROOT / Path(*name.split("."))).with_suffix(".py") for name in (*field.tests, *field.shared)),
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


def warm_up() -> Planted:
    """Import, before any fork, whatever does not depend on a mutated module, and read the cases only once."""
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    planted = Planted()
    sys.meta_path.insert(0, planted)
    names: tuple[str, ...] = ("wire.exchange", "printable")
    if field is not WIRE:
        names = (
            "wire.http1",
            "printable",
            "surfaces.chat.probes",
            "target.profile",
            "secrets.redaction",
            "wire.sse",
            "wire.strictjson",
            "wire.json_faults",
            "wire.urls",
            "surfaces.model_listing",
        )
    for name in names:
        importlib.import_module(f"chatproof.{name}")
    if field is not WIRE:
        remember()
    early = [name for name in map(module_name, files()) if name in sys.modules]
    if early:
        raise SystemExit(f"imported before it can be mutated: {early}")
    return planted


def remember() -> None:
    """Let the slow calls that a case makes again and again be made once: files read, profiles loaded, keys encoded."""
    tomllib.loads = lru_cache(maxsize=None)(tomllib.loads)  # type: ignore[assignment]
    for file in sorted((ROOT / "tests" / "exchanges").glob("*.toml")):
        tomllib.loads(file.read_text())
    # Most of a case's time goes into these, again and again for the same few values.
    profile: Any = sys.modules["chatproof.target.profile"]
    profile.load = lru_cache(maxsize=None)(profile.load)
    strictjson: Any = sys.modules["chatproof.wire.strictjson"]
    strictjson.parse = lru_cache(maxsize=None)(strictjson.parse)
    redaction: Any = sys.modules["chatproof.secrets.redaction"]
    make = redaction.Redactor
    kept = lru_cache(maxsize=None)(lambda secrets, others: make(list(secrets), list(others)))

    class Redactor(make):  # type: ignore[misc]
        """Still a class: annotations name it."""

        def __new__(cls, secrets: Any, others: Any = ()) -> Any:
            return kept(tuple(secrets), tuple(others or ()))

    redaction.Redactor = Redactor


def files() -> list[str]:
    return sorted({str(path.relative_to(PACKAGE)) for pattern in field.mutated for path in PACKAGE.glob(pattern)})


def tests() -> list[Test]:
    return [test for name in field.tests for test in tests_of(name)]


def tests_of(module: str) -> list[Test]:
    """The test functions of a module with their parameters, as plain calls: a pytest session costs a second.

    Those with inputs of chance are left out: what only luck notices is not held.
    """
    found = []
    for test, function in vars(importlib.import_module(module)).items():
        if test.startswith("test_") and callable(function) and usable(test, function):
            for row, arguments in parameters(function):
                call = partial(function, **arguments)
                found.append(Test(f"{module}:{test}{row}", call, str(arguments).lower()))
    return found


def usable(name: str, function: Any) -> bool:
    """Whether a plain call is all that it needs: no fixture, no input of chance, no mark that says more than its rows."""
    if name in field.without or hasattr(function, "hypothesis"):
        return False
    marks = getattr(function, "pytestmark", [])
    given = {name for mark in marks if mark.name == "parametrize" for name in named(mark.args[0])}
    return set(inspect.signature(function).parameters) <= given and all(mark.name == "parametrize" for mark in marks)


def named(names: str | Iterable[str]) -> list[str]:
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


class Imported(dict[str, Test]):
    """Tests by their ids, whose modules are imported when the first of their tests is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.modules: set[str] = set()

    def __missing__(self, id: str) -> Test:
        module = id.partition(":")[0]
        if module not in self.modules:
            self.modules.add(module)
            self.update((test.id, test) for test in tests_of(module))
        return self[id] if id in self else Test(id, lambda: None, "")  # its row is gone with what it is made from


def parameters(function: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name in brackets, arguments) of each call that pytest would make."""
    sets: list[tuple[str, dict[str, Any]]] = [("", {})]
    for mark in getattr(function, "pytestmark", []):
        names, values = mark.args
        names = named(names)
        rows = []
        for number, row in enumerate(values):
            special = isinstance(row, type(pytest.param()))
            given = row.values if special else row if len(names) > 1 else (row,)
            rows.append((f"[{(special and row.id) or number}]", dict(zip(names, given, strict=True))))
        sets = [(words + w, {**known, **new}) for words, known in sets for w, new in rows]
    yield from sets


class Baseline(NamedTuple):
    order: list[str]  # test ids, as `in_turn` says
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
        began = time.perf_counter()
        sys.settrace(trace)
        why = problem(test)
        sys.settrace(None)
        times[test.id] = time.perf_counter() - began
        failed += [f"{test.id}: {why}"] if why else []
        for file, line in lines:
            executed[file][line].add(test.id)
    order = in_turn(times)
    words = {test.id: test.words for test in suite}
    plain = {file: dict(executed[file]) for file in files()}
    return Baseline(order, words, sum(times.values()), plain, {file: imported[file] for file in files()}, failed)


def passes(id: str, suite: dict[str, Test]) -> bool:
    try:
        return not problem(suite[id])
    except BaseException:  # its module cannot be imported
        return False


def in_turn(times: dict[str, float]) -> list[str]:
    """The tests of next to no time; then the fastest call of each function, the second of each, and so on: alike calls
    notice the same."""
    rank: Counter[str] = Counter()
    place = {}
    spent = 0.0
    for id in sorted(times, key=times.__getitem__):
        spent += times[id]
        function = id.partition("[")[0]
        place[id] = rank[function] if spent > AT_ONCE else -1
        rank[function] += 1
    return sorted(times, key=lambda id: (place[id], times[id]))


def problem(test: Test) -> str:
    """Why a test fails; empty when it passes."""
    try:
        test.run()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""


class Noticers:
    """The tests that noticed a mutant: those that noticed its neighbours are asked first."""

    def __init__(self, known: Baseline) -> None:
        self.known, self.ids = known, known.order
        self.number = {id: at for at, id in enumerate(known.order)}
        self.told = mmap.mmap(-1, 4 * processes)  # what the children say, each in its own place
        struct.pack_into(f"{processes}i", self.told, 0, *[-1] * processes)
        self.of: dict[str, dict[str, None]] = defaultdict(dict)  # file, or file and function → ids, the latest last

    def ask(self, place: int, wanted: list[str], suite: dict[str, Test]) -> int:
        """In a child: 1 when one of these tests fails, which it notes; otherwise 0."""
        for id in wanted:
            if not passes(id, suite):
                struct.pack_into("i", self.told, 4 * place, self.number[id])
                return 1
        return 0

    def note(self, place: int, mutant: Mutant) -> None:
        """After a child: keep what it said."""
        (number,) = struct.unpack_from("i", self.told, 4 * place)
        struct.pack_into("i", self.told, 4 * place, -1)
        for key in (mutant.file, f"{mutant.file} {mutant.scope}"):
            if number >= 0:
                ids = self.of[key]
                ids.pop(self.ids[number], None)
                ids[self.ids[number]] = None

    @cache  # noqa: B019 - there is one, as long as the run
    def rare(self, file: str) -> list[str]:
        """The tests that execute a line of this file, before all those that execute one that few others do."""
        fewest: dict[str, int] = {}
        for ids in self.known.executed[file].values():
            for id in ids:
                fewest[id] = min(len(ids), fewest.get(id, len(ids)))
        return sorted((id for id in self.ids if id in fewest), key=fewest.__getitem__)

    def first(self, mutant: Mutant, wanted: list[str]) -> list[str]:
        """These ids, in the order in which it is worth asking."""
        order: dict[str, None] = {}
        allowed = set(wanted)
        if mutant.word:
            order.update(dict.fromkeys(wanted[:WORDED]))
        for key in (f"{mutant.file} {mutant.scope}", mutant.file):
            latest = [id for id in reversed(self.of[key]) if id in allowed]
            order.update(dict.fromkeys(latest[:NEIGHBOURS]))
        if len(wanted) > RARE:
            order.update(dict.fromkeys([id for id in self.rare(mutant.file) if id in allowed][:RARE]))
        order.update(dict.fromkeys(wanted))
        return list(order)


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


def try_mutant(
    mutant: Mutant,
    tree: ast.Module,
    wanted: list[str],
    suite: dict[str, Test],
    planted: Planted,
    ask: Callable[[list[str], dict[str, Test]], int],
) -> int:
    """In a child: 0 when all wanted tests pass with the mutant in place, 1 when one fails, 2 when it is no program.

    With a `suite` that is imported already the function gets another code; without, the suite is imported now. So it is
    where the function made from the new code would look elsewhere for its names than the one that is there.
    """
    signal.alarm(BLOCKED)
    resource.setrlimit(resource.RLIMIT_CPU, (field.cpu, field.cpu))
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        mutant.apply()
        code = compile(tree, str(PACKAGE / mutant.file), "exec")
        if suite and exchanged(find_functions(mutant), code):
            return ask(wanted, suite)
    except Exception:
        return 2
    if suite:
        forget()
    planted.plant(PACKAGE / mutant.file, ROOT / "src", code)
    return ask(wanted, Imported())


def at_import(mutant: Mutant, known: Baseline) -> bool:
    """Whether the changed lines are executed when the module is imported."""
    return mutant.scope == "module" or bool(known.imported[mutant.file].intersection(mutant.lines))


def noticing(mutant: Mutant, known: Baseline) -> list[str]:
    """Ids of the tests that may notice: those that execute the lines; all for what happens at import."""
    by_line = known.executed[mutant.file]
    touching: set[str] = set().union(*(by_line.get(line, ()) for line in mutant.lines))
    if at_import(mutant, known):
        return sorted(known.order, key=lambda id: (id not in touching, mutant.word not in known.words[id]))
    return [id for id in known.order if id in touching]


# --- the report --------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    global field, processes  # noqa: PLW0603 - one run has one, and its children are forks
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutants whose place has one of the words")
    parser.add_argument("--validate", action="store_true", help="mutate validate's clauses and capability.py")
    parser.add_argument("--wire", action="store_true", help="mutate what reads HTTP/1.1 and server-sent events")
    parser.add_argument("--apis", action="store_true", help="mutate the clauses of the APIs beside chat")
    parser.add_argument("--part", type=part_of, default=(0, 1), metavar="K/N", help="only part K of N: 0/4 to 3/4")
    parser.add_argument("--processes", type=int, default=processes, metavar="N", help="mutants tried at once (2)")
    options = parser.parse_args(arguments)
    processes = options.processes
    field = VALIDATE if options.validate else WIRE if options.wire else APIS if options.apis else SMOKE
    return report(options.words, *options.part)


def part_of(text: str) -> tuple[int, int]:
    """(which part, of how many). Raises ValueError, which argparse tells."""
    which, many = (int(number) for number in text.split("/"))
    if not 0 <= which < many:
        raise ValueError(text)
    return which, many


def report(words: list[str], which: int = 0, parts: int = 1) -> int:
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
    mutants = mutants[which::parts]
    survivors = run(mutants, finders, known, planted)
    excused, unused = excuses(mutants, survivors, whole=not words and parts == 1)
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
            print(f"survives: {mutant.file}:{mutant.line} {mutant.scope}: {mutant.change}", file=sys.stderr, flush=True)
        now = time.monotonic()
        if now >= self.next:
            self.next = now + PROGRESS
            said = f"{self.done} of {self.total} tried after {now - self.began:.0f} s, {len(self)} survive so far"
            print(said, file=sys.stderr, flush=True)


def run(mutants: list[Mutant], finders: dict[str, Finder], known: Baseline, planted: Planted) -> list[Mutant]:
    """Those that no test noticed. First those that need a fresh import, then, on one import, all others."""
    survivors, noticers = Survivors(len(mutants)), Noticers(known)
    late = [mutant for mutant in mutants if not at_import(mutant, known)]
    fresh = [mutant for mutant in mutants if at_import(mutant, known)]
    in_children(fresh, finders, known, {}, planted, survivors, noticers)
    if late:
        suite = {test.id: test for test in tests()}
        for test in suite.values():  # fills the caches that all children then share
            problem(test)
        closures = [mutant for mutant in late if not find_functions(mutant)]
        in_children(
            [mutant for mutant in late if mutant not in closures], finders, known, suite, planted, survivors, noticers
        )
        forget()
        in_children(closures, finders, known, {}, planted, survivors, noticers)
    return survivors


def in_children(
    mutants: list[Mutant],
    finders: dict[str, Finder],
    known: Baseline,
    suite: dict[str, Test],
    planted: Planted,
    survivors: Survivors,
    noticers: Noticers,
) -> None:
    running: dict[int, tuple[int, Mutant]] = {}
    free = list(range(processes))

    def wait() -> None:
        child, status = os.wait()
        place, mutant = running.pop(child)
        free.append(place)
        noticers.note(place, mutant)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 2:
            raise SystemExit(f"cannot be planted: {mutant.file}:{mutant.line} {mutant.change}")
        blocked = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        survivors.tried(mutant, survived=status == 0 or blocked)

    for mutant in mutants:
        if not free:
            wait()
        gc.freeze()  # what is there is not looked at again by each child
        place = free.pop()
        wanted = noticers.first(mutant, noticing(mutant, known))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = try_mutant(
                    mutant, finders[mutant.file].tree, wanted, suite, planted, partial(noticers.ask, place)
                )
            finally:
                os._exit(code)
        running[child] = (place, mutant)
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
