"""Independent readers: each takes a report's text, raises when a reader of that format would refuse it, and returns what it read."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import haralyzer
import harfile
import jsonschema_rs
import junitparser
import tap.line
import tap.parser
from lxml import etree
from markdown_it import MarkdownIt
from markdown_it.token import Token
from prometheus_client.parser import text_string_to_metric_families

from chatproof.printable import inert
from chatproof.reporters.as_csv import COLUMNS
from tests.web import install

HERE = Path(__file__).parent
COMMANDS = {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "set-output", "set-env", "save-state",
            "add-path", "add-matcher", "remove-matcher", "stop-commands", "echo", "internal-set-repo-path"}  # fmt: skip


@cache
def _xsd() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(HERE / "junit.xsd")))


@cache
def _validator(name: str) -> Any:
    if name == "har":
        files = install.har_schemas()
        return jsonschema_rs.validator_for(_whole(files["har.json#"], files), validate_formats=True)
    schema = install.schema(name)
    if name == "sarif":
        # The published pattern of this field has a bracket too many and is no regular expression; we write none.
        for definition in schema["definitions"].values():
            definition.get("properties", {}).get("language", {}).pop("pattern", None)
    return jsonschema_rs.validator_for(schema)


def _whole(node: Any, files: dict[str, Any]) -> Any:
    """A schema with the files it refers to put in their places."""
    if isinstance(node, dict):
        if "$ref" in node:
            return _whole(files[node["$ref"]], files)
        return {name: _whole(value, files) for name, value in node.items() if name not in ("$id", "$schema")}
    return [_whole(item, files) for item in node] if isinstance(node, list) else node


def junit(text: str) -> dict[str, list[str]]:
    """State → case names, read by libxml2 and checked against the schema."""
    tree = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    _xsd().assertValid(tree)
    found: dict[str, list[str]] = {"passed": [], "warned": [], "failure": [], "error": [], "skipped": []}
    for case in tree.iter("testcase"):
        kinds = [child.tag for child in case if child.tag in found]
        state = kinds[0] if kinds else "warned" if case.find("system-out") is not None else "passed"
        found[state].append(case.get("name"))
    for element in (tree, *tree.iter("testsuite")):
        assert int(element.get("tests")) == sum(map(len, found.values()))
        assert (int(element.get("failures")), int(element.get("errors"))) == (
            len(found["failure"]),
            len(found["error"]),
        )
    _counted_again(text)
    return found


def _counted_again(text: str) -> None:
    """A second reader takes it for JUnit, and what it counts is what stands there."""
    whole = junitparser.JUnitXml.fromstring(text.encode())
    for suite in whole:
        assert all(len(case.result) <= 1 for case in suite)
        suite.update_statistics()
    whole.update_statistics()
    again = etree.fromstring(whole.tostring())
    assert etree.tostring(again) == etree.tostring(etree.fromstring(text.encode()))


def tap_(text: str) -> list[tap.line.Line]:
    """The result lines, read by tap.py; the plan must fit, and nothing may be unknown."""
    lines = list(tap.parser.Parser().parse_text(text))
    assert [line.category for line in lines[:2]] == ["version", "plan"]
    assert not [line for line in lines if line.category == "unknown" and str(line).strip()]
    results = [line for line in lines if line.category == "test"]
    assert lines[1].expected_tests == len(results) == max((r.number for r in results), default=0)
    for result in results:
        assert (result.ok and not result.todo) or result.skip or result.yaml_block, "trouble without a YAML block"
    return results


def ctrf(text: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(text)
    _validator("ctrf").validate(report)
    summary, tests = report["results"]["summary"], report["results"]["tests"]
    for status in ("passed", "failed", "skipped", "pending", "other"):
        assert summary[status] == sum(test["status"] == status for test in tests)
    assert summary["tests"] == len(tests)
    return report


def sarif(text: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(text)
    _validator("sarif").validate(log)
    run = log["runs"][0]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") or result["level"] == "none"  # 3.27.10
        assert "](" not in result["message"]["text"]
    return dict(run)


def codequality(text: str) -> list[dict[str, Any]]:
    """GitLab's own rules for the file (its documentation of code quality): these fields, and no fingerprint twice."""
    rows: list[dict[str, Any]] = json.loads(text)
    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{64}", row["fingerprint"]) and row["location"]["lines"]["begin"] >= 1
        path = row["location"]["path"]
        assert path and not path.startswith(("/", "./", "../"))
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    return rows


def csv_(text: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert tuple(rows[0]) == COLUMNS if rows else True
    for row in rows:
        assert None not in row and None not in row.values()
        assert not [value for value in row.values() if value.lstrip()[:1] in tuple("=+-@|%\t\r") and value.strip()]
    assert text.count("\r\n") == text.count("\n") == len(rows) + 1
    return rows


def har(text: str) -> haralyzer.HarParser:
    loaded = json.loads(text)
    _validator("har").validate(loaded)
    parser = haralyzer.HarParser(loaded)
    assert all(entry.request.url for entry in (haralyzer.HarEntry(raw) for raw in loaded["log"]["entries"]))
    assert _written_again(loaded["log"]) == loaded
    return parser


def _written_again(log: dict[str, Any]) -> dict[str, Any]:
    """The archive as a library writes it from its own records, which know no field that HAR does not have."""
    out = io.StringIO()
    creator, browser = harfile.Creator(**log["creator"]), harfile.Browser(**log["browser"])
    with harfile.HarFile(out, creator=creator, browser=browser, comment=log["comment"]) as archive:
        for entry in log["entries"]:
            request, response = dict(entry["request"]), dict(entry["response"])
            for side in (request, response):
                side["headers"] = [harfile.Record(**header) for header in side["headers"]]
                side["cookies"] = [harfile.Cookie(**cookie) for cookie in side["cookies"]]
            response["content"] = harfile.Content(**response["content"])
            parts = {
                "request": harfile.Request(**request),
                "response": harfile.Response(**response),
                "timings": harfile.Timings(**entry["timings"]),
                "cache": harfile.Cache(**entry["cache"]),
            }
            archive.add_entry(**{**entry, **parts})
    written: dict[str, Any] = json.loads(out.getvalue())
    return written


def jsonl(text: str) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in text.splitlines()]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["event"] == "run.started" and events[-1]["event"] == "run.finished"
    assert {event["schema"] for event in events} == {"chatproof.event/1"} and len({e["run_id"] for e in events}) == 1
    return events


