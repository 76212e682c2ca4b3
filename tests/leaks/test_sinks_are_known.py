"""Every place from which bytes can leave is in this list. A new one fails here until somebody has looked at it."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import chatproof
from chatproof import reporters
from tests.leaks.runs import reports

pytestmark = pytest.mark.each_commit  # quick, and the only guard against a new way out
SOURCE = Path(chatproof.__file__).parent
NAMES = {"print", "open", "input", "breakpoint", "exec", "eval"}
MODULES = {
    "logging",
    "warnings",
    "syslog",
    "subprocess",
    "shutil",
    "tempfile",
    "sqlite3",
    "_sqlite3",
    "psycopg",
    "pickle",
    "marshal",
    "traceback",
}
MODULES |= {"faulthandler", "pdb", "cProfile", "webbrowser", "smtplib", "urllib.request", "http.client"}
METHODS = {
    "write", "writelines", "write_text", "write_bytes", "open", "fdopen", "sendfile", "send", "sendall", "sendto",
    "sendmsg", "pwrite", "writev", "dump", "warn", "print_exc", "system", "popen", "execv", "execve", "posix_spawn",
    "symlink", "link", "rename", "replace", "mkdir", "makedirs", "mkfifo", "copyfile", "putenv", "displayhook",
}  # fmt: skip
OWN_SINKS = {"say", "say_as_is", "say_json", "warn", "warn_commands", "append"}  # of output.py
HARMLESS = {"replace"}  # of str, when it has arguments like a str's: see _is_text

KNOWN: dict[str, dict[str, int]] = {
    "cli/commands/escalate.py": {"open": 1},  # reads its own bundle again
    "cli/commands/requests.py": {"sys.stdout": 1},  # asks whether it is a file, to close it to others
    "aio.py": {"journal.open": 1},  # test_library.py
    "cli/commands/serve.py": {"journal.open": 2, "import tempfile": 1},  # tests/monitoring/test_serve.py scans all that serve leaves
    "cli/commands/status.py": {  # public pages: tests/monitoring/test_status.py
        "journal.open": 2, "Artefact(path, _MODE).write": 1, "os.makedirs": 1,
    },
    "cli/commands/watch.py": {"sys.stdout": 2},  # asks whether it is a terminal, and what it can show
    "cli/shared/fleet_celery.py": {  # tests/fleet/test_celery.py; metrics are regions and counts: tests/fleet/test_ledger.py
        "journal.open": 3, "Artefact(self._path, 420).write": 1,
    },
    "cli/shared/own_side.py": {"journal.open": 2},  # doctor: whether it can be read
    "fleet/evidence.py": {"import marshal": 1},  # raw evidence for the anonymous pipe: tests/fleet/test_run.py spies it
    "fleet/incoming.py": {"import logging": 1},  # why a message is refused, nothing of it: tests/fleet/test_incoming.py
    "fleet/judging.py": {"self._pipe.sendall": 1, "sys.stdout": 1, "sys.stderr": 1, "journal.open": 1},  # the pipe; flushes
    "fleet/local.py": {"judge.writer.write": 2},  # the same pipe, other end
    "fleet/queues.py": {"import logging": 1},  # names and counts: tests/fleet/test_celery.py reads the log
    "fleet/resuming.py": {"os.write": 1, "os.replace": 1},  # names of the targets that are done
    "fleet/worker_log.py": {"import logging": 1, "sys.stderr": 1},  # what a broker says: tests/fleet/test_hostile_broker.py
    "fleet/working.py": {"journal.open": 1},
    "monitoring/alerting/apprise_url.py": {"import logging": 1},  # silences the library's
    "monitoring/alerting/bounded.py": {"import logging": 1, "import smtplib": 1},  # silences and bounds what apprise uses
    "monitoring/carrier.py": {"log.write": 2},
    "monitoring/log.py": {"sys.stderr": 2, "sys.stderr.write": 1},  # redacted values: tests/monitoring/test_serve.py
    "monitoring/service.py": {"log.write": 9},
    "monitoring/serving.py": {"log.write": 2},
    "monitoring/web/app.py": {"log.write": 2},  # likewise
    "cli/shared/keeping.py": {"journal.open": 2},
    "cli/shared/ledger.py": {"journal.open": 1},
    "cli/shared/reading.py": {"journal.open": 1},
    "cli/commands/config.py": {"artefact.write": 1},  # writes one
    "target/env_file.py": {"os.open": 1},  # reads it
    "cli/commands/journal.py": {"journals.open": 1},
    "journal/bodies.py": {  # whole bodies, redacted: tests/leaks/test_whole_bodies.py
        "open": 1, "os.open": 2, "os.write": 1, "os.rename": 2, "os.mkdir": 1,
    },
    "journal/backup.py": {"os.open": 1, "os.replace": 1},  # a copy of what is stored
    "journal/files.py": {  # makes an empty file; reads the end of a rollback journal, and a file's head
        "open": 1, "os.open": 2,
    },
    "journal/jsonl.py": {"open": 5, "os.open": 2, "os.write": 1, "os.replace": 1},  # open: to read, or to copy
    "journal/lock.py": {"open": 2, "os.open": 1},  # reads /proc; an empty file
    "journal/postgres.py": {"open": 1, "import psycopg": 1, "gen.send": 1},  # reads /proc; resumes psycopg's generator
    "journal/sqlite.py": {"import _sqlite3": 1, "import sqlite3": 1},
    "target/config_reading.py": {"open": 1},  # reads chatproof.toml
    "files/special_files.py": {"open": 1, "os.open": 2, "os.write": 1},  # reads files; writes a report into a pipe
    "files/safe_files.py": {"os.open": 3, "os.mkdir": 1},  # reads configuration, authorities, approvals; makes empty files
    "target/trust.py": {"open": 1, "json.dump": 1, "os.replace": 1},  # the approvals: paths, hashes, times
    "testing/pytest_items.py": {"import warnings": 1},  # a warning of pytest's
    "testing/contract_plugin.py": {  # xdist's shared document, redacted, in a folder of its own; pytest's terminal
        "Artefact(path).write": 1, "open": 1, "os.open": 1, "import tempfile": 1, "import shutil": 1,
        "terminalreporter.write": 2,
    },
    "target/key_places.py": {"os.open": 1},  # reads the key file
    "transport/unverified_peer.py": {"incoming.write": 1},  # into a buffer in memory: what the server sent
    "running/own_requests.py": {"search.send": 1},  # into a generator
    "transport/encrypted.py": {  # what the two drivers below send, encrypted; and buffers in memory
        "self._incoming.write": 1, "self._side.write": 2, "self._socket.send": 1, "self._socket.sendall": 1,
    },
    "transport/aio.py": {"sock.send": 1, "steps.send": 1},  # what a conversation says; into its generator
    "transport/blocking.py": {"self._open.sendall": 1, "steps.send": 1},  # what a conversation says: request, CONNECT, handshake
    "files/package_files.py": {"open": 1, "os.write": 2, "import tempfile": 1},  # reads what the package holds; certificates of the simulator
    "cli/main.py": {"os.write": 1},  # one sentence of ours: tests/unit/test_errors_while_telling.py
    "cli/output.py": {
        "stream.buffer.write": 1, "os.open": 5, "os.write": 2, "os.replace": 1, "special_files.write": 1,
    },
}  # fmt: skip
"""Calls that move bytes, by file. Everything else that is shown goes through output.say, output.warn and Artefact."""

SAYERS: dict[str, set[str]] = {
    "cli/main.py": {"say", "warn"},
    "cli/commands/compare.py": {"say"},
    "cli/commands/completion.py": {"say", "say_as_is"},
    "cli/commands/config.py": {"say", "say_json"},
    "cli/shared/config_trust.py": {"say"},
    "cli/commands/contract.py": {"say"},
    "cli/commands/diff.py": {"say"},
    "cli/commands/doctor.py": {"say", "say_json"},
    "cli/shared/github.py": {"warn", "warn_commands", "append"},
    "cli/commands/explain.py": {"say", "say_json"},
    "cli/commands/history.py": {"say"},
    "cli/commands/journal.py": {"say", "say_as_is", "say_json", "artefact.write"},
    "cli/shared/keeping.py": {"warn"},
    "cli/shared/ledger.py": {"say", "say_json"},
    "cli/commands/models.py": {"say", "say_json"},
    "cli/commands/show.py": {"say", "say_as_is", "file.write"},
    "cli/commands/escalate.py": {"say", "file.write"},
    "cli/commands/review.py": {"say", "file.write"},
    "cli/shared/reading.py": {"warn"},
    "cli/commands/requests.py": {"say_as_is", "warn", "file.write"},
    "cli/commands/simulate.py": {"say"},
    "cli/shared/publish.py": {"say_as_is", "warn", "artefact.write"},
    "cli/commands/smoke.py": {"say"},
    "cli/commands/fleet.py": {"say", "say_as_is", "warn"},
    "cli/commands/serve.py": {"say"},
    "cli/commands/status.py": {"say", "say_json", "warn"},
    "cli/commands/watch.py": {"warn"},
    "cli/shared/fleet_celery.py": {"say", "warn"},
    "cli/shared/watching.py": {"say", "say_as_is"},
    "monitoring/serving.py": {"say"},
}
"""Who calls the sinks: each of them is run by test_matrix.test_every_command or test_commands_are_all_covered."""

REVEALS = {
    "wire/exchange.py": 4,
    "transport/steps.py": 4,
    "target/sent_along.py": 1,
    "target/target.py": 2,
    "secrets/redaction.py": 6,
    "evidence/curl.py": 1,
    "monitoring/alerting/post.py": 1,  # an alert's URL: tests/alerting/test_serving.py scans what serve leaves
    "monitoring/alerting/apprise_url.py": 3,
    "monitoring/alerting/webhook.py": 1,  # what signs
}
"""Calls of Secret.reveal, by file."""


def calls(tree: ast.AST) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
            last = name.rpartition(".")[2]
            if name in NAMES or (("." in name) and last in METHODS and not _is_text(name, last, node)):
                found[name] += 1
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found.update(f"import {m}" for m in modules if m in MODULES or m.partition(".")[0] in MODULES)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr", "sys.__stdout__"):
            found[ast.unparse(node)] += 1
    return found


def _is_text(name: str, last: str, node: ast.Call) -> bool:
    """str.replace, not os.replace."""
    return last in HARMLESS and not name.startswith("os.")


@cache
def sources() -> dict[str, ast.AST]:
    files = [p for p in SOURCE.rglob("*.py") if "simulator" not in p.relative_to(SOURCE).parts]
    return {p.relative_to(SOURCE).as_posix(): ast.parse(p.read_text(encoding="utf-8")) for p in sorted(files)}


def test_only_known_places_move_bytes() -> None:
    allowed = {"sys.stdout": {"cli/output.py", "cli/shared/options.py"}, "sys.stderr": {"cli/output.py"}}
    unknown = {}
    for file, tree in sources().items():
        for name, count in calls(tree).items():
            if file in SAYERS and name in SAYERS[file]:
                continue
            if file in allowed.get(name, ()):
                continue
            if count > KNOWN.get(file, {}).get(name, 0):
                unknown[f"{file}: {name}"] = count
    assert unknown == {}, "a new way out: give it a leak test, then add it here"


def test_the_list_has_no_dead_rows() -> None:
    trees = sources()
    for file, rows in KNOWN.items():
        found = calls(trees[file])
        assert {name: count for name, count in rows.items() if found[name] != count} == {}, file


def test_only_known_places_use_the_sinks() -> None:
    users = {}
    for file, tree in sources().items():
        named = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        used = named & OWN_SINKS
        if used and file != "cli/output.py":
            users[file] = used
    assert users == {file: used & OWN_SINKS for file, used in SAYERS.items()}


def test_only_known_places_reveal_a_secret() -> None:
    counts = {
        file: sum(isinstance(n, ast.Attribute) and n.attr == "reveal" for n in ast.walk(tree))
        for file, tree in sources().items()
    }
    assert {file: count for file, count in counts.items() if count} == REVEALS


def test_a_new_sink_is_seen() -> None:
    """The scan itself works: each of these would be a new row."""
    for text in ("print(x)", "open('f', 'w')", "os.write(1, x)", "import logging", "sys.stderr.write(x)",
                 "from warnings import warn", "pathlib.Path('x').write_text(y)", "os.replace(a, b)"):  # fmt: skip
        assert calls(ast.parse(text)), text
    assert not calls(ast.parse("text.replace('a', 'b')"))


def test_every_reporter_is_run_by_the_leak_suite() -> None:
    """reports() asks the package for its formats, so that a new file is covered by existing."""
    files = {path.stem.removeprefix("as_") for path in (SOURCE / "reporters").glob("as_*.py")}
    assert files == set(reporters.formats())
    assert files == {word.partition("=")[0] for word in reports() if word != "--report"}
