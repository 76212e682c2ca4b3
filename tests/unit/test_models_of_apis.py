"""`chatproof models` and `chatproof contract` speak of the API that was asked for, and send the key as its clients do."""

import json
from collections.abc import Callable, Iterator

import pytest

from chatproof import simulator
from chatproof.cli import main as cli
from chatproof.simulator import messages
from chatproof.simulator.messages_side import SIDE
from chatproof.simulator.wire import MISSING, Asked, Reply, Side
from chatproof.surfaces import names, surface_of

Respond = Callable[[Asked], Reply]


def _deaf_to(header: str) -> Respond:
    """A gateway that looks for the key in the other of the two headers."""

    def respond(asked: Asked) -> Reply:
        return messages.respond(
            asked._replace(**{"credential" if header == "bearer" else "api_key": MISSING})  # type: ignore[arg-type]
        )

    return respond


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Respond], tuple[str, list[Asked]]]]:
    started: list[simulator.Simulator] = []

    def start(respond: Respond) -> tuple[str, list[Asked]]:
        seen: list[Asked] = []

        def answer(asked: Asked) -> Reply:
            seen.append(asked)
            return respond(asked)

        server = simulator.start(side=Side(answer, SIDE.model, SIDE.faults))
        started.append(server)
        monkeypatch.setenv("CHATPROOF_API_KEY", server.key)
        return server.base_url, seen

    yield start
    for server in started:
        server.stop()


@pytest.mark.parametrize(("deaf", "requests"), [("bearer", 2), ("x-api-key", 1)])
def test_models_are_listed_with_either_header(
    served: Callable[[Respond], tuple[str, list[Asked]]],
    capsys: pytest.CaptureFixture[str],
    deaf: str,
    requests: int,
) -> None:
    url, seen = served(_deaf_to(deaf))
    assert cli.main(["models", url, "--allow-http", "--api", "messages"]) == 0
    assert SIDE.model in capsys.readouterr().out.split()
    assert len(seen) == requests


def test_a_key_that_is_refused_in_both_headers_is_refused(
    served: Callable[[Respond], tuple[str, list[Asked]]], capsys: pytest.CaptureFixture[str]
) -> None:
    url, seen = served(lambda asked: messages.respond(asked._replace(credential=MISSING, api_key=MISSING)))
    assert cli.main(["models", url, "--allow-http", "--api", "messages"]) == 1
    assert "auth." in capsys.readouterr().out and len(seen) == 2


def test_other_apis_have_one_header(
    served: Callable[[Respond], tuple[str, list[Asked]]], capsys: pytest.CaptureFixture[str]
) -> None:
    url, seen = served(lambda asked: messages.respond(asked._replace(credential=MISSING, api_key=MISSING)))
    assert cli.main(["models", url, "--allow-http", "--api", "responses"]) == 1
    assert len(seen) == 1


@pytest.mark.parametrize("api", names())
def test_what_is_said_beside_a_list_that_fails_is_of_the_api(
    served: Callable[[Respond], tuple[str, list[Asked]]], capsys: pytest.CaptureFixture[str], api: str
) -> None:
    url, _ = served(lambda asked: messages.error(asked, 500, "boom"))
    cli.main(["models", url, "--allow-http", "--api", api])
    out = capsys.readouterr().out
    assert ("chat may still work" in out) is (api == "chat")
    assert (f"chatproof smoke --api {api} --model ID" in out) is (api != "chat")


@pytest.mark.parametrize("api", [name for name in names() if name != "chat"])
def test_the_areas_of_a_contract_are_of_the_api(capsys: pytest.CaptureFixture[str], api: str) -> None:
    assert cli.main(["contract", "--api", api, "--profile", "generic", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    text = json.dumps(document["areas"])
    assert "chat" not in text and "choices" not in text and surface_of(api).path in text
    assert cli.main(["contract", "--api", api, "--profile", "generic"]) == 0
    assert surface_of(api).title in capsys.readouterr().out.splitlines()[0]
