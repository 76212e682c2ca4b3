"""chatproof watch: smoke, again and again, in one calm screen; for whoever deploys, and for their scripts."""

import argparse
import os
import sys
import time

from chatproof.cli import exit_status
from chatproof.cli.commands.smoke import CLIENT_HELP, with_clients, with_model
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import warn
from chatproof.cli.shared import watching
from chatproof.cli.shared.keeping import Keeper, add_option
from chatproof.cli.shared.options import add_target, find_target, parser, terminal
from chatproof.cli.shared.watching import Screen, Seen
from chatproof.monitoring.board import Board
from chatproof.monitoring.budgets import Budget, Need, Purse, reserve, settle
from chatproof.monitoring.observation import is_interrupted, observe, seconds_of
from chatproof.monitoring.settings import need_of
from chatproof.monitoring.standing import Policy, Rule
from chatproof.monitoring.values import GO, NO_GO, SMOKE, Status
from chatproof.printable import escape, number_of
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.target.target import Resolved, duration
from chatproof.usage_error import UsageError

CHANGE = "change"
UNTIL = (GO, NO_GO, CHANGE)
REQUESTS, TOKENS = 1000, 100_000
"""What a watch may cost where nothing else is said."""
_LONGEST = 7 * 86400.0
_LEAST = 1.0
_POLICY = Policy(confirm=False, fail=Rule(1, 1), recover=Rule(1, 1))
"""Each run counts as it is: whoever looks at the screen wants to see it, and a script asks for the last run's."""


def main(argv: list[str]) -> int:
    args = options().parse_args(argv)
    fails = exit_status.policy(args.fail_on, args.exit_zero)
    every, most = _period(args.every, "--every", _LEAST), _period(args.span, "--for", 0.0) if args.span else 0.0
    if args.until and args.until not in UNTIL:
        raise UsageError("usage", "--until expects GO, NO-GO or change", "for example: --until GO")
    resolved = with_clients(find_target(args), args.client)
    settings = Settings(args.stream, args.strict, tuple(args.only), tuple(args.skip))
    resolved = with_model(resolved, args.model, Keeper(args))
    budget = Budget(args.max_requests, args.budget_tokens)
    return Watch(args, resolved, settings, budget, every, most).run(fails)


def options() -> argparse.ArgumentParser:
    to = parser("watch", COMMANDS["watch"])
    add_target(to)
    to.add_argument("--every", default="30s", metavar="30s", help="time between the starts of two runs")
    to.add_argument("--until", default="", metavar="GO|NO-GO|change", help="stop at the first run with this result")
    to.add_argument(
        "--for", dest="span", default="", metavar="10m", help="stop after this time, whatever the results are"
    )
    to.add_argument("--stream", action="store_true", help="add a streaming probe after the happy path passes")
    to.add_argument("--strict", action="store_true", help="treat should as must")
    to.add_argument("--client", action="append", default=[], metavar="NAME", help=CLIENT_HELP)
    to.add_argument("--only", action="append", default=[], metavar="CLAUSE", help="judge only this clause or family")
    to.add_argument("--skip", action="append", default=[], metavar="CLAUSE", help="leave out this clause or family")
    said = f"stop before more than N requests are sent (default {REQUESTS}; 0: no limit)"
    to.add_argument("--max-requests", type=int, default=REQUESTS, metavar="N", help=said)
    said = f"stop before more than N tokens are used (default {TOKENS}; 0: no limit); one answer may exceed it"
    to.add_argument("--budget-tokens", type=int, default=TOKENS, metavar="N", help=said)
    said = f"what fails the last run: {', '.join(word for word in exit_status.FAIL_ON if word != exit_status.DRIFT)}"
    to.add_argument("--fail-on", action="append", default=[], metavar="WHAT", help=said)
    to.add_argument("--exit-zero", action="store_true", help="exit 0 whatever the last verdict is")
    to.add_argument("-q", "--quiet", action="store_true", help="print only the last line")
    to.add_argument("-v", "--verbose", action="count", default=0, help="print a line for each run")
    add_option(to)
    return to


