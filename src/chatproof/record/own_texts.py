"""What a reply quotes of the user's own requests, out of a record: their texts, names and ids are not ours.

Replaced are runs of words that stand in a request, and single words that the API and its errors do not use. A text of
the record is looked through once; the requests are looked up in a set of words and in one text.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from chatproof.evidence.provider_codes import CODES, GENERIC
from chatproof.evidence.provider_words import WORDS
from chatproof.surfaces.own.tool_parts import KEYWORDS

MARK = "[of the request]"
_WORD = re.compile(r"\w+(?:[-.@]\w+)*")
_SHORTEST = 4  # characters of a word that is replaced alone
_MOST_PARTS = 24  # of a name with underscores: more is none, and each run of them is looked up
_RUN = 3  # words in a row that a request says as well: no chance, unless all are the API's
_QUOTED = re.compile(r'"[^"]*"?')
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_SPELT = re.compile(r"(?:\w|\\{1,4}u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2})+")  # a word escaped for JSON, or words for a URL
_UNIT = re.compile(r"\\+u([0-9a-fA-F]{4})")
_OCTETS = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_LONGEST = 400  # words of one quotation: a record has no longer text
_MOST = 4 * 1024 * 1024  # characters of the requests that are looked up
_PLAIN_WORDS = """
what says said them then some also been have were your they very more most much many like just good well even back over
into here does each make made take took come came give gave want need know look used work part place thing things people
every both still same such upon near must might could would should shall cannot being doing going tell told show showed
about above accepted access additional after again allowed also alternate among another answer answered argument
arguments array assistant audio auto available because before begin below between body boolean bytes call called calls
cannot chars character characters chat choice choices choose client code complete completion completions contain
contains content context conversation default defined definition delta description detail developer different does
each either element empty enable enabled endpoint entity enum error event exactly exceed exceeded exceeds expected
extra failed false field fields file finish first follow following format found from function functions given greater
have high http image images include included index inner input inputs instead integer internal into invalid item items
json just keep keys kind known language large last least length less letters like limit line list long longer made
make mark matched maximum media medium member members message messages metadata method minimum missing model models
more most multiple must name names needed none null number object omit omitted only option optional order other output
over parallel param parameter parameters parse parsed part parts pass passed path pattern payload permitted please
point position positive prefix present prompt properties property provide provided quota range read reason reasoning
receive received reference refused request requested requests require required requires response result retry return
role roles same schema schemas seed send sent sequence server short should shown single size some specified start
status stop store stream streamed streaming strict string strings such support supported supports system temperature
text than that their them then there these they this those through time times tokens tool tools true type types unable
under unexpected unknown unless unrecognized unsupported until upstream usage user using valid value values variant
version video when where which while will with within without word words would write wrong your api key openai gpt
required bad
"""


def _vocabulary() -> frozenset[str]:
    """Words that are the API's or the errors' own: alone they quote nobody."""
    tables = (phrase for table in (CODES, GENERIC, WORDS) for _, phrases in table for phrase in phrases)
    found = {word for phrase in tables for word in _words(phrase)}
    return frozenset((*found, *_PLAIN_WORDS.split(), *(word for keyword in KEYWORDS for word in _words(keyword))))


def _words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(text):
        yield from _pieces(found[0].lower())


def _pieces(word: str) -> Iterator[str]:
    """A word, and the parts that an error may quote alone."""
    yield word
    if not word.isalnum():
        yield from (piece for piece in re.split(r"[-.@]", word) if piece != word)


_FIELD_NAMES = """
model messages role content name tool_calls tool_call_id tools tool_choice parallel_tool_calls response_format stream
stream_options include_usage max_tokens max_completion_tokens temperature top_p frequency_penalty presence_penalty
logit_bias logprobs top_logprobs reasoning_effort service_tier modalities json_schema json_object image_url
input_audio function_call functions safety_identifier prompt_cache_key web_search_options verbosity prediction refusal
text url type function id arguments properties seed stop user metadata store n
instructions input output input_text output_text input_image input_file call_id function_call_output max_output_tokens
max_tool_calls previous_response_id conversation truncation include background format schema reasoning effort summary
encrypted_content item_reference
system max_tokens stop_sequences top_k thinking budget_tokens tool_use tool_result tool_use_id input_schema is_error
cache_control source media_type data base64 signature output_config disable_parallel_tool_use user_id
encoding_format dimensions input_type
"""
_FIELDS = frozenset(_FIELD_NAMES.split())


class Texts:
    """What the requests say; `without` takes it out of a value of the record."""

    def __init__(self, requests: Iterable[dict[str, Any]]) -> None:
        strings = list(dict.fromkeys(text for request in requests for text in _strings_of(request)))
        self._known = _vocabulary() | _FIELDS
        self._text = "\n".join(" ".join(_all_words(text.lower())) for text in strings)[:_MOST]
        self._words = {word for text in strings for word in _words(text) if len(word) >= _SHORTEST} - self._known

    def without(self, value: Any) -> Any:
        """Copy a value with marks in place of what it quotes of the requests. Our own words are left alone."""
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, dict):
            return {name: item if name in _OURS else self.without(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.without(item) for item in value]
        return value

    def inside_quotes(self, value: Any) -> Any:
        """The same for what we wrote ourselves: only what stands in quotes is somebody else's."""
        if isinstance(value, str):
            return _QUOTED.sub(lambda quoted: self._clean(quoted[0]), value) if '"' in value else value
        if isinstance(value, dict):
            return {name: item if name in _OURS else self.inside_quotes(item) for name, item in value.items()}
        return [self.inside_quotes(item) for item in value] if isinstance(value, list | tuple) else value

    def _clean(self, text: str) -> str:
        """Replace runs of words that a request says as well, and words that only a request can have said."""
        if "\\u" in text or "%" in text:
            text = _SPELT.sub(lambda word: MARK if self._is_spelt(word[0]) else word[0], text)
        found = list(_WORD.finditer(_ESCAPE.sub(lambda escape: " " * len(escape[0]), text)))
        kept: list[str] = []
        at = number = 0
        while number < len(found):
            word = found[number]
            size = self._quoted_from(found, number, text)
            if size:
                kept += [text[at : word.start()], MARK]
                at = found[number + size - 1].end()
            elif not word[0].isalnum() and (shown := self._without_pieces(word[0])) != word[0]:
                kept += [text[at : word.start()], shown]
                at = word.end()
            number += size or 1
        return "".join([*kept, text[at:]]) if kept else text

    def _is_spelt(self, word: str) -> bool:
        """Whether a word with escapes stands for what a request says."""
        if "%" in word:
            plain = _OCTETS.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "replace"), word)
            return self._clean(plain) != plain
        if "\\" not in word:
            return False
        units = _UNIT.sub(lambda unit: chr(int(unit[1], 16)), word)
        plain = units.encode("utf-16", "surrogatepass").decode("utf-16", "replace").lower()
        return any(piece in self._words or (not piece.isascii() and piece in self._text) for piece in _words(plain))

    def _without_pieces(self, word: str) -> str:
        """A path such as `tools[0].function.name`, without the names in it that are the user's."""
        shown = [MARK if piece.lower() in self._words else piece for piece in re.split(r"([.@])", word)]
        parts = (part for piece in shown for part in (re.split("(-)", piece) if piece != MARK else [piece]))
        return "".join(MARK if part.lower() in self._words else self._undecorated(part.split("_")) for part in parts)

    def _undecorated(self, parts: list[str]) -> str:
        """A name to which a gateway added something, such as `mcp__server__name_1`, without the user's name in it. A
        single word is none: it may be of a code, as in `customer_not_verified`."""
        if len(parts) <= _MOST_PARTS:
            words = [part.lower() for part in parts]
            # Looked up in all of the text, which takes time: only where three of them in a row are found there.
            runs = any(self._is_run(words[at : at + _RUN]) for at in range(len(parts) - _RUN + 1))
            for size in range(len(parts), 0, -1):
                for at in range(len(parts) - size + 1):
                    name = "_".join(words[at : at + size])
                    named = (size > 1 or any(map(str.isdigit, name))) and name in self._words
                    if named or (runs and self._is_run(words[at : at + size])):
                        before, after = parts[:at], parts[at + size :]
                        return "_".join([*before, MARK, *([self._undecorated(after)] if after else [])])
        return "_".join(parts)

    def _is_run(self, words: list[str]) -> bool:
        """Whether these words are a quotation: so many in a row, and not all of them the API's own."""
        return len(words) >= _RUN and not self._known.issuperset(words) and " ".join(words) in self._text

    def _quoted_from(self, found: "list[re.Match[str]]", number: int, text: str) -> int:
        """Count the words from here on that are a quotation; 0: none."""
        first = said = found[number][0].lower()
        if said not in self._text:
            return 0
        size = 1
        while number + size < len(found) and size < _LONGEST:
            longer = f"{said} {found[number + size][0].lower()}"
            if longer not in self._text:
                break
            said, size = longer, size + 1
        if self._is_run(said.split()):
            return size
        cut_off = text[found[number].end() : found[number].end() + 1] == "…" and first not in self._known
        alone = any(piece in self._words for piece in _pieces(first))
        foreign = not first.isascii() and len(first) >= _RUN  # of a script without spaces: part of a sentence
        return 1 if alone or foreign or (cut_off and len(first) >= _RUN) else 0


_OURS = frozenset(
    (
        *("clause", "clauses", "level", "probe", "exchange", "outcome", "id", "owner", "code", "confidence", "kind"),
        *("sha256", "run_id", "timestamp_utc", "environment", "endpoint_base", "model_id_used", "pass_fail"),
        *("request_summary", "address", "tls_version", "http_version", "date"),
    )
)


def _all_words(text: str) -> list[str]:
    return _WORD.findall(text)


def _strings_of(value: Any) -> Iterator[str]:
    """Every string of a request but the API's own enum values, and every name that the user chose."""
    left: list[Any] = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from (name for name in item if name not in _FIELDS)
            left += [inner for name, inner in item.items() if name not in ("model", "role", "type")]
        elif isinstance(item, list):
            left += item
