"""Every place from which bytes can leave is in this list. A new one fails here until somebody has looked at it."""

from __future__ import annotations

import ast
from collections import Counter
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
OWN_SINKS = {"say", "warn", "warn_commands", "append"}  # of output.py
HARMLESS = {"replace"}  # of str, when it has arguments like a str's: see _is_text

KNOWN: dict[str, dict[str, int]] = {
    "commands/escalate.py": {"open": 1},  # reads its own bundle again
    "commands/judge.py": {"open": 1},  # reads a capture
    "commands/keeping.py": {"journal.open": 2},
    "commands/ledger.py": {"open": 1, "journal.open": 1},  # reads a recorded contract
    "commands/reading.py": {"journal.open": 1},
    "reporters/html_page.py": {"open": 1},  # reads its own template, style and script
    "commands/config.py": {"artefact.write": 1},  # writes one
    "env_file.py": {"os.open": 1},  # reads it
    "schema_check.py": {"open": 1},  # reads a shipped schema
    "commands/journal.py": {"open": 1, "journals.open": 1},  # reads what is imported
    "journal/jsonl.py": {"open": 1, "os.open": 2, "os.write": 1, "os.replace": 1},
    "journal/postgres.py": {"import psycopg": 1},
    "journal/reading.py": {"open": 1},  # reads a run's JSON
    "journal/sqlite.py": {"os.open": 1, "os.makedirs": 1, "import _sqlite3": 1, "import sqlite3": 1},
    "config.py": {"open": 2},  # reads chatproof.toml
    "profile.py": {"open": 1},  # reads a shipped profile
    "pytest_items.py": {  # xdist's shared document, redacted, in a folder of its own; pytest's terminal
        "Artefact(path).write": 1, "open": 1, "os.open": 1, "import tempfile": 1, "import shutil": 1,
        "terminalreporter.write": 2, "self.warn": 1,
    },
    "migration/clients.py": {"open": 1},  # reads a shipped table
    "target.py": {"os.open": 1},  # reads the key file
    "tls_evidence.py": {"incoming.write": 1},  # into a buffer in memory: what the server sent
    "transport.py": {"sock.sendall": 3},  # the request; CONNECT; a handshake that ends before a request
    "output.py": {
        "stream.buffer.write": 1, "os.open": 5, "os.write": 2, "os.replace": 1,
    },
}  # fmt: skip
"""Calls that move bytes, by file. Everything else that is shown goes through output.say, output.warn and Artefact."""

SAYERS: dict[str, set[str]] = {
    "cli.py": {"say", "warn"},
    "commands/compare.py": {"say"},
    "commands/completion.py": {"say"},
    "commands/config.py": {"say"},
    "commands/contract.py": {"say"},
    "commands/diff.py": {"say"},
    "commands/doctor.py": {"say"},
    "commands/github.py": {"warn", "warn_commands", "append"},
    "commands/explain.py": {"say"},
    "commands/history.py": {"say"},
    "commands/journal.py": {"say", "artefact.write"},
    "commands/keeping.py": {"warn"},
    "commands/ledger.py": {"say"},
    "commands/models.py": {"say"},
    "commands/show.py": {"say"},
    "commands/escalate.py": {"say", "file.write"},
    "commands/review.py": {"say", "file.write"},
    "commands/simulate.py": {"say"},
    "commands/publish.py": {"say", "warn", "artefact.write"},
    "commands/smoke.py": {"say"},
}
"""Who calls the sinks: each of them is run by test_matrix.test_every_command or test_commands_are_all_covered."""

REVEALS = {"exchange.py": 4, "transport.py": 3, "target.py": 2, "redaction.py": 6, "curl_command.py": 1}
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


def sources() -> dict[str, ast.AST]:
    files = [p for p in SOURCE.rglob("*.py") if "simulator" not in p.relative_to(SOURCE).parts]
    return {p.relative_to(SOURCE).as_posix(): ast.parse(p.read_text(encoding="utf-8")) for p in sorted(files)}


def test_only_known_places_move_bytes() -> None:
    allowed = {"sys.stdout": {"output.py", "commands/options.py"}, "sys.stderr": {"output.py"}}
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
        if used and file != "output.py":
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
