"""One target, its contract and its one run in a pytest session. Loaded when a target was given."""

import argparse
import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

import pytest

from chatproof import reporters
from chatproof.cli.commands import smoke, validate
from chatproof.cli.exit_status import interrupted
from chatproof.cli.main import refuse_keys
from chatproof.cli.output import Artefact, WriteError
from chatproof.cli.shared.keeping import Keeper
from chatproof.cli.shared.options import DECIDING, find_target, stop_simulators
from chatproof.cli.shared.publish import Outlet
from chatproof.journal import JournalError
from chatproof.judging.contract import Contract, Term
from chatproof.printable import escape, inert
from chatproof.record import document as record
from chatproof.running.plan import Settings, contract_for
from chatproof.running.run import run
from chatproof.secrets.redaction import Redactor
from chatproof.target.target import Resolved, Target
from chatproof.testing.masking import OF_THE_NAME, mask_interruption, masked
from chatproof.testing.pytest_items import (
    NAME,
    OUTCOME,
    Broken,
    ClauseItem,
    ContractCollector,
    ContractWarning,
    Undecided,
    failing,
    one_line,
    usage_text,
)
from chatproof.usage_error import UsageError, repeated

_COMMANDS = {"smoke": smoke, "validate": validate}
_REFUSED = {
    "plan": "leave out --plan: `pytest --collect-only` lists the clauses, `chatproof smoke --plan` the requests",
    "key_stdin": "leave out --key-stdin: pytest uses standard input; use --key-env or --key-file",
    "fail_on": "leave out --fail-on: use --strict, or -W error for warnings",
    "exit_zero": "leave out --exit-zero: pytest's own exit status counts",
}
_DOCUMENT, _LOCK = "run.json", "lock"
_TOLD = (Broken, Undecided, ContractWarning)


class Prepared(NamedTuple):
    resolved: Resolved
    settings: Settings
    contract: Contract
    model: str  # as asked for: "", auto or an id
    outlet: Outlet  # report files
    keeper: Keeper  # the journal


