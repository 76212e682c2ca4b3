"""Every command there is, with every format it knows, after runs against servers that send the key back.

Nothing here lists the commands: they are asked of the command line, their formats of themselves, the journal's backends
and the pages' folders of the package. A new command is run in each of the usual ways; when none of them leads anywhere,
or when it waits for somebody, it fails here until it has a row in WAYS_TO_RUN.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import chatproof
from chatproof import reporters
from chatproof.cli import main as cli
from tests.journal_support import fresh_place
from tests.leaks.rogue import Rogue
from tests.leaks.runs import Ran, reports
from tests.leaks.scanner import DECOY, KEY, PROXY, Found, controls, scan
from tests.leaks.test_matrix import Inside, check, inside  # noqa: F401

pytestmark = pytest.mark.timeout(900)  # many runs and deep scans in each
SOURCE = Path(chatproof.__file__).parent
USUAL = ((), ("{url}",), ("{url}", "--model", "m"), ("latest",), ("latest", "{first}"), ("{run}",), ("{url}", "{good}"))
# Commands that the usual ways do not show, or that wait: what is run in place of them.
WAYS_TO_RUN: dict[str, tuple[tuple[str, ...], ...]] = {
    "smoke": (
        ("{url}", "--model", "m", "--stream", "--keep-bodies", "-vv"), ("{url}", "--model", "m", "-q"),
        ("{url}", "--model", "m", "--plan", "--stream"), ("{url}",), ("{url}", "--model", "auto"),
    ),
    "validate": (
        ("{url}", "--model", "m", "--keep-bodies", "-vv"), ("{url}", "--model", "m", "--plan"),
        ("{url}", "--model", "m", "--with", "image", "--budget-tokens", "200"), ("{url}",),
    ),
    "compare": (("{url}", "{good}", "--smoke", "--model", "m", "-vv"), ("{good}", "{url}", "--smoke", "--model", "m")),
    "models": (("{url}",), ("{url}", "--check", "gpt-4")),
    "judge": (("{run}", "-vv"),),
    "contract": ((), ("--validate",), ("{url}",)),
    "requests": (("from", "{har}"), ("from", "{har}", "--counts", "-q"), ("from", "{har}", "-o", "kept.jsonl"), ("from", "{run}")),
    "simulate": (("--list-faults",),),
    "config": (("show", "--origin"), ("check",), ("schema",)),
    "completion": (("bash",), ("zsh",), ("fish",), ("man",)),
    "watch": (("{url}", "--model", "m", "--every", "1s", "--for", "2s"), ("{url}", "--model", "m", "--every", "1s", "--for", "1s", "-q")),
    "fleet": tuple(("run", "--targets", "{targets}", "--format", name) for name in reporters.formats("fleet")),
    "escalate": (("{run}",), ("{run}", "--anyway"), ("latest", "--anyway")),
    "journal": (("verify",), ("export",), ("export", "kept.jsonl"), ("prune", "--keep", "9")),
}  # fmt: skip
# Commands that ask for a monitor: what they leave is scanned where one runs.
ELSEWHERE = {"serve": "tests/monitoring/test_serve.py", "status": "tests/monitoring/test_status.py"}
# Journals by backend: the kind of place that tests.journal_support makes. A new backend fails below until it stands here.
JOURNALS = {"sqlite": "sqlite3", "jsonl": "jsonl", "postgres": "postgresql"}
CASES = ("echo-plain", "control-ids", "refuse-base64-2", "control-bytes", "names-body", "model-names", "tool-names",
         "schema-names", "ids-unreadable", "foreign", "key-at-the-excerpt-edge")  # fmt: skip


def formats(command: str, inside: Inside) -> list[str]:  # noqa: F811
    """What the command's --format takes; it says so when asked for another."""
    for words in ((), ("a",), ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1")):
        said = inside(command, *words, "--format", "no-such-format").artefacts["stderr"].decode()
        listed = re.search(r"no-such-format'\n *next: there are: ([a-z0-9_, -]+)|choose from ([a-z0-9_', -]+)", said)
        if listed:
            return re.findall(r"[a-z0-9_-]+", listed[1] or listed[2])
    return []


def backends() -> list[str]:
    """The modules that journal.open chooses from."""
    tree = ast.parse((SOURCE / "journal" / "__init__.py").read_text(encoding="utf-8"))
    opens = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "open")
    imports = [node for node in ast.walk(opens) if isinstance(node, ast.ImportFrom)]
    return sorted({alias.name for node in imports if node.module == "chatproof.journal" for alias in node.names})


class Collected:
    """What many runs in one folder leave. Each run's streams are looked at as they come; secrets are looked for once,
    in all streams and in the files as they stand at the end: scanning is what takes time."""

    def __init__(self, inside: Inside) -> None:  # noqa: F811
        self.inside = inside
        self.artefacts: dict[str, bytes] = {}

    def run(self, *args: str) -> Ran:
        ran = self.inside(*args)
        label = " ".join(args)
        err = ran.artefacts["stderr"]
        assert b"Traceback" not in err and b"internal error" not in err, label
        if not set(args) & {"html", "pdf"}:
            assert controls(ran.stdout.replace(b"\r\n", b"\n")) == [], label  # CSV ends its lines with CRLF
        assert controls(err) == [], label
        self.artefacts |= {f"stdout of {label}": ran.stdout, f"stderr of {label}": err}
        self.artefacts |= {name: data for name, data in ran.artefacts.items() if name.startswith("file ")}
        return ran

    def leaks(self) -> list[Found]:
        distinct = {data: name for name, data in self.artefacts.items()}
        return Ran(0, {name: data for data, name in distinct.items()}).leaks()


