"""The contract as pytest items. Loaded by `pytest_plugin` when a target was given; one run feeds every item."""

import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from chatproof import record, reporters
from chatproof.clause import BROKEN, HOLDS, MUST, NOT_APPLICABLE, UNDECIDED, WAIVED
from chatproof.cli import refuse_keys
from chatproof.commands import smoke, validate
from chatproof.commands.keeping import Keeper
from chatproof.commands.options import find_target, stop_simulators
from chatproof.commands.publish import Outlet
from chatproof.contract import Contract, Term
from chatproof.exit_status import interrupted
from chatproof.journal import JournalError
from chatproof.output import Artefact, WriteError
from chatproof.printable import escape
from chatproof.redaction import MARK, Redactor
from chatproof.run import Settings, contract_for, run
from chatproof.target import Resolved, Target
from chatproof.usage_error import UsageError

NAME = "chatproof"
_COMMANDS = {"smoke": smoke, "validate": validate}
_REFUSED = {
    "plan": "leave out --plan: `pytest --collect-only` lists the clauses, `chatproof smoke --plan` the requests",
    "key_stdin": "leave out --key-stdin: standard input is pytest's; use --key-env or --key-file",
    "fail_on": "leave out --fail-on: use --strict, or -W error for warnings",
    "exit_zero": "leave out --exit-zero: pytest's own exit status counts",
}
_DOCUMENT, _LOCK = "run.json", "lock"


class Broken(Exception):
    """A required clause is broken. The text is the whole report: there is no traceback worth reading."""

    __module__ = "builtins"  # as pytest does for its own: the summary says `Broken: …`


class Undecided(Exception):
    """A required clause could not be observed: an error of the check, neither passed nor failed."""

    __module__ = "builtins"


Undecided.__name__ = Undecided.__qualname__ = "UNDECIDED"  # what the summary says


class ContractWarning(UserWarning):
    """A clause that is not required is broken."""


_TOLD = (Broken, Undecided, ContractWarning)


class Prepared(NamedTuple):
    resolved: Resolved
    settings: Settings
    contract: Contract
    model: str  # as asked for: "", auto or an id
    outlet: Outlet  # report files
    keeper: Keeper  # the journal