def json_(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def yaml_(text: str) -> dict[str, str]:
    import yaml

    loaded: dict[str, str] = yaml.safe_load(text)["smoke_test_run"]
    return loaded


def text_(text: str) -> str:
    assert all(char.isprintable() or char == "\n" for char in text)
    return text


def markdown(text: str) -> list[Token]:
    """Rendered as GitHub's dialect is: no link, image, HTML, mention or reference can come from the text."""
    tokens = MarkdownIt("gfm-like").parse(text)
    flat = [inner for token in tokens for inner in (token.children or [token])]
    kinds = {token.type for token in (*tokens, *flat)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "code_block", "blockquote_open"}, (
        kinds
    )
    for token in flat:
        if token.type == "text":
            assert not re.search(
                r"@\w|#\d|\bGH-\d|://|www\.|:\w+:|\b(?=\w*\d)[0-9a-f]{7,40}\b", _ours(token.content)
            ), token.content
    widths: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            widths.append(0)
        elif token.type in ("td_open", "th_open"):
            widths[-1] += 1
        elif token.type == "table_close":
            assert len(set(widths)) == 1, widths
            widths = []
    assert sum(token.type == "heading_open" for token in tokens) == 1
    return tokens


def _ours(text: str) -> str:
    """Without the times that we write ourselves."""
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "", text)


def github(text: str) -> list[tuple[str, dict[str, str], str]]:
    """(command, properties, message), as the runner's ActionCommand.TryParseV2 reads each line; every line is one."""
    found = []
    for line in text.split("\n"):
        if not line:
            continue
        assert line.startswith("::"), line
        end = line.index("::", 2)
        name, _, named = line[2:end].partition(" ")
        properties = dict(pair.split("=", 1) for pair in named.split(",") if "=" in pair)
        assert name in ("error", "warning", "notice") and set(properties) <= {"title", "file", "line"}
        unescaped = {key: _unescape(value, property=True) for key, value in properties.items()}
        found.append((name, unescaped, _unescape(line[end + 2 :])))
    for kind in ("error", "warning", "notice"):
        assert sum(name == kind for name, _, _ in found) <= 10
    assert found and all(len(message) <= 4096 for _, _, message in found)
    return found


def _unescape(text: str, property: bool = False) -> str:
    order = ("%0D", "\r"), ("%0A", "\n"), *((("%3A", ":"), ("%2C", ",")) if property else ()), ("%25", "%")
    for escaped, char in order:
        text = text.replace(escaped, char)
    return text


def commands_in(text: str) -> list[str]:
    """Lines that GitHub's runner would take for one of its commands, in either of its syntaxes; or Azure's, TeamCity's."""
    found = []
    for line in re.split("\r\n|\n|\r", text):
        start = line.lstrip()
        if start.startswith("::") and start[2:].partition("::")[1] and re.split("[ :]", start[2:])[0] in COMMANDS:
            found.append(line)
        if re.search(r"##(vso|teamcity)?\[", line):
            found.append(line)
    assert bool(found) or inert(text) == text or "::" in text
    return found


def html(text: str, scripts: int = 1) -> etree._Element:
    """Well-formed enough for a strict reader: html5 by lxml, no script or style but ours, no reference to anything outside."""
    tree = etree.fromstring(text, etree.HTMLParser())
    assert len(tree.findall(".//script")) == scripts and len(tree.findall(".//style")) == 1
    for element in tree.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on") and name not in ("style", "srcset", "srcdoc", "formaction"), name
            assert name not in ("src", "action", "background", "poster", "data"), name
            if name in ("href", "xlink:href"):
                assert value.startswith(("#", "https://")), value
    assert not tree.findall(".//img") and not tree.findall(".//iframe") and not tree.findall(".//link")
    return tree


def prometheus(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Family → label values → value, read by Prometheus' own client library; no series twice, none without its help."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.name not in found, f"the lines of {family.name} do not stand together"
        assert family.documentation and family.type in ("gauge", "counter", "histogram")
        found[family.name] = {}
        for one in family.samples:
            labels = tuple(one.labels.values())
            assert labels not in found[family.name], f"{family.name} {labels} twice"
            found[family.name][labels] = one.value
    return found


READERS = {
    "junit": junit, "tap": tap_, "ctrf": ctrf, "sarif": sarif, "codequality": codequality, "csv": csv_, "har": har,
    "jsonl": jsonl, "json": json_, "yaml": yaml_, "text": text_, "markdown": markdown, "github": github,
    "html": html, "prometheus": prometheus,
}  # fmt: skip