def _write_traffic(path: Path) -> None:
    """A HAR as a browser writes it, with the keys in every place that is not taken, and in texts that are replaced."""
    secret = {"role": "user", "content": f"my key is {KEY.value}, and {DECOY.value}"}
    body = {"model": KEY.value, "messages": [secret], "user": KEY.value, "metadata": {"k": DECOY.value}}
    request = {
        "method": "POST",
        "url": f"https://api.example.net/v1/chat/completions?key={KEY.value}",
        "headers": [{"name": "authorization", "value": f"Bearer {KEY.value}"}],
        "cookies": [{"name": "session", "value": DECOY.value}],
        "postData": {"text": json.dumps(body)},
    }
    response = {"status": 200, "content": {"text": KEY.value}}
    path.write_text(json.dumps({"log": {"entries": [{"request": request, "response": response}]}}))


def prepared(case: str, rogue: Rogue, all: Collected) -> dict[str, str]:
    """Two runs in the journal, one of them as a file."""
    names = {"url": rogue.url(case), "good": rogue.url("good"), "run": str(all.inside.folder / "report.json")}
    # Not in the folder, which is what is scanned.
    names["har"] = str(all.inside.folder.parent / f"{all.inside.folder.name}-traffic.har")
    _write_traffic(Path(names["har"]))
    names["targets"] = str(all.inside.folder.parent / f"{all.inside.folder.name}-targets.jsonl")
    row = {"model": "m", "key_env": "CHATPROOF_API_KEY", "allow_http": True}
    rows = [{"name": name, "base_url": names[name], **row} for name in ("url", "good")]
    Path(names["targets"]).write_text("".join(json.dumps(row) + "\n" for row in rows))
    all.run("smoke", rogue.url(case), "--model", "m", "--stream", "--keep-bodies")
    ran = all.run("smoke", rogue.url(case), "--model", "m", "--environment", DECOY.value, *reports())
    found = re.search(rb'"run_id": *"([^"]+)"', ran.artefacts["file report.json"])
    assert found
    return {**names, "first": found[1].decode()}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("command", [command for command in cli.COMMANDS if command not in ELSEWHERE])
def test_every_command_in_every_format(command: str, case: str, rogue: Rogue, inside: Inside) -> None:  # noqa: F811
    all = Collected(inside)
    names = prepared(case, rogue, all)
    known, led = formats(command, inside), False
    for way in WAYS_TO_RUN.get(command, USUAL):
        args = [word.format(**names) for word in way]
        ran = all.run(command, *args)
        led = led or (ran.status != 2 and bool(ran.stdout))
        if ran.status == 2 and command not in WAYS_TO_RUN:
            continue
        for format in known:
            all.run(command, *args, "--format", format)
    assert all.leaks() == []
    assert led, f"{command} shows nothing when it is run in the usual ways: give it a row in WAYS_TO_RUN"


def test_the_formats_are_really_asked_for(inside: Inside) -> None:  # noqa: F811
    assert set(formats("smoke", inside)) == set(reporters.formats()) and "json" in formats("doctor", inside)
    assert set(formats("compare", inside)) == set(reporters.formats("comparison"))


def test_no_row_is_of_a_command_that_is_gone() -> None:
    assert set(WAYS_TO_RUN) | set(ELSEWHERE) <= set(cli.COMMANDS)
    assert all((SOURCE.parent.parent / file).is_file() for file in ELSEWHERE.values())
    assert {path.stem for path in (SOURCE / "cli" / "commands").glob("*.py")} >= set(cli.COMMANDS)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_and_bad_arguments(command: str, inside: Inside) -> None:  # noqa: F811
    with pytest.raises(SystemExit):
        inside(command, "--help")
    for args in (
        (KEY.value,),
        (f"--api-key={PROXY.value}",),
        ("--config", f"/nowhere/{KEY.value}"),
        ("\x1b[2J\u202e",),
    ):
        check(inside(command, *args))


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("case", ["echo-plain", "names-body", "foreign"])
def test_every_journal(
    backend: str,
    case: str,
    rogue: Rogue,
    inside: Inside,  # noqa: F811
    request: pytest.FixtureRequest,
) -> None:
    """The journal's own bytes are read: pages, log and all; of a server, every row of every table."""
    assert backend in JOURNALS, f"the journal in {backend}.py has no leak test: say in JOURNALS how its place is made"
    place = fresh_place(request, inside.folder, JOURNALS[backend])
    all = Collected(inside)
    for _ in range(3):
        all.run("smoke", rogue.url(case), "--model", "m", "--environment", DECOY.value, "--journal", place)
    kept = [data for name, data in all.artefacts.items() if name.startswith("file j.")]
    if backend == "postgres":
        import psycopg

        with psycopg.connect(place) as server:
            names = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            rows = [row for (name,) in names for row in server.execute(f'SELECT * FROM "{name}"').fetchall()]
        kept = ["\n".join(str(value) for row in rows for value in row).encode()]
        all.artefacts["rows"] = kept[0]
    assert all.leaks() == []
    assert kept and any(scan(data, DECOY) for data in kept), "the scan does not read what was kept"


def test_backends_are_found() -> None:
    assert {"sqlite", "jsonl", "postgres"} <= set(backends())
