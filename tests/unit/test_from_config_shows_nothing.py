"""The locals of the package's frames, which crash reporters and `pytest -l` print, hold no key, no variable and no file.

`Target.from_config` reads all three, and refuses what is wrong with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatproof import Target
from chatproof.usage_error import UsageError

CANARY = "madeUpCanary4711q8Zx"
KEY = f"sk-{CANARY}"
GOOD = '[targets.shop]\nbase_url = "https://h.test/v1"\n'

WRONG: dict[str, tuple[str, dict[str, str], bytes]] = {
    "no such target": ("[targets.other]\n", {}, b""),
    "no key": (f'{GOOD}key_env = "NOT_SET"\n', {}, b""),
    "an empty key": (f'{GOOD}key_env = "EMPTY"\n', {"EMPTY": " "}, b""),
    "a key with a blank": (f'{GOOD}key_env = "SHOP"\n', {"SHOP": f"{KEY} x"}, b""),
    "a key in quotes": (f'{GOOD}key_env = "SHOP"\n', {"SHOP": f'"{KEY}"'}, b""),
    "a key of another provider": ('[targets.shop]\nprofile = "cometapi"\n', {"COMETAPI_KEY": f"AIza{CANARY}\x7f"}, b""),
    "a header's value": (f'{GOOD}no_auth = true\nheaders = {{ X-Tenant = "env:T" }}\n', {"T": f"{KEY}\n"}, b""),
    "a header's variable": (f'{GOOD}no_auth = true\nheaders = {{ X-Tenant = "env:T" }}\n', {}, b""),
    "a bad timeout": (f'{GOOD}timeout = "1y"\nkey_env = "SHOP"\n', {"SHOP": KEY}, b""),
    "a bad URL": ('[targets.shop]\nbase_url = "ftp://h.test"\nkey_env = "SHOP"\n', {"SHOP": KEY}, b""),
    "a bad model": (f'{GOOD}model = "a\\u0007"\nkey_env = "SHOP"\n', {"SHOP": KEY}, b""),
    "a file that is too large": (f'{GOOD}key_file = "key"\n', {}, f"{KEY}\n".encode() * 1000),
    "a file with two keys": (f'{GOOD}key_file = "key"\n', {}, f"{KEY}\n{KEY}\n".encode()),
    "a file that is no text": (f'{GOOD}key_file = "key"\n', {}, b"\xff\xfe" + KEY.encode("utf-16-le")),
    "a key in the file": (f'{GOOD}api_key = "{KEY}"\n', {}, b""),
    "a key as another value": (f'{GOOD}environment = "{KEY}"\n', {}, b""),
    "a key as a header's value": (f'{GOOD}headers = {{ X-Tenant = "{KEY}" }}\n', {}, b""),
    "a key in a file that is no TOML": (f'{GOOD}api_key = "{KEY}\n', {}, b""),
    "a key in a file that is no UTF-8": (f'{GOOD}api_key = "{KEY}" # \udcff\n', {}, b""),
    "a key in a file with an endless number": (f'{GOOD}api_key = "{KEY}"\nn = {"1" * 5000}\n', {}, b""),
    "a key in a file with an endless name": (f'{GOOD}api_key = "{KEY}"\n{".".join("a" * 200)} = 1\n', {}, b""),
    "a default without a target": (f'default = "nobody"\n{GOOD}key_env = "SHOP"\n', {"SHOP": KEY}, b""),
}


def shown(error: BaseException | None) -> str:
    """What a reporter of crashes prints of the package's frames, and of those of errors that came before."""
    texts: list[str] = []
    while error is not None:
        texts.append(f"{error!r} {vars(error)}")
        trace = error.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            if "chatproof" in frame.f_globals.get("__name__", "").partition("."):
                texts += (f"{frame.f_code.co_name}.{name} = {value!r}" for name, value in frame.f_locals.items())
            trace = trace.tb_next
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(texts)


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("by", ["argument", "process"])
def test_nothing_of_what_was_read(case: str, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, variables, key = WRONG[case]
    path = tmp_path / "chatproof.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "key").write_bytes(key)
    path.chmod(0o600)
    (tmp_path / "key").chmod(0o600)
    environ = {"HOME": str(tmp_path), "OTHER_API_KEY": KEY, "DATABASE_PASSWORD": CANARY, **variables}
    given: dict[str, Any] = {"environ": environ}
    if by == "process":
        given = {}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        Target.from_config("shop", config=str(path), **given)
    assert CANARY not in shown(caught.value)
    assert "from_config." in shown(caught.value), "the frames were looked at"