class ContractPlugin:
    """One target, its items, and its one run. `arguments` are those of `chatproof smoke`; `selected` None: all."""

    def __init__(
        self, config: pytest.Config, arguments: list[str], kind: str, selected: tuple[str, ...] | None
    ) -> None:
        self._arguments, self._kind, self._selected = arguments, kind, selected
        self._collect_only = bool(config.getoption("collectonly"))
        self._folder: str = getattr(config, "workerinput", {}).get("chatproof_folder", "")
        self._is_worker = hasattr(config, "workerinput")
        self._prepared: Prepared | None = None
        self._redactor: Redactor | None = None
        self._only: tuple[str, ...] = ()
        self._answer: dict[str, Any] = {}

    # -- what is asked ------------------------------------------------------------------------------------------

    def prepare(self) -> Prepared:
        """The target and its contract. Sends nothing. Raises UsageError."""
        if self._prepared is None:
            refuse_keys(self._arguments)
            command = _COMMANDS[self._kind]
            try:
                args = command.options().parse_args(self._arguments)
            except SystemExit:
                raise UsageError("usage", "--help among the options", f"see: chatproof {self._kind} --help") from None
            for name, advice in _REFUSED.items():
                if getattr(args, name):
                    raise UsageError("usage", "an option makes no sense in pytest", advice)
            if args.format != "text" or any(report.partition("=")[2] in ("", "-") for report in args.report):
                raise UsageError("usage", "standard output is pytest's", "write reports to files: --report FORMAT=PATH")
            outlet = Outlet(args)
            resolved = find_target(args, need_key=not self._collect_only)
            settings = command.settings(args, resolved)
            self._prepared = Prepared(
                resolved, settings, contract_for(resolved, settings), args.model, outlet, Keeper(args)
            )
        return self._prepared

    def target(self) -> Target:
        """For the fixture: what is wrong on our own side is an error with one sentence."""
        try:
            return self.prepare().resolved.target
        except UsageError as error:
            return pytest.fail(_usage(error), pytrace=False)

    def finished(self) -> record.Run:
        """For the fixture: as `run`."""
        try:
            return self.run()
        except (UsageError, WriteError) as error:
            return pytest.fail(_usage(error) if isinstance(error, UsageError) else str(error), pytrace=False)

    # -- what was answered --------------------------------------------------------------------------------------

    def run(self) -> record.Run:
        """The run, sent at the first call; by one xdist worker for all. Raises UsageError."""
        if not self._answer:
            with self._alone() as path:
                if path and os.path.exists(path):
                    self._answer = _read(path)
                else:
                    self._answer = self._send()
                    if path:
                        Artefact(path).write(json.dumps(self._answer))
        if "error" in self._answer:
            raise UsageError(*self._answer["error"])
        document = self._answer["document"]
        if interrupted(document):
            raise KeyboardInterrupt
        return record.Run(document)

    def _send(self) -> dict[str, Any]:
        try:
            prepared = self.prepare()
            resolved = smoke.with_model(prepared.resolved, prepared.model, prepared.keeper)
            settings = prepared.settings._replace(only=self._only or prepared.settings.only)
            with prepared.outlet as outlet:
                document = run(resolved, settings, environ=os.environ, begin=prepared.keeper.begin).document
                prepared.keeper.end(document)
                outlet.write_files(document)
                return {"document": document}
        except UsageError as error:
            return {"error": [error.code, error.detail, error.advice]}
        except JournalError as error:
            return {"error": [error.code, error.detail, error.advice]}

    @contextmanager
    def _alone(self) -> Iterator[str]:
        """The shared document's path, while no other worker looks; "" where nothing is shared."""
        if not os.path.isdir(self._folder):  # no xdist, or a worker on another machine
            yield ""
            return
        import fcntl

        handle = os.open(os.path.join(self._folder, _LOCK), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield os.path.join(self._folder, _DOCUMENT)
        finally:
            os.close(handle)

    def share(self) -> str:
        """xdist's controller: a folder for the workers' one run, readable by this user only."""
        if not self._folder:
            import tempfile

            self._folder = tempfile.mkdtemp(prefix="chatproof-")
        return self._folder

    # -- pytest's hooks -----------------------------------------------------------------------------------------

    def pytest_report_header(self) -> str:
        try:
            refuse_keys(self._arguments)
        except UsageError:
            return ""
        return escape(f"chatproof: the {self._kind} contract of {self._arguments[0]}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """First, so that -k, -m, --lf and the like see the clauses as they see any test."""
        if self._selected != ():
            items.extend(session.genitems(ContractCollector.from_parent(session, name=NAME, nodeid=NAME, plugin=self)))

    def select(self, terms: list[Term]) -> list[Term]:
        if self._selected is None:
            return terms
        known = [term for term in terms if term.clause.id in self._selected]
        missing = set(self._selected) - {term.clause.id for term in known}
        if missing:
            name = sorted(missing)[0]
            raise UsageError(
                "usage", f"the contract has no clause {name[:80]!r}", "see: pytest --collect-only chatproof"
            )
        return known

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Only what was selected is asked for: `-k model` does not pay for a chat."""
        mine = [item for item in session.items if isinstance(item, ClauseItem)]
        wants_all = any("chatproof_run" in getattr(item, "fixturenames", ()) for item in session.items)
        if mine and not wants_all:
            chosen = tuple(item.term.clause.id for item in mine)
            everything = {term.clause.id for term in self.prepare().contract.terms if term.reported}
            self._only = () if everything == set(chosen) else chosen

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if isinstance(item, ClauseItem):
            item.observe()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The text alone, whatever --tb, --full-trace and --showlocals ask for: the frames would only be ours."""
        report = yield
        if isinstance(item, ClauseItem) and call.excinfo and isinstance(call.excinfo.value, _TOLD):
            report.longrepr = call.excinfo.getrepr(style="value")
        self._mask(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A subtest's report is made elsewhere, and some plugins make reports of their own."""
        self._mask(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """A test module may read the key while it is imported, and fail."""
        report = yield
        if report.failed:
            try:
                self.prepare()
            except (UsageError, WriteError, JournalError):
                return report  # the contract's own items say it
            self._mask(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any) -> None:
        """Exceptions in threads and finalizers come this way, too."""
        redactor = self._redacting()
        text = str(warning_message.message)
        if redactor is not None and (clean := redactor.text(text)) != text:
            warning_message.message = UserWarning(clean)

    def _mask(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """The key out of every report of this session, your own tests' locals and captured output included."""
        redactor = self._redacting()
        if redactor is None:
            return
        for name in ("sections", "longrepr", "user_properties", "wasxfail"):
            if hasattr(report, name):
                setattr(report, name, _masked(getattr(report, name), redactor))

    def _redacting(self) -> Redactor | None:
        """None while no key is known."""
        if self._redactor is None and self._prepared is not None and self._prepared.resolved.target.key is not None:
            self._redactor = Redactor([self._prepared.resolved.target.key])
        return self._redactor

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        path = os.path.join(self._folder, _DOCUMENT) if self._folder else ""
        if not self._answer and path and os.path.exists(path):
            self._answer = _read(path)
        document = self._answer.get("document")
        if document is None:
            return
        loud = terminalreporter.verbosity > 0
        style = reporters.Style(terminalreporter.hasmarkup, 100, terminalreporter.verbosity - 1 if loud else -1)
        terminalreporter.section(NAME)
        terminalreporter.write(reporters.render("text", document, style))
        if not loud:
            cost = document["cost"]
            terminalreporter.write(f"  requests    {cost['requests']} sent, {cost['billable_requests']} billable\n")

    def pytest_unconfigure(self) -> None:
        stop_simulators()
        if self._folder and not self._is_worker:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)


def _masked(value: Any, redactor: Redactor) -> Any:
    """`value` with every string in it redacted; pytest's own report objects are changed in place."""
    if isinstance(value, str):
        return redactor.text(value)
    if type(value) in (list, tuple):
        masked = [_masked(part, redactor) for part in value]
        texts = [part for part in masked if isinstance(part, str)]
        # A diff of lists or long texts has a letter or a piece in each line.
        if len(texts) > 1 and redactor.finds("\n".join(text.removeprefix("E").lstrip() for text in texts)):
            masked = [MARK if isinstance(part, str) else part for part in masked]
        return type(value)(masked)
    if type(value).__module__.startswith("_pytest."):
        for name, part in vars(value).items():
            object.__setattr__(value, name, _masked(part, redactor))  # some are frozen
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    return MARK if redactor.finds(_shown(value)) else value


def _shown(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # a user's object: whoever writes it down will meet the same
        return ""


def _read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        answer: dict[str, Any] = json.load(file)
    return answer


class ContractCollector(pytest.Collector):
    """The clauses in force for the target, in the contract's order."""

    def __init__(self, *, plugin: ContractPlugin, **more: Any) -> None:
        super().__init__(**more)
        self.plugin = plugin

    def collect(self) -> "list[ClauseItem]":
        try:
            terms = self.plugin.select([term for term in self.plugin.prepare().contract.terms if term.reported])
        except UsageError as error:
            raise self.CollectError(_usage(error)) from None
        return [ClauseItem.from_parent(self, name=term.clause.id, term=term, plugin=self.plugin) for term in terms]


class ClauseItem(pytest.Item):
    """One clause. Broken and required: it fails. Not observed: an error that says UNDECIDED. Else: skips, warnings."""

    def __init__(self, *, term: Term, plugin: ContractPlugin, **more: Any) -> None:
        super().__init__(**more)
        self.term, self.plugin = term, plugin
        clause = term.clause
        source = f"{clause.source.url} ({clause.source.accessed})"
        self.add_marker(pytest.mark.chatproof(clause=clause.id, level=term.level, layer=clause.layer, source=source))
        for name, value in (("says", clause.says), ("level", term.level), ("layer", clause.layer), ("source", source)):
            self.user_properties.append((f"{NAME}.{name}", value))

    def reportinfo(self) -> tuple[str, int, str]:
        # No "::": with -v pytest would show each dot of a clause's id as one.
        return os.path.join(self.config.rootpath, NAME), 0, f"{NAME} {self.name}"

    def observe(self) -> None:
        """Everything that is no verdict on the endpoint ends here: pytest calls what fails in setup an error."""
        try:
            found = [f for f in self.plugin.run().findings if f["clause"] == self.name]
        except UsageError as error:
            raise Undecided(_usage(error)) from None
        except WriteError as error:
            raise Undecided(str(error)) from None
        self.findings = found
        for outcome in (BROKEN, UNDECIDED, HOLDS, WAIVED, NOT_APPLICABLE):
            self.worst = [finding for finding in found if finding["outcome"] == outcome]
            if self.worst:
                break
        else:
            raise Undecided("no exchange was there to judge this clause on")
        first = self.worst[0]
        self.user_properties.append((f"{NAME}.outcome", first["outcome"]))
        if first["outcome"] in (WAIVED, NOT_APPLICABLE):
            # By a marker: pytest then gives this clause as the place, not a line of ours.
            self.add_marker(pytest.mark.skip(escape(f"{first['outcome'].replace('_', ' ')}: {first['reason']}")))
        if first["outcome"] == UNDECIDED and any(finding["level"] == MUST for finding in self.worst):
            raise Undecided(self._told(first))

    def runtest(self) -> None:
        for finding in self.worst:
            if finding["outcome"] in (WAIVED, NOT_APPLICABLE):
                pytest.skip(escape(finding["reason"]))  # -p no:skipping
            if finding["outcome"] == BROKEN and finding["level"] == MUST:
                raise Broken(self._told(finding))
            if finding["outcome"] in (BROKEN, UNDECIDED):
                self.warn(ContractWarning(f"{self.name}: {self._told(finding)}"))

    def _told(self, finding: dict[str, Any]) -> str:
        """A line for the summary, then what a person needs; everything escaped here, at the edge."""
        document = self.plugin.run().document
        cause = next((d for d in document["diagnoses"] if self.name in d["clauses"]), None)
        broken = finding["outcome"] == BROKEN
        said = f"expected {finding['expected']}, observed {finding['observed']}" if broken else finding["reason"]
        blamed = f"; cause {cause['code']}, owner {cause['owner']}" if cause else ""
        rows = [("clause", f"{self.name} ({finding['level']}): {self.term.clause.says}")]
        if broken:
            rows += [("at", f"{finding['at']} of probe {finding['probe']}")]
            rows += [("expected", finding["expected"]), ("observed", finding["observed"])]
        if cause:
            self.user_properties += [(f"{NAME}.cause", cause["code"]), (f"{NAME}.owner", cause["owner"])]
            rows += [
                ("cause", f"{cause['code']}: {cause['summary']}"),
                ("owner", f"{cause['owner']} ({cause['confidence']})"),
            ]
            if broken or self.name == cause["clauses"][0]:  # once is enough
                rows += [("evidence" if number == 0 else "", line) for number, line in enumerate(cause["evidence"])]
            rows += [("next", cause["next_step"])]
        if broken:
            rows += [("who breaks", self.term.clause.why)]
        source = self.term.clause.source
        rows += [("source", f"{source.url} ({source.accessed})"), ("more", f"chatproof explain {self.name}")]
        asked = next((e for e in document["exchanges"] if e["id"] == finding["exchange"]), None)
        if asked and asked["response"] and asked["response"]["request_id"]:
            rows += [("request id", asked["response"]["request_id"])]
        return "\n".join([escape(said + blamed), *(f"  {label:<11} {escape(text)}" for label, text in rows)])


def _usage(error: UsageError) -> str:
    advice = f"\n  next        {escape(error.advice)}" if error.advice else ""
    return f"{escape(f'{error.code}: {error.detail}', keep=chr(10))}{advice}"
