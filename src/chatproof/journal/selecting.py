"""One run by a selector: a run id, a beginning of one, a file, or `latest[:VERDICT][@TARGET][/ENVIRONMENT]`.

Where several runs are asked for, `latest` stays within one target, environment and API: two runs of two endpoints, of a
laptop and a pipeline, or of two APIs, are no before and after. A narrowed run is none of the whole contract, and is
taken only where that is asked for.
"""

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from chatproof.journal.events import JournalError
from chatproof.journal.filters import Filters
from chatproof.journal.reading import NO_END, VERDICTS, Found, Row, by_id, found_in, from_file, is_path, rows
from chatproof.usage_error import repeated

if TYPE_CHECKING:
    from chatproof.journal.store import Journal

_LATEST = re.compile(r"latest(?::(?P<verdict>[^@/]*))?(?:@(?P<target>.+?))?(?:/(?P<environment>[^/]*))?")
_UNNAMED = ("", "url")


class Scope(NamedTuple):
    """One target in one environment, asked by one API. A target with a name keeps it when its URL changes; one without
    is its URL."""

    target: str
    subject: str
    environment: str
    api: str = ""

    def of(self, filters: Filters) -> Filters:
        """The same filters, for this target."""
        named = self.target not in _UNNAMED
        asked = filters._replace(api=filters.api or self.api)
        return asked._replace(name=self.target) if named else asked._replace(subject=self.subject)


def scope_of(row: Row) -> Scope:
    """The target, environment and API of a run."""
    return Scope(row.target, row.subject, row.environment, row.api)


def is_latest(selector: str) -> bool:
    """The selector asks for a newest run, and is not the name of a file."""
    return _LATEST.fullmatch(selector) is not None and not os.path.isfile(selector)


def is_file(selector: str) -> bool:
    """The selector is a path, and needs no journal."""
    return not is_latest(selector) and is_path(selector)


def find(
    journal: "Journal", selector: str, *, within: Scope | None = None, narrowed: bool = False, api: str = ""
) -> Found:
    """One run. `latest` that names no target stays `within` a scope; `api` chooses among runs. Raises JournalError."""
    if is_latest(selector):
        return found_in(journal, _latest(journal, selector, within, narrowed, api))
    if is_path(selector):
        return from_file(selector)
    return by_id(journal, selector)


def newest_scope(journal: "Journal", *, narrowed: bool = False, api: str = "") -> Scope | None:
    """Target, environment and API of the newest run; None where there is no run."""
    newest = rows(journal, Filters(whole=not narrowed, api=api, limit=1))
    return scope_of(newest[0]) if newest else None


def newer_narrowed(journal: "Journal", found: Row) -> Row | None:
    """The newest run of the same target and environment, where it is another than the found one, and narrowed."""
    scope = scope_of(found)
    newest = rows(journal, scope.of(Filters(environment=scope.environment, limit=1)))
    return newest[0] if newest and newest[0].narrowed and newest[0].run_id != found.run_id else None


def _latest(journal: "Journal", selector: str, within: Scope | None, narrowed: bool, api: str) -> Row:
    verdict, target, environment = _parts(journal, selector)
    if verdict and verdict not in (*VERDICTS, NO_END):
        known = ", ".join(VERDICTS)
        raise JournalError("run.unknown", f"there is no verdict {repeated(verdict)}", f"use latest: with {known}")
    wanted = Filters(verdict=verdict, target=target, environment=environment, whole=not narrowed, api=api, limit=1)
    if within is not None and not target:
        wanted = within.of(wanted)._replace(environment=environment or within.environment)
    elif within is not None:
        wanted = wanted._replace(api=api or within.api)
    found = rows(journal, wanted)
    if found:
        return found[0]
    raise _missing(journal, wanted)


def _parts(journal: "Journal", selector: str) -> tuple[str, str, str]:
    """(verdict, target, environment). A base URL has slashes, too: it is taken whole where runs of it are there."""
    parts = _LATEST.fullmatch(selector)
    assert parts is not None
    verdict, target, environment = (parts[name] or "" for name in ("verdict", "target", "environment"))
    whole = selector.partition("@")[2]
    if "://" in whole and rows(journal, Filters(target=whole, limit=1)):
        return verdict, whole, ""
    return verdict, target, environment


def _missing(journal: "Journal", wanted: Filters) -> JournalError:
    """What there is no run of, and where there is one."""
    target = wanted.target or wanted.name or wanted.subject
    words = [f"there is no {wanted.verdict} run" if wanted.verdict else "there is no run"]
    words += [f"of the target {repeated(target, 80)}"] if target else []
    words += [f"in the environment {repeated(wanted.environment, 80)}"] if wanted.environment else []
    words += [f"of the API {wanted.api[:40]}"] if wanted.api else []
    detail = f"{' '.join(words)} in {journal.shown}"
    if wanted.whole and (less := rows(journal, wanted._replace(whole=False))):
        return JournalError("run.unknown", f"{detail}, except {less[0].run_id}, which is narrowed", "say --narrowed")
    if wanted.api and (others := rows(journal, wanted._replace(api=""))):
        return JournalError("run.unknown", f"{detail}; another API has one", f"say --api {others[0].api}")
    verdict = f":{wanted.verdict}" if wanted.verdict else ""
    if wanted.environment and (others := rows(journal, wanted._replace(environment=""))):
        place = f"@{target}/{others[0].environment}" if target else f"/{others[0].environment}"
        return JournalError("run.unknown", f"{detail}; another environment has one", f"say latest{verdict}{place}")
    others = rows(journal, Filters(verdict=wanted.verdict, whole=wanted.whole, limit=1))
    if target and others:
        other = others[0].subject if others[0].target in _UNNAMED else others[0].target
        return JournalError("run.unknown", f"{detail}; another target has one", f"say latest{verdict}@{other}")
    return JournalError("run.unknown", detail, "see: chatproof history")
