"""What the simulated model can do beyond one plain answer: tools, structured output, caps, stops, several choices.

Loaded by the first request that asks for any of it. The model is a few rules, so that the same request always has the
same answer: it counts, repeats, calls the tool it is given, and fills in a schema. A token is a word.
"""

import json
import re

from chatproof.simulator.answers import WHICH_WORDS, Answer, Body, plain_answer
from chatproof.simulator.calling import Literals, calls, instance, wants_call

_WORD = re.compile(r"The [a-z]{1,10} word is (\w{1,20})\.")


def answer(body: Body) -> Answer:
    """The model's answer to a request with more than messages in it."""
    if wants_call(body):
        return Answer("", "tool_calls", calls=calls(body, _texts(body["messages"][-1])))
    format = body.get("response_format") or {}
    if format.get("type") == "json_schema":
        text = json.dumps(instance(format["json_schema"].get("schema") or {}, Literals()))
    elif format.get("type") == "json_object":
        text = json.dumps({"word": "pong"})
    else:
        text = _first_word(body) + _prose(body)
    found = Answer(text, "stop")
    return _capped(_stopped(found, body), body)


def _first_word(body: Body) -> str:
    """The word with which the system prompt, or a developer's, wants each answer to begin, and a space."""
    for message in body["messages"]:
        if message.get("role") in ("system", "developer") and "Begin each answer with the word " in _texts(message):
            return _texts(message).partition("Begin each answer with the word ")[2].partition(".")[0] + " "
    return ""


def _prose(body: Body) -> str:
    """Counts if asked to count, repeats if asked to repeat, else what the plain model says."""
    last = _texts(body["messages"][-1])
    if body["messages"][-1].get("role") == "tool":
        results = [_texts(message) for message in body["messages"] if message.get("role") == "tool"]
        receipts = [text.partition('"receipt":"')[2].partition('"')[0] for text in results]
        said = "".join(f" The receipt is {receipt}." for receipt in receipts if receipt)
        return f"The tool has recorded the word pong.{said}"
    if "Count from 1 to " in last:
        rest = last.partition("Count from 1 to ")[2]
        number = rest.split(" ")[0].rstrip(".,")
        joint = " " if "separated by spaces" in last else ", "
        return joint.join(str(n) for n in range(1, min(int(number), 1000) + 1)) if number.isdigit() else "1"
    if last.endswith(WHICH_WORDS):
        given = (_WORD.findall(_texts(message)) for message in body["messages"])
        return ", ".join(word for words in given for word in words) or "You gave me no word."
    if "Repeat this line" in last:
        return last.partition(": ")[2].strip()
    lines = next((_texts(one) for one in body["messages"] if "these two lines alone:\n" in _texts(one)), "")
    if lines:
        return lines.partition("these two lines alone:\n")[2]
    return plain_answer(body).text


def _texts(message: Body) -> str:
    content = message.get("content") or ""
    parts = content if isinstance(content, list) else [{"text": content}]
    return " ".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _stopped(found: Answer, body: Body) -> Answer:
    stops = body.get("stop") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        at = found.text.find(stop) if stop else -1
        if at >= 0:
            found = found._replace(text=found.text[:at])
    return found


def _capped(found: Answer, body: Body) -> Answer:
    cap = body.get("max_completion_tokens") or body.get("max_tokens")
    words = found.text.split(" ")
    if cap is None or len(words) <= cap:
        return found
    return found._replace(text=" ".join(words[:cap]), finish_reason="length")