class Watch:
    """One target, asked again and again."""

    def __init__(
        self,
        args: argparse.Namespace,
        resolved: Resolved,
        settings: Settings,
        budget: Budget,
        every: float,
        most: float,
    ) -> None:
        self._args = args
        self._resolved, self._settings = resolved, settings
        self._every, self._most = every, most
        self._budget, self._purse, self._need = budget, Purse(), need_of(resolved, settings)
        self._name = resolved.target.name or resolved.target.base_url
        self._board = Board({self._name: _POLICY})
        live = watching.is_live(sys.stdout) and not args.quiet
        self._screen = Screen(terminal(), live=live, blocks=watching.has_blocks(sys.stdout))
        self._live = live
        self._seen = Seen()
        self._first = ""  # the verdict that `--until change` compares with
        self._last: dict[str, object] | None = None
        self._unkept = 0

    def run(self, fails: frozenset[str]) -> int:
        """Watch until something ends it; return the exit status."""
        self._say([self._heading()])
        began = due = time.monotonic()
        stopped, why = "", ""
        try:
            while not why:
                why = self._once()
                due = max(due + self._every, time.monotonic())
                if not why and self._most and due - began > self._most:
                    why = f"--for {self._args.span} is over"
                if not why:
                    self._wait(due)
        except KeyboardInterrupt as signal:
            stopped = str(signal.args[0]) if signal.args else "SIGINT"
        self._screen.end()
        return self._end(why or f"ended by {stopped}", stopped, fails)

    def _once(self) -> str:
        """One run, kept and shown. Why it was the last one; empty where it was not. An interruption within the run is
        recorded, and raised again."""
        need = self._need._replace(tokens=max(self._need.tokens, self._purse.largest))
        held = reserve(self._purse, self._budget, need, 0.0)
        if held is None and not self._seen.runs:
            cost = f"{number_of(need.requests, 'request')} and about {number_of(need.tokens, 'token')}"
            return f"one run needs {cost}, more than --max-requests or --budget-tokens allows"
        if held is None:
            return "the budget is spent (--max-requests, --budget-tokens)"
        self._draw("asking")
        keeper = Keeper(self._args)
        settings = self._settings._replace(whole_bodies=keeper.whole_bodies)
        document, bodies = run(self._resolved, settings, environ=os.environ, begin=keeper.begin)
        keeper.drift(document, None)
        self._unkept = keeper.end(document, bodies)
        cost = document["cost"]
        self._purse = settle(held, need, Need(cost["requests"], cost["tokens_reported"]), 0.0)
        if is_interrupted(document):
            self._seen = self._seen.after("", document)
            self._last = self._last or document
            raise KeyboardInterrupt(exit_status.interrupted(document) or "SIGINT")
        self._last = document
        self._take_in(document)
        if self._unkept > 4:  # a signal came while the run was written down
            raise KeyboardInterrupt(next(name for name, of in exit_status.SIGNAL_EXIT.items() if of == self._unkept))
        verdict = document["verdict"]
        self._first = self._first or verdict
        if self._args.until == verdict or (self._args.until == CHANGE and verdict != self._first):
            return f"--until {self._args.until}: it is {verdict}"
        return ""

    def _take_in(self, document: dict[str, object]) -> None:
        seen = observe(self._name, SMOKE, document, self._resolved.url.origin)
        # Two runs may end within one millisecond of the clock, and a clock may go back: the order is that of the runs.
        last = self._board.standings[self._name].last_run
        seen = seen._replace(at=max(seen.at, last))
        before = self._status(seen.at)
        step = self._board.fold(seen)
        self._seen = self._seen.after(seen.outcome, dict(document))
        status = self._status(seen.at)
        if step.states or status.cause.code != before.cause.code:
            at = seconds_of(str(document["started_at"]))
            self._say(watching.change(status, at, color=self._screen.color, width=self._screen.width))
        elif self._args.verbose:
            took = watching.ms(watching.first_byte(dict(document)))
            self._say([f"{str(document['started_at'])[11:19]}Z  {document['verdict']}, first byte {took}"])

    def _wait(self, due: float) -> None:
        """Until the next run is due; on a terminal the seconds are counted."""
        while (left := due - time.monotonic()) > 0:
            self._draw(f"next in {left:.0f} s")
            time.sleep(min(left, 1.0) if self._live else left)

    def _draw(self, rest: str) -> None:
        of = f" of {self._budget.requests}" if self._budget.requests else ""
        runs = number_of(self._seen.runs, "run")
        told = f"{runs}, {self._seen.requests}{of} requests, {self._seen.tokens} tokens; {rest}"
        self._screen.status(self._status(time.time()), self._seen, told)

    def _status(self, at: float) -> Status:
        return self._board.status(self._name, at)

    def _say(self, lines: list[str]) -> None:
        if not self._args.quiet:
            self._screen.lines(lines)

    def _heading(self) -> str:
        target = self._resolved.target
        runs = number_of(self._budget.requests // max(self._need.requests, 1), "run")
        limit = f"at most {self._budget.requests} requests (about {runs})" if self._budget.requests else "no limit"
        named = f"{target.name} · " if target.name not in ("", "url") else ""
        said = f"watching {named}{target.base_url} · model {target.model} · every {self._every:g} s · {limit}"
        return escape(said)  # with --model auto a server chose the model's name

    def _end(self, why: str, stopped: str, fails: frozenset[str]) -> int:
        document = self._last
        if document is None:
            warn(f"chatproof: {why}; no run was made")
            return exit_status.SIGNAL_EXIT[stopped] if stopped else 2
        status = exit_status.of_run(dict(document), fails)
        first = next(iter(document["diagnoses"]), None)  # type: ignore[call-overload]
        told = f": {first['code']}, owner {first['owner']}" if first and document["verdict"] != GO else ""
        cost = f"{number_of(self._seen.runs, 'run')}, {self._seen.requests} requests, {self._seen.tokens} tokens"
        self._screen.lines([f"{document['verdict']}{told} · {why} · {cost} · run {document['run_id']}"])
        if stopped:
            return exit_status.SIGNAL_EXIT[stopped]
        return exit_status.with_journal(status, self._unkept)


def _period(text: str, option: str, least: float) -> float:
    """Seconds of 30s, 10m, 2h. Raises UsageError."""
    hours = text.strip().removesuffix("h")
    if hours != text.strip():
        value = float(hours) * 3600 if hours.isascii() and hours.isdecimal() and len(hours) < 5 else -1.0
    else:
        value = duration(text)
    if not least <= value <= _LONGEST:
        raise UsageError("usage", f"{option} must be from {least:g} s to a week", f"say: {option} 30s")
    return value
