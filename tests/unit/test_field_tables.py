"""The tables of the fields that the AI SDK and openai-node want: each field is asked for, and its type."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chatproof.contract.clause import HOLDS, VALIDATE, Context
from chatproof.evidence.field_types import NULL, OBJECT, STRING, misfit
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.event_examples import drop, put
from chatproof.surfaces.messages.clauses.details import uncited
from chatproof.surfaces.responses.clauses.items import annotation_misread, incomplete
from chatproof.surfaces.responses.examples import streamed
from chatproof.target import profile
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import SURFACES

HOSTED = [
    {"type": "web_search_call", "id": "x_1", "status": "completed"},
    {"type": "file_search_call", "id": "x_1", "queries": []},
    {"type": "code_interpreter_call", "id": "x_1", "container_id": "c_1"},
    {"type": "image_generation_call", "id": "x_1", "result": "aGk="},
]
SOURCES = [
    {"type": "url_citation", "start_index": 0, "end_index": 4, "url": "https://a.example", "title": "A"},
    {"type": "file_citation", "file_id": "f_1", "filename": "a.txt", "index": 0},
    {
        "type": "container_file_citation",
        "container_id": "c_1",
        "file_id": "f_1",
        "filename": "a.txt",
        "start_index": 0,
        "end_index": 4,
    },
    {"type": "file_path", "file_id": "f_1", "index": 0},
]


def fields(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    return [(row, name) for row in rows for name in row if name != "type"]


@pytest.mark.parametrize(("item", "name"), fields(HOSTED))
def test_an_item_of_a_hosted_tool_has_each_of_its_fields(item: dict[str, Any], name: str) -> None:
    assert incomplete(item) == ("", "")
    without = {known: it for known, it in item.items() if known != name}
    assert incomplete(without)[0] == incomplete({**item, name: {}})[0] == name


@pytest.mark.parametrize(("note", "name"), fields(SOURCES))
def test_an_annotation_has_each_of_its_fields(note: dict[str, Any], name: str) -> None:
    assert annotation_misread(note) == ""
    without = {known: it for known, it in note.items() if known != name}
    assert annotation_misread(without) == annotation_misread({**note, name: {}}) != ""
    assert f"{note['type']} with {name}, " in annotation_misread(without)


CITED = {"cited_text": "a", "document_index": 0, "document_title": "A"}
CITATIONS = [
    {"type": "web_search_result_location", "cited_text": "a", "url": "https://a.example", "title": "A",
     "encrypted_index": "x"},
    {"type": "page_location", **CITED, "start_page_number": 1, "end_page_number": 2},
    {"type": "char_location", **CITED, "start_char_index": 0, "end_char_index": 4},
]  # fmt: skip


@pytest.mark.parametrize(("note", "name"), fields(CITATIONS))
def test_a_citation_has_each_of_its_fields(note: dict[str, Any], name: str) -> None:
    assert uncited(note) == "" and ("document_title" not in note or uncited({**note, "document_title": None}) == "")
    without = {known: it for known, it in note.items() if known != name}
    assert f"a citation whose {name} is " in uncited({**note, name: {}})
    assert name == "document_title" or uncited(without) == uncited({**note, name: {}})


RESPONSE = {"id": "resp_1", "service_tier": "default"}
ENDED = {**RESPONSE, "incomplete_details": {"reason": "max_output_tokens"}, "reasoning": {}}
AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
SUMMARY = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
ITEM = {"id": "msg_1", "encrypted_content": "gAA", "namespace": "n"}
OR_NULL, OR_ABSENT = (
    ("service_tier", "incomplete_details", "reasoning", "encrypted_content", "namespace", "logprobs", "status"),
    ("id",),
)
TYPED: dict[str, dict[str, Any]] = {
    "created": {"response": RESPONSE},
    "in_progress": {"response": {"service_tier": "default"}},
    "completed": {"response": ENDED},
    "incomplete": {"response": ENDED},
    "output_item.added": {"output_index": 0, "item": ITEM},
    "output_item.done": {"output_index": 0, "item": {**ITEM, "status": "completed"}},
    "content_part.added": AT,
    "content_part.done": AT,
    "output_text.done": {"item_id": "msg_1"},
    "output_text.delta": {"logprobs": []},
    "function_call_arguments.done": {"item_id": "fc_1", "output_index": 0, "arguments": "{}"},
    "refusal.delta": {"item_id": "msg_1", "delta": "no"},
    "refusal.done": {"item_id": "msg_1", "refusal": "no"},
    "reasoning_summary_part.added": {**SUMMARY, "part": {}},
    "reasoning_summary_part.done": SUMMARY,
    "reasoning_summary_text.done": SUMMARY,
    "reasoning_summary_text.delta": {**SUMMARY, "delta": "Hm."},
    "output_text.annotation.added": {**AT, "annotation_index": 0, "annotation": SOURCES[-1]},
}


def paths(value: dict[str, Any], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of each member, but for those of the response and the item as such, and of an annotation."""
    found = []
    for name, it in value.items():
        inner = paths(it, (*before, name)) if isinstance(it, dict) and name != "annotation" else []
        found += inner if name in ("response", "item") else [(*before, name), *inner]
    return found