class ContractPlugin:
    """One target, its items, and its one run. `arguments` are those of `chatproof smoke`, `untyped` those of them that
    do not come from pytest's command line; `selected` None: all."""

    def __init__(
        self,
        config: pytest.Config,
        arguments: list[str],
        untyped: list[str],
        kind: str,
        selected: tuple[str, ...] | None,
        missing_key_fails: bool = False,
    ) -> None:
        self._arguments, self._untyped, self._kind, self._selected = arguments, untyped, kind, selected
        self.missing_key_fails = missing_key_fails
        self._collect_only = bool(config.getoption("collectonly"))
        self._folder: str = getattr(config, "workerinput", {}).get("chatproof_folder", "")
        self._is_worker = hasattr(config, "workerinput")
        self._prepared: Prepared | None = None
        self._unprepared = False
        self._redactor: Redactor | None = None
        self._only: tuple[str, ...] = ()
        self._answer: dict[str, Any] = {}
        self.tellers: dict[int, str] = {}
        """Which clause told a cause in full, by the place of its diagnosis: the others refer to it."""
        self._outcomes: set[str] = set()  # of the clauses that were tests

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
            _refuse_untyped(command.options().parse_args(self._untyped))
            for name, advice in _REFUSED.items():
                if getattr(args, name):
                    raise UsageError("usage", "this option has no meaning in pytest", advice)
            if args.format != "text" or any(report.partition("=")[2] in ("", "-") for report in args.report):
                raise UsageError("usage", "pytest uses standard output", "write reports to files: --report FORMAT=PATH")
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
            return self._stopped(error)

    def finished(self) -> record.Run:
        """For the fixture: as `run`."""
        try:
            return self.run()
        except UsageError as error:
            return self._stopped(error)
        except WriteError as error:
            return pytest.fail(str(error), pytrace=False)

    def _stopped(self, error: UsageError) -> NoReturn:
        """Skip the test where no key is set and that is allowed; fail it for whatever else is wrong on our side."""
        if self.lacks_key(error) and not self.missing_key_fails:
            pytest.skip(one_line(error))
        pytest.fail(usage_text(error), pytrace=False)

    @staticmethod
    def lacks_key(error: UsageError) -> bool:
        """No key is set: nothing was asked, and nothing is wrong with the endpoint or the tests."""
        return error.code == "auth.key_missing"

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
                settings = settings._replace(whole_bodies=prepared.keeper.whole_bodies)
                document, bodies = run(resolved, settings, environ=os.environ, begin=prepared.keeper.begin)
                unkept = "the run could not be written to its journal" if prepared.keeper.end(document, bodies) else ""
                unwritten = "a report could not be written" if outlet.write_files(document) else ""
                return {"document": document, "lost": [text for text in (unkept, unwritten) if text]}
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
        return inert(escape(f"chatproof: the {self._kind} contract of {self._arguments[0]}"))

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
                "usage", f"the contract has no clause {repeated(name, 80)}", "see: pytest --collect-only chatproof"
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
            told = call.excinfo.getrepr(style="value")
            if told.reprcrash:  # in CI, pytest's summary repeats the whole of it for every test
                told.reprcrash.message = told.reprcrash.message.partition("\n")[0]
            report.longrepr = told
        if report.longrepr or report.sections or report.user_properties:
            self._learn_key()
        self._mask(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A subtest's report is made elsewhere, and some plugins make reports of their own."""
        self._outcomes |= {str(value) for name, value in report.user_properties if name == OUTCOME}
        self._mask(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """A test module may read the key while it is imported, and fail."""
        report = yield
        if report.failed:
            self._learn_key()
            self._mask(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What tests note for the whole JUnit file, and its attributes, are in no report. And see `failing`."""
        if self._failing() and session.exitstatus == pytest.ExitCode.OK and not self._is_worker:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if session.exitstatus == pytest.ExitCode.INTERRUPTED or session.shouldstop:
            self._learn_key()
        redactor = self._redacting()
        for plugin in session.config.pluginmanager.get_plugins() if redactor else ():
            if redactor:
                mask_interruption(plugin, redactor)
            noted = getattr(plugin, "global_properties", None)
            if redactor and isinstance(noted, list):
                noted[:] = [(redactor.text(str(name)), redactor.text(str(value))) for name, value in noted]
                for written in getattr(plugin, "node_reporters_ordered", ()):
                    attributes = written.to_xml().attrib
                    attributes.update({name: redactor.text(value) for name, value in attributes.items()})

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any) -> None:
        """Exceptions in threads and finalizers come this way, too."""
        redactor = self._redacting()
        text = str(warning_message.message)
        if redactor is not None:
            warning_message.filename = redactor.text(warning_message.filename)
            if (clean := redactor.text(text)) != text:
                warning_message.message = UserWarning(clean)

    def _mask(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """The key out of every report of this session, your own tests' locals and captured output included."""
        redactor = self._redacting()
        if redactor is None:
            return
        for name, part in list(vars(report).items()):  # a subtest's context, and what plugins add, included
            if name not in OF_THE_NAME:
                setattr(report, name, masked(part, redactor))

    def _learn_key(self) -> None:
        """A test may read the key itself, in a session whose paths leave the contract out."""
        if self._prepared is None and not self._unprepared:
            try:
                self.prepare()
            except (UsageError, WriteError, JournalError):
                self._unprepared = True  # the contract's own items say why

    def _redacting(self) -> Redactor | None:
        """None while no key is known."""
        if self._redactor is None and self._prepared is not None:
            target = self._prepared.resolved.target
            secrets = [*([target.key] if target.key else []), *record.searched(target)]
            self._redactor = Redactor(secrets) if secrets else None
        return self._redactor

    def _told_by_all(self) -> dict[str, Any]:
        """What the run came to; of workers, whichever of them sent it."""
        path = os.path.join(self._folder, _DOCUMENT) if self._folder else ""
        if not self._answer and path and os.path.exists(path):
            self._answer = _read(path)
        return self._answer

    def _failing(self) -> list[str]:
        return failing(self._told_by_all(), self._outcomes)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        document = self._told_by_all().get("document")
        if document is None:
            return
        loud = terminalreporter.verbosity > 0
        style = reporters.Style(terminalreporter.hasmarkup, 100, terminalreporter.verbosity - 1 if loud else -1)
        terminalreporter.section(NAME)
        terminalreporter.write(reporters.render("text", document, style))
        if not loud:
            cost = document["cost"]
            terminalreporter.write(f"  requests    {cost['requests']} sent, {cost['billable_requests']} billable\n")
        for text in self._failing():
            terminalreporter.write_line(f"chatproof: {text}, so this session fails", red=True)

    def pytest_unconfigure(self) -> None:
        stop_simulators()
        if self._folder and not self._is_worker:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)


def _refuse_untyped(args: argparse.Namespace) -> None:
    """An ini file and PYTEST_ADDOPTS may name a target, not decide where a key goes, or which. Raises UsageError."""
    names = [f"--{name.replace('_', '-')}" for name in DECIDING if getattr(args, name)]
    if names or "://" in args.target:
        said = f"{', '.join(names) or 'a target by its URL'} would decide where a key is sent"
        advice = (
            "give it on pytest's command line (--chatproof, --chatproof-args), or name a target from an approved "
            "chatproof.toml"
        )
        raise UsageError("usage", f"{said}, and comes from an ini file or PYTEST_ADDOPTS", advice)


def _read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        answer: dict[str, Any] = json.load(file)
    return answer
