"""Everything that is wrong on our own side, all at once, and not only what a run would stop at first: for `doctor`."""

import argparse
import os
import stat
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from chatproof import clock, journal
from chatproof.cli.shared.keeping import named
from chatproof.cli.shared.options import find_target
from chatproof.contract.areas import AREAS
from chatproof.files import safe_files
from chatproof.journal import NONE, Filters, JournalError
from chatproof.key_form import without
from chatproof.running.dispatch import transport_options
from chatproof.target import config_files
from chatproof.target.target import CLIENT, Resolved
from chatproof.usage_error import UsageError
from chatproof.wire import urls

_ANYWHERE = "https://endpoint.invalid/v1"
_LEFT_OUT: dict[str, dict[str, object]] = {
    "key": {"keyless": True, "key_stdin": False},
    "timeout": {"timeout": ""},
    "header": {"header": []},
    "client certificate": dict.fromkeys(CLIENT, ""),
    "trust": {"ca_file": ""},
    "proxy": {"proxy": ""},
    "api": {"api": ""},
    "model": {"model": ""},
    "profile": {"profile": ""},
    "configuration": {"env_file": ""},
    "http": {"allow_http": True},
    "url": {"target": _ANYWHERE},
}
"""What to put aside so that the next problem shows: options by what they are about. The last makes the target itself
unknown, so that no more is said than what the other options do."""
_ON_THE_WAY = {"trust": ("ca_file",), "client certificate": CLIENT, "proxy": ("proxy",)}
Remark = tuple[str, str, str, str]  # name of the check; ok, note or problem; what is so; next step


class Looked(NamedTuple):
    """What was found of a target: itself, as far as it can be known, and all that is wrong with it."""

    resolved: Resolved | None
    has_key: bool  # a key, or none on purpose
    problems: tuple[tuple[str, UsageError], ...]  # by what each is about; "" where that is not known


def look(args: argparse.Namespace) -> Looked:
    """Resolve the target; where that fails put aside what it failed at, and go on. Sends nothing, writes nothing."""
    problems: list[tuple[str, UsageError]] = []
    trial, waiting = _copy(args, {}), list(_LEFT_OUT)
    found, error = _tried(trial)
    while error is not None:
        for about in waiting:
            eased = _copy(trial, _LEFT_OUT[about])
            found, next_error = _tried(eased)
            if next_error is None or str(next_error) != str(error):
                break
        else:
            problems.append(("", error))
            return Looked(None, False, tuple(problems))
        problems.append(("target" if about == "url" and "://" not in args.target else about, error))
        waiting.remove(about)
        trial, error = eased, next_error
    problems += _on_the_way(found)
    resolved = _as_approved(found, args) if found and trial.target == args.target else None
    return Looked(_without(resolved, {about for about, _ in problems}), not trial.keyless, tuple(problems))


def _without(resolved: Resolved | None, broken: set[str]) -> Resolved | None:
    """The target without a proxy that cannot be used, and without the remark on a key in clear that was refused."""
    if resolved is None:
        return None
    if "proxy" in broken:
        resolved = resolved._replace(target=resolved.target._replace(proxy=""))
    if "http" in broken:
        resolved = resolved._replace(notes=tuple(set(resolved.notes) - set(urls.notes(resolved.url))))
    return resolved


def _as_approved(resolved: Resolved, args: argparse.Namespace) -> Resolved:
    """The same, and its origin says where nobody approved the file that its settings are from."""
    if not resolved.origin.get("config"):
        return resolved
    said = config_files.settings(args.config, os.environ.get(config_files.VARIABLE, ""))
    try:
        config_files.gate(said, f"targets.{resolved.target.name}")
    except UsageError:
        return resolved._replace(origin={**resolved.origin, "config_by": "not approved"})
    return resolved


def _copy(args: argparse.Namespace, changes: Mapping[str, object]) -> argparse.Namespace:
    return argparse.Namespace(**{"keyless": False, **vars(args), **changes})


def _tried(args: argparse.Namespace) -> tuple[Resolved | None, UsageError | None]:
    try:
        return find_target(_copy(args, {}), gated=False), None
    except UsageError as error:
        return None, error


