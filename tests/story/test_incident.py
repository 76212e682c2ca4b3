"""An incident, as it is lived: good, a deploy breaks the shape, one retry succeeds, it comes back, it is mended.

What history, diff, review and escalate say of it is kept as text that a reader would act on. When the text is meant to
change: `make goldens`, then read the difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproof.cli import main as cli
from chatproof.simulator.chat import respond
from chatproof.simulator.server import Server
from chatproof.simulator.wire import GOOD, Asked, Reply, Script
from tests.golden_files import same

GOLDEN = Path(__file__).parent / "golden"
KEY = "sk-story-Zq7vKm2XwL9pTz4RbN8sKd3YhF6cWj"
PLAYED = ("good", "good", "deployed", "good", "deployed", "good", "good")
EXITS = {"good": 0, "deployed": 1}
COMMANDS = {
    "history.txt": ("history",),
    "diff.txt": ("diff", "{good}", "{bad}"),
    "review.txt": ("review", "--target", "{url}"),
    "review.md": ("review", "--target", "{url}", "--format", "markdown"),
    "escalate.md": ("escalate", "{bad}"),
}


class Service:
    """The simulator, and a deploy of it that renames a field, drops the usage and answers through another proxy."""

    def __init__(self) -> None:
        self.state = "good"
        self.server = Server(self.answer, KEY)
        self.url = f"http://127.0.0.1:{self.server.port}/v1"

    def answer(self, asked: Asked) -> Reply | Script:
        reply = respond(asked)
        if self.state == "good" or not asked.path.endswith("/chat/completions"):
            return reply
        headers = (*reply.headers, ("Server", "edge/2.0"))
        if asked.credential != GOOD:
            return reply._replace(headers=headers)
        value = json.loads(reply.body)
        message = value["choices"][0]["message"]
        message["text"] = message.pop("content")
        del value["usage"]
        return reply._replace(headers=headers, body=json.dumps(value).encode())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What each command says after the incident was played."""
    folder = tmp_path_factory.mktemp("story")
    service = Service()
    patch = pytest.MonkeyPatch()
    patch.setenv("CHATPROOF_API_KEY", KEY)
    patch.setenv("CHATPROOF_JOURNAL", str(folder / "journal.sqlite3"))
    patch.delenv("CI", raising=False)
    patch.chdir(folder)
    out: list[str] = []
    patch.setattr("chatproof.cli.output._write", lambda stream, text: out.append(text))
    try:
        for state in PLAYED:
            service.state = state
            assert (
                cli.main(["smoke", service.url, "--profile", "cometapi", "--model", "simulator-mini", "-q"])
                == EXITS[state]
            )
        runs = json.loads(said(out, "history", "--format", "json"))["runs"]
        ids = [run["run_id"] for run in reversed(runs)]
        words = {"good": ids[1], "bad": ids[2], "url": service.url}
        yield {
            name: normal(said(out, *(word.format(**words) for word in command)), ids, service.url)
            for name, command in COMMANDS.items()
        }
    finally:
        patch.undo()
        service.server.stop()


def said(out: list[str], *args: str) -> str:
    out.clear()
    assert cli.main(list(args)) == 0, "".join(out)
    return "".join(out)


def normal(text: str, ids: list[str], url: str) -> str:
    """Without what is another each time: ids, times, ports, durations, fingerprints."""
    for number, id in enumerate(ids, 1):
        text = text.replace(id, f"smoke-run-{number}")
    text = text.replace(url, "http://127.0.0.1:PORT/v1")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "2026-MM-DDThh:mm:ss.sssZ", text)
    text = re.sub(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "HTTP-DATE", text)
    text = re.sub(r"(req_|chatcmpl-)[0-9a-f]{24}", r"\1ID", text)
    text = re.sub(r'("created": )\d+', r"\1SECONDS", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-MM-DD hh:mm:ss", text)
    text = re.sub(r"  timings_ms\..*\n", "", text)
    text = re.sub(r", [\d.]+ ms\b", ", N ms", text)
    text = re.sub(r"(Content-Length: )\d+", r"\1N", text)
    text = re.sub(r"chatproof \d+\.\d+\.\d+\w*", "chatproof VERSION", text)
    return re.sub(r"(?m)^(\S+)  +", r"\1  ", re.sub(r"/\S+/journal\.sqlite3", "JOURNAL", text))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_incident_is_told_to_the_letter(name: str, told: dict[str, str]) -> None:
    same(GOLDEN / name, told[name])


def test_a_reader_would_know_what_to_do(told: dict[str, str]) -> None:
    """The points of the story, whatever the wording."""
    review = told["review.txt"]
    assert review.startswith("Verdict: deployment drift\n")
    assert re.search(r"GO \(last good\) +smoke-run-2\b", review) and re.search(
        r"NO-GO \(first bad\) +smoke-run-3\b", review
    )
    assert re.search(r"GO \(recovered\) +smoke-run-6\b", review)
    assert "smoke-run-4 passed between failures" in review
    assert "ours: no relevant change" in review
    for lost in ("$.choices[].message.content", "$.usage"):
        assert any(lost in line and ("gone" in line or "text" in line) for line in review.splitlines()), lost
    assert "Sent the same way" in told["diff.txt"] and "Sent differently" not in told["diff.txt"]
    assert "edge/2.0" in told["diff.txt"]
    escalation = told["escalate.md"]
    assert "kind of problem: contract mismatch\n" in escalation and "## Degradation" not in escalation
    assert "$CHATPROOF_API_KEY" in escalation and "req_ID" in escalation and "https://" in escalation
    assert told["history.txt"].count("NO-GO") == 2


def test_no_text_of_the_story_holds_the_key(told: dict[str, str]) -> None:
    assert all(KEY[i : i + 8] not in text for text in told.values() for i in range(len("sk-story-"), len(KEY) - 8))
