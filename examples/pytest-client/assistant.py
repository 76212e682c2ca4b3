"""A client as many have one: it asks for a short answer and must say something useful when the provider misbehaves."""

from dataclasses import dataclass

import openai

MODEL = "simulator-mini"


@dataclass(frozen=True)
class Answer:
    """`text` for the user; `trouble` for the log, empty when all went well."""

    text: str
    trouble: str = ""


def ask(client: openai.OpenAI, question: str, model: str = MODEL) -> Answer:
    """One answer. Never raises for what the provider does."""
    try:
        reply = client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    except openai.AuthenticationError:
        return Answer("The assistant is not set up. Please tell an administrator.", "key rejected")
    except openai.APIStatusError as error:
        return Answer("The assistant is out of order. Please try again later.", f"HTTP {error.status_code}")
    except openai.APIConnectionError:
        return Answer("The assistant cannot be reached.", "no connection")
    if not reply.choices:
        return Answer("The assistant had nothing to say.", "empty choices")
    return Answer(reply.choices[0].message.content or "The assistant had nothing to say.")


def stream(client: openai.OpenAI, question: str, model: str = MODEL) -> Answer:
    """The same, streamed. An answer that stops without a finish_reason is said to be cut off."""
    parts, finished = [], False
    messages = [{"role": "user", "content": question}]
    try:
        for event in client.chat.completions.create(model=model, messages=messages, stream=True):
            for choice in event.choices:
                parts.append(choice.delta.content or "")
                finished = finished or choice.finish_reason is not None
    except (openai.APIError, openai.APIConnectionError) as error:
        return Answer("".join(parts) + " …", f"stream broke: {type(error).__name__}")
    return Answer("".join(parts)) if finished else Answer("".join(parts) + " …", "stream cut off")