def _on_the_way(resolved: Resolved | None) -> Iterator[tuple[str, UsageError]]:
    """What would stop a run between a good target and its first byte: authorities, certificate, proxy, each alone."""
    names = [name for group in _ON_THE_WAY.values() for name in group]
    for about, own in _ON_THE_WAY.items():
        if resolved is not None:
            others: dict[str, Any] = {name: "" for name in names if name not in own}
            try:
                transport_options(resolved._replace(target=resolved.target._replace(**others)), os.environ)
            except UsageError as error:
                yield about, error


# -- the journal, and the clock ---------------------------------------------------------------------------------------


def of_journal(args: argparse.Namespace) -> Iterator[Remark]:
    """Where runs are kept, whether it can be written, and who else can read it. A database is not asked."""
    try:
        place = named(args) or _default()
    except UsageError as error:
        yield "journal", "note", error.detail.removesuffix(". Nothing was sent"), error.advice
        return
    if place in ("", NONE):
        step = "name one with --journal, so that review, diff and escalate have runs to read"
        yield "journal", "note", "runs are not kept anywhere", step
        return
    if "://" in place:
        try:
            yield "journal", "ok", f"{journal.open(place, create=False).shown}; not contacted by this command", ""
        except JournalError as error:
            yield "journal", "problem", error.detail, error.advice
        return
    path = os.path.expanduser(place)
    shown = without(safe_files.tilde(path))
    if not os.path.exists(path):
        yield _to_be_made(path, shown, wanted=bool(named(args)))
        return
    if not os.path.isfile(path) or not os.access(path, os.R_OK | os.W_OK):
        yield "journal", "problem", f"this user cannot write {shown}", "look at its owner and permissions"
        return
    open_to_others = stat.S_IMODE(os.stat(path).st_mode) & 0o077  # before it is opened, which takes rights away
    try:
        _newest(args)
        yield "journal", "ok", shown, ""
    except JournalError as error:
        yield "journal", "problem", error.detail, error.advice
    if open_to_others:
        yield (
            "journal",
            "note",
            f"other users can read or change {shown}",
            "chmod 600 the file, and chmod 700 its folder",
        )


def _to_be_made(path: str, shown: str, *, wanted: bool) -> Remark:
    """A journal that is not there: the default one is made with its folders, one that was named is not."""
    folder = os.path.dirname(os.path.abspath(path))
    while not wanted and folder != "/" and not os.path.exists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        return (
            "journal",
            "problem",
            f"{shown} cannot be created: its folder does not exist or is not writable",
            "name another",
        )
    return "journal", "ok", f"{shown}, created by the first run", ""


def of_clock(args: argparse.Namespace) -> Remark:
    """This machine's clock against what is known to be past: our own sources' dates, and the newest run's time."""
    now, known = clock.utc(time.time()), max(area.accessed for area in AREAS)
    shown = f"{now[:19]}Z" + (f", TZ={os.environ['TZ']}" if os.environ.get("TZ") else "")
    if now < known:
        step = "set the clock: certificates and records depend on it"
        return (
            "clock",
            "problem",
            f"the clock shows {shown}, before {known}, when this version of chatproof was made",
            step,
        )
    try:
        newest = _newest(args)
    except (UsageError, JournalError):
        newest = ""  # told of where the journal is
    if newest > now:
        step = "look at the clock of this machine, or of the machine that made that run"
        return "clock", "note", f"the clock shows {shown}, before the journal's newest run, {newest[:19]}Z", step
    return "clock", "ok", shown, ""


def _newest(args: argparse.Namespace) -> str:
    """When the newest run of a local journal started; empty where there is none to ask. Raises JournalError."""
    place = named(args)
    if "://" in place or place == NONE or not os.path.isfile(os.path.expanduser(place) or _default()):
        return ""
    rows = journal.open(place, create=False).list(Filters(limit=1))
    return rows[0].started_at if rows else ""


def _default() -> str:
    return journal.default_place(os.environ)
