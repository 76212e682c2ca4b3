"""What is refused in the parts of a message's content."""

from collections.abc import Callable
from typing import Any

from chatproof.simulator.answers import Body, Flaw, missing, mistyped
from chatproof.simulator.rules.messages import USER, each_message, talk
from chatproof.simulator.rules.rule import Find, Rule, objects, text_at, unknown_value

PARTS = {
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "system": ("text",),
    "developer": ("text",),
    "tool": ("text",),
}
_LINKS = ("http://", "https://", "data:")


def _each_part(*types: str, check: Callable[[str, Body], Flaw | None]) -> Find:
    """The first flaw in a content part; with types, in parts of these types only."""

    def look(at: str, message: Body) -> Flaw | None:
        parts = ((f"{at}.content[{place}]", part) for place, part in objects(message.get("content")))
        found = (check(place, part) for place, part in parts if not types or part.get("type") in types)
        return next(filter(None, found), None)

    return each_message(look)


def _part_objects(at: str, message: Body) -> Flaw | None:
    parts = message.get("content")
    for place, part in enumerate(parts if isinstance(parts, list) else ()):
        if not isinstance(part, dict):
            return mistyped(f"{at}.content[{place}]", "an object", part)
    return None


def _untyped_part(at: str, part: Body) -> Flaw | None:
    return None if "type" in part else missing(f"{at}.type")


def _part_type(at: str, message: Body) -> Flaw | None:
    role = message.get("role")
    allowed = PARTS.get(role, ()) if isinstance(role, str) else ()
    for place, part in objects(message.get("content")) if allowed else ():
        if "type" in part and part["type"] not in allowed:
            return unknown_value(f"{at}.content[{place}].type", part["type"], allowed)
    return None


def _text(at: str, part: Body) -> Flaw | None:
    return text_at(part, "text", at)


def _refusal_part(at: str, part: Body) -> Flaw | None:
    return text_at(part, "refusal", at)


def _image(at: str, part: Body) -> Flaw | None:
    if "image_url" not in part:
        return missing(f"{at}.image_url")
    image = part["image_url"]
    if not isinstance(image, dict):
        return mistyped(f"{at}.image_url", "an object", image)
    return text_at(image, "url", f"{at}.image_url")


def _image_link(at: str, part: Body) -> Flaw | None:
    image = part.get("image_url")
    link = image.get("url") if isinstance(image, dict) else None
    if not isinstance(link, str) or link[:8].lower().startswith(_LINKS):
        return None
    said = f"Invalid '{at}.image_url.url': expected an http(s) URL or a base64 data URL of an image."
    return Flaw(said, f"{at}.image_url.url", "invalid_value")


def _image_detail(at: str, part: Body) -> Flaw | None:
    image, allowed = part.get("image_url"), ("auto", "low", "high")
    detail = image.get("detail") if isinstance(image, dict) else None
    return None if detail is None or detail in allowed else unknown_value(f"{at}.image_url.detail", detail, allowed)


def _sound(at: str, part: Body) -> Flaw | None:
    if "input_audio" not in part:
        return missing(f"{at}.input_audio")
    sound = part["input_audio"]
    if not isinstance(sound, dict):
        return mistyped(f"{at}.input_audio", "an object", sound)
    flaw = text_at(sound, "data", f"{at}.input_audio") or text_at(sound, "format", f"{at}.input_audio")
    if flaw or sound["format"] in ("wav", "mp3"):
        return flaw
    return unknown_value(f"{at}.input_audio.format", sound["format"], ("wav", "mp3"))


def _file(at: str, part: Body) -> Flaw | None:
    if "file" not in part:
        return missing(f"{at}.file")
    return None if isinstance(part["file"], dict) else mistyped(f"{at}.file", "an object", part["file"])


def _parts(*parts: Any, role: str = "user") -> Body:
    return {"messages": [{"role": role, "content": list(parts)}]}


PART_RULES: tuple[Rule, ...] = (
    Rule(
        "part-type",
        "a part that is not an object",
        each_message(_part_objects),
        _parts("pong"),
        "messages[0].content[0]",
    ),
    Rule(
        "part-untyped",
        "a part without type",
        _each_part(check=_untyped_part),
        _parts({"text": "x"}),
        "messages[0].content[0].type",
    ),
    Rule(
        "part-value",
        "a kind of part that this role does not have, such as an image in a tool's message",
        each_message(_part_type),
        _parts({"type": "image", "image": "x"}),
        "messages[0].content[0].type",
        "aallam/openai-kotlin#320",
        "2024-04-09",
    ),
    Rule(
        "part-text",
        "a text part without a string",
        _each_part("text", check=_text),
        _parts({"type": "text", "text": None}),
        "messages[0].content[0].text",
    ),
    Rule(
        "part-refusal",
        "a refusal part without a string",
        _each_part("refusal", check=_refusal_part),
        talk({"role": "assistant", "content": [{"type": "refusal"}]}, USER),
        "messages[1].content[0].refusal",
    ),
    Rule(
        "part-image",
        "an image part whose `image_url` is not an object with a string `url`",
        _each_part("image_url", check=_image),
        _parts({"type": "image_url", "image_url": "https://example.com/a.png"}),
        "messages[0].content[0].image_url",
        "microsoft/promptflow#3946",
        "2025-01-30",
    ),
    Rule(
        "part-image-link",
        "an image's URL that is neither http(s) nor a data URL",
        _each_part("image_url", check=_image_link),
        _parts({"type": "image_url", "image_url": {"url": "/home/me/a.png"}}),
        "messages[0].content[0].image_url.url",
    ),
    Rule(
        "part-image-detail",
        "an unknown `detail` of an image",
        _each_part("image_url", check=_image_detail),
        _parts({"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "sharp"}}),
        "messages[0].content[0].image_url.detail",
    ),
    Rule(
        "part-audio",
        "an audio part without data, or in another format than wav or mp3",
        _each_part("input_audio", check=_sound),
        _parts({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "ogg"}}),
        "messages[0].content[0].input_audio.format",
    ),
    Rule(
        "part-file",
        "a file part without a file object",
        _each_part("file", check=_file),
        _parts({"type": "file"}),
        "messages[0].content[0].file",
    ),
)
