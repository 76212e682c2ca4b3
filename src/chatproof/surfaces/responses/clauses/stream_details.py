"""What some clients want of a stream, and those that were measured do without."""

from chatproof.contract.clause import SHOULD, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import drop, event, put
from chatproof.surfaces.event_lines import named_events
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.building import Built
from chatproof.surfaces.responses.clauses.happy import cut_as_asked, undated
from chatproof.surfaces.responses.clauses.items import OPEN_RESPONSES
from chatproof.surfaces.responses.examples import EVENTS, STREAMED, changed, on_stream, put_before, streamed, without
from chatproof.surfaces.responses.kinds import EVENTS as KNOWN_EVENTS
from chatproof.surfaces.responses.view import kind_of, members
from chatproof.surfaces.shared_clauses import SSE

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)


@clause(
    "usage_reported",
    "The usage is in the event that ends the stream.",
    "Without it, Codex and LangChain count zero tokens; no other event has it.",
    level=SHOULD,
    code="contract.usage",
    needs=("responses.stream.finished",),
    holds_on=(STREAMED,),
    breaks_on=(changed("completed", drop("response", "usage")), changed("completed", put(None, "response", "usage"))),
)
def usage_reported(reply: Reply, context: Context) -> Outcome:
    if view.final(reply).get("usage"):
        return holds()
    return broken("$.response.usage", "the counts of tokens", quote(view.final(reply).get("usage")))


@clause(
    "completed",
    "The stream ends with response.completed, and the response in it has the status completed.",
    "openai-python has a final response only after response.completed.",
    level=SHOULD,
    needs=("responses.stream.finished",),
    holds_on=(STREAMED, changed("completed", drop("response", "status"))),
    breaks_on=(
        changed("completed", put("response.incomplete", "type")),
        changed("completed", put("in_progress", "response", "status")),
    ),
)
def completed(reply: Reply, context: Context) -> Outcome:
    number, one = view.terminals(reply)[0]
    as_asked = cut_as_asked(reply, members(one.get("response")))
    if as_asked:
        return as_asked
    if kind_of(one) != "response.completed":
        return broken(f"event {number}, $.type", "response.completed", quote(kind_of(one)))
    status = members(one.get("response")).get("status")
    if status is None or status == "completed":
        return holds()
    return broken(f"event {number}, $.response.status", "completed", quote(status))


@clause(
    "in_order",
    "The events that only report progress also arrive, each in its place: response.in_progress before any item, and "
    "the done events of a text and of its part, which contain that text and that part.",
    "Typed clients wait for them; the tested clients work without them. But openai-node raises an error if "
    "response.in_progress contains an item that was not yet added, openai-node 6 if that event comes too late, and "
    "both if the end of a part does not contain the part.",
    level=SHOULD,
    check=2,
    needs=("responses.stream.deltas",),
    holds_on=(STREAMED,),
    breaks_on=(
        without("in_progress"),
        without("output_text.done"),
        without("content_part.done"),
        changed("output_text.done", drop("text")),
        changed("content_part.done", drop("part")),
        streamed([EVENTS[0], EVENTS[2], EVENTS[1], *EVENTS[3:]]),
        changed("in_progress", put(EVENTS[-1]["response"]["output"], "response", "output")),
    ),
)
def in_order(reply: Reply, context: Context) -> Outcome:
    seen = {kind_of(one) for one in view.events(reply)}
    wanted = ("response.in_progress", building.TEXT_DONE, building.PART_DONE)
    for number, one in enumerate(view.events(reply)):
        if kind_of(one) == building.TEXT_DONE and not isinstance(one.get("text"), str):
            return broken(f"event {number}, $.text", "the complete text, a string", quote(one.get("text")))
        if kind_of(one) == building.PART_DONE and not isinstance(one.get("part"), dict):
            return broken(f"event {number}, $.part", "the finished part, an object", quote(one.get("part")))
    missing = [kind for kind in wanted if kind not in seen]
    if missing:
        return broken("stream", "each of these events", f"none of {', '.join(missing)}")
    return begun_late(reply, context)


def begun_late(reply: Reply, context: Context) -> Outcome:
    """Judge whether response.in_progress, where it comes, comes before any item, and has none."""
    kinds, begun = [kind_of(one) for one in view.events(reply)], False
    for number, one in enumerate(view.events(reply)):
        if kind_of(one) == "response.in_progress" and not begun:
            held = members(one.get("response")).get("output")
            if held:
                at = f"event {number}, $.response.output"
                return broken(at, "an empty array: no item is added yet", quote(held, 80))
            begun = True
        if kind_of(one) == building.ADDED and not begun and "response.in_progress" in kinds:
            return broken(f"event {number}", "response.in_progress before any item", quote(kind_of(one)))
    return holds()


