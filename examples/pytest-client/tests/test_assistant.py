"""Our client against a good provider and against four broken ones. `chat_simulator` comes from chatproof's plugin."""

import openai
import pytest
from assistant import ask, stream


@pytest.fixture
def client(chat_simulator):
    return openai.OpenAI(base_url=chat_simulator.base_url, api_key=chat_simulator.api_key, max_retries=1)


def test_a_good_provider(client, chat_simulator):
    answer = ask(client, "Respond with the single word: pong")
    assert answer.text == "pong" and not answer.trouble
    assert chat_simulator.requests[0].json["messages"][0]["role"] == "user"


def test_a_gateway_that_is_down(client, chat_simulator):
    with chat_simulator.fault("html-502"):
        assert ask(client, "ping").trouble == "HTTP 502"
    assert len(chat_simulator.requests) == 2  # one retry, not a storm
    assert not ask(client, "ping").trouble  # and all is well again


def test_choices_that_are_empty(client, chat_simulator):
    with chat_simulator.fault("empty-choices"):
        assert ask(client, "ping").trouble == "empty choices"


def test_a_stream_that_stops_half_way(client, chat_simulator):
    with chat_simulator.fault("stream-no-finish"):
        answer = stream(client, "ping")
    assert answer.trouble == "stream cut off" and answer.text.endswith("…")


def test_a_provider_that_is_not_there(chat_simulator):
    with chat_simulator.fault("connection-refused") as gone:
        client = openai.OpenAI(base_url=gone.base_url, api_key=gone.api_key, max_retries=0)
        assert ask(client, "ping").trouble == "no connection"
