"""A link says what it does, and only we can make one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloesem.consent.errors import LinkError
from bloesem.consent.links import ACTS, Link, LinkKeys

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
KEYS = LinkKeys(((1, b"k" * 32),))


@given(st.integers(1, 2**62), st.sampled_from(ACTS), st.integers(0, 10**6), st.data())
def test_what_is_signed_is_read_and_what_is_changed_is_not(
    message: int, act: str, seconds: int, data: st.DataObject
) -> None:
    link = Link(message, act, NOW + dt.timedelta(seconds=seconds))
    text = KEYS.sign(link)
    assert KEYS.read(text, NOW) == link
    where = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCabc019-_=+/ \n").filter(lambda c: c != text[where]))
    for changed in (text[:where] + other + text[where + 1 :], text[:where], text + other):
        with pytest.raises(LinkError):
            KEYS.read(changed, NOW)


@given(st.text(max_size=80))
def test_nonsense_is_refused_in_words(text: str) -> None:
    with pytest.raises(LinkError) as error:
        KEYS.read(text, NOW)
    assert error.value.remedy


def test_a_link_grows_old_and_a_later_key_still_reads_it(tmp_path: Path) -> None:
    keys = LinkKeys.at(tmp_path)
    text = keys.sign(Link(7, "all", NOW))
    later = LinkKeys.rotate(tmp_path)
    assert later.read(text, NOW).message == 7
    with pytest.raises(LinkError, match="too old"):
        later.read(text, NOW + dt.timedelta(seconds=1))
    with pytest.raises(LinkError, match="not ours"):
        LinkKeys(((2, b"x" * 32),)).read(text, NOW)
    assert len({keys.sign(Link(7, act, NOW)) for act in ACTS}) == len(ACTS)