@clause(
    "numbered",
    "Each event has a sequence_number that is one more than that of the event before it.",
    "Grok Build CLI needs it, and clients that resume a stream count by it.",
    level=SHOULD,
    needs=("responses.stream.typed",),
    holds_on=(STREAMED, streamed([{**one, "sequence_number": n + 1} for n, one in enumerate(EVENTS)])),
    breaks_on=(
        changed("output_text.delta", drop("sequence_number")),
        changed("output_text.delta", put(0, "sequence_number")),
        changed("created", put("0", "sequence_number")),
        streamed([*EVENTS[:6], *EVENTS[7:]]),
        streamed([*EVENTS, *EVENTS]),
    ),
)
def numbered(reply: Reply, context: Context) -> Outcome:
    before: int | None = None
    for number, one in enumerate(view.events(reply)):
        found = one.get("sequence_number")
        if not isinstance(found, int) or isinstance(found, bool):
            return broken(
                f"event {number}, $.sequence_number", "an integer", quote(found) if found is not None else "absent"
            )
        if before is not None and found != before + 1:
            wrong = broken(f"event {number}, $.sequence_number", f"{before + 1}", f"{found}")
            return wrong._replace(code="stream.duplicated") if view.begins_again(reply, number) else wrong
        before = found
    return holds()


@clause(
    "event_lines",
    "Each event has an event line that gives its type.",
    "Readers that choose by the event line (EventSource) see nothing, or another event.",
    level=SHOULD,
    needs=("responses.stream.typed",),
    holds_on=(STREAMED,),
    breaks_on=(
        Example(200, SSE, b"".join(event(one, "") for one in EVENTS)),
        Example(200, SSE, STREAMED.body.replace(b"event: response.created", b"event: message_start")),
    ),
)
def event_lines(reply: Reply, context: Context) -> Outcome:
    for number, (line, one) in enumerate(named_events(reply)):
        if line != kind_of(one):
            return broken(f"event {number}", f"the event line {kind_of(one)[:60]}", quote(line, 60) if line else "none")
    return holds()


@clause(
    "ends",
    "Nothing comes after the event that ends the response, except `[DONE]`.",
    "Clients that stop at that event never see it; of the other clients, openai-node raises an error or begins again.",
    level=SHOULD,
    needs=("responses.stream.finished", "responses.stream.once"),
    holds_on=(STREAMED, streamed(end=b"data: [DONE]\n\n")),
    breaks_on=(
        streamed([*EVENTS, {**EVENTS[6], "sequence_number": len(EVENTS)}]),
        streamed([*EVENTS, {**EVENTS[1], "sequence_number": len(EVENTS)}]),
    ),
)
def ends(reply: Reply, context: Context) -> Outcome:
    ((number, _),) = view.terminals(reply)
    if number == len(view.events(reply)) - 1:
        return holds()
    said = quote(kind_of(view.events(reply)[number + 1]))
    return broken(f"event {number + 1}", "nothing after the end", said)


@clause(
    "known_events",
    "Each event is of a type that the reference names, and so are items and parts.",
    "Other types are legal, but openai-node raises an error on one: Unhandled.",
    level=SHOULD,
    source=OPEN_RESPONSES,
    needs=("responses.stream.typed",),
    holds_on=(STREAMED,),
    breaks_on=(put_before("output_text.done", {"type": "vendor:usage"}), put_before("created", {"type": "keepalive"})),
)
def known_events(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        if kind_of(one) not in KNOWN_EVENTS:
            return broken(f"event {number}, $.type", "a type of the reference", quote(kind_of(one), 60))
    return holds()


@clause(
    "final_shape",
    "The final response has `object` = `response` and a date, and its items have the ids "
    "with which they were streamed.",
    "openai-node and the AI SDK use it as the final result; clients that store items by id store them twice.",
    level=SHOULD,
    code="contract.schema",
    needs=("responses.stream.final_text",),
    holds_on=(STREAMED,),
    breaks_on=(
        changed("completed", drop("response", "object")),
        changed("completed", put("x", "response", "created_at")),
        changed("completed", put("msg_2", "response", "output", 0, "id")),
        changed("completed", drop("response", "output", 0, "id")),
        changed("completed", put(["msg_1"], "response", "output", 0, "id")),
    ),
)
def final_shape(reply: Reply, context: Context) -> Outcome:
    number, one = view.terminals(reply)[0]
    response, at = members(one.get("response")), f"event {number}, $.response"
    if response.get("object") != "response":
        return broken(f"{at}.object", "response", quote(response.get("object")))
    problem = undated(response)
    if problem:
        return broken(f"{at}.created_at", "a number of seconds", problem)
    known = {id for item in Built(view.events(reply)).items.values() for _, id in item.ids}
    for place, item in enumerate(view.output(response)):
        id = item.get("id")
        if not (isinstance(id, str) and id in known):
            return broken(f"{at}.output[{place}].id", "an id that was streamed", quote(id))
    return holds()