def told(event: dict[str, Any]) -> str:
    """The path at which a stream of this event has a field of another type; empty where it has none."""
    clause = SURFACES["responses"].clauses(VALIDATE)["responses.stream.field_types"]
    reply = Reply(exchange("stream", from_example(streamed([event])), api="responses"))
    found = clause.judge(reply, Context(profile.load("generic"), EXAMPLE_MODEL, None, {}, SURFACES["responses"]))
    assert (found.outcome == HOLDS) == (not found.at)
    return found.at.partition("$.")[2]


def changed(kind: str, change: Any) -> dict[str, Any]:
    made = copy.deepcopy({"type": f"response.{kind}", **TYPED[kind]})
    change(made)
    return made


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, fields in TYPED.items() for path in paths(fields)])
def test_each_field_of_an_event_has_its_type(kind: str, path: tuple[str, ...]) -> None:
    at, name = ".".join(path), path[-1]
    if at == "response.id":  # asked for by a clause of its own, but for an empty one
        assert told(changed(kind, put("", *path))) == ("response.id" if kind == "created" else "")
        return
    assert told(changed(kind, lambda _: None)) == ""
    assert told(changed(kind, put(True, *path))) == at, "true is of no type that any field has"
    assert told(changed(kind, put(None, *path))) == ("" if name in OR_NULL else at)
    assert told(changed(kind, drop(*path))) == ("" if name in (*OR_NULL, *OR_ABSENT) else at)


@pytest.mark.parametrize("phase", ["commentary", "final_answer", None])
def test_a_message_has_one_of_two_phases_or_none(phase: str | None) -> None:
    assert told(changed("output_item.added", put(phase, "item", "phase"))) == ""
    assert told(changed("output_item.added", put("analysis", "item", "phase"))) == "item.phase"


def test_a_finished_message_has_objects_as_its_content() -> None:
    done = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "pong"}, None]}
    assert told(changed("output_item.done", put(done, "item"))) == "item.content"


def test_a_part_of_another_type_needs_no_text() -> None:
    assert told(changed("content_part.added", put({"type": "refusal", "refusal": ""}, "part"))) == ""
    assert told(changed("content_part.done", put({"type": "refusal", "refusal": ""}, "part"))) == ""
    assert told(changed("content_part.done", put({"type": "output_text"}, "part"))) == "part.text"
    assert told(changed("content_part.added", put({"type": "output_text"}, "part"))) == "", "stream.part_added tells it"


def test_what_stands_in_no_object_is_not_looked_at() -> None:
    fields = {"a.b.c": STRING, "a.b.d": OBJECT + NULL}
    assert misfit({"a": 7}, fields) == misfit({"a": {"b": None}}, fields) == misfit({}, fields) == ("", "")
    assert misfit({"a": {"b": {"c": "x", "d": 7}}}, fields) == ("a.b.d", OBJECT + NULL)
