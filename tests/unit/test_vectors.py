"""Vectors as they stand in a reply, and how near they are to each other."""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from unittest.mock import patch

from chatproof.surfaces.embeddings.examples import packed
from chatproof.surfaces.embeddings.vectors import apart, cosine, finite, other_format, read


def test_the_cosine_of_what_has_no_angle_is_nought() -> None:
    assert math.isclose(cosine((1.0, 1.0), (2.0, 2.0)), 1.0)
    assert cosine((1.0,), (1.0, 2.0)) == cosine((0.0, 0.0), (1.0, 1.0)) == cosine((math.inf, 1.0), (1.0, 1.0)) == 0.0


def test_how_far_apart_is_told_by_the_largest_number_of_both() -> None:
    assert apart((1.0, 0.0), (100.0, 0.0)) == apart((100.0, 0.0), (1.0, 0.0)) == 0.99
    assert apart((1.0,), (1.0, 2.0)) == math.inf
    assert apart((0.0, 0.0), (0.0, 0.0)) == apart((), ()) == 0.0


def test_base64_is_little_endian_on_every_machine() -> None:
    assert list(read(packed((1.0, -2.5))).numbers) == [1.0, -2.5]
    with patch("sys.byteorder", "big"):
        assert list(read(packed((1.0,))).numbers) != [1.0], "the bytes are swapped where the machine wants it"


def test_what_is_no_number_is_told_by_its_place() -> None:
    assert read([0.5, 1, True, "x"]).problem == "its item 2 is not a number"
    assert (finite([1.0, math.nan, math.inf]), finite([1.0])) == (1, -1)


def test_only_whole_base64_of_the_same_numbers_is_of_another_format() -> None:
    data = struct.pack("<2d", 1.0, -2.5)
    assert other_format(b64encode(data).decode(), (1.0, -2.5), 1e-3) == "float64"
    assert other_format(b64encode(data + b"\0").decode(), (1.0, -2.5), 1e-3) == ""
    assert other_format(b64encode(data).decode(), (1.0,), 1e-3) == ""
    assert other_format(None, (1.0, -2.5), 1e-3) == other_format([1.0, -2.5], (1.0, -2.5), 1e-3) == ""
