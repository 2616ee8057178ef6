import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from reports.text import MARK, clean, cut, line

texts = st.text() | st.text(alphabet="ab \n\t", max_size=80)
hostile = st.text(alphabet="a \u202e\u2066\u061c\u200b\x00\x1b\r\ufeff\u2028\ud800😀", max_size=60)


@given(texts | hostile, st.integers(1, 60))
def test_what_is_cut_is_never_longer_and_says_that_it_was_cut(text: str, length: int) -> None:
    found = cut(text, length)
    assert len(found) <= length
    assert found == clean(text) or found.endswith(MARK)


@given(texts, st.integers(1, 60))
def test_what_fits_stays_whole_and_what_is_cut_is_a_beginning(text: str, length: int) -> None:
    found, cleaned = cut(text, length), clean(text)
    assert cleaned.startswith(found.removesuffix(MARK))
    if len(cleaned) <= length:
        assert found == cleaned


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=6), min_size=8, max_size=40), st.integers(20, 60))
def test_words_are_not_split_where_there_is_one_to_cut_at(words: list[str], length: int) -> None:
    found = cut(" ".join(words), length)
    if found.endswith(MARK):
        assert found.removesuffix(MARK).split() == words[: len(found.split())]


@given(hostile)
def test_nothing_that_steers_or_hides_is_left(text: str) -> None:
    found = cut(text, 100)
    assert {unicodedata.category(character) for character in found} <= {"Ll", "Zs", "Cc", "So", "Po"}
    assert not {character for character in found if unicodedata.category(character) == "Cc"} - {"\n", "\t"}
    found.encode()  # no half of a character either


def test_an_emoji_is_kept_or_left_out_and_never_halved() -> None:
    assert cut("😀" * 10, 5) == "😀" * 4 + MARK


@given(texts | hostile, st.integers(0, 60))
def test_what_was_cut_once_is_not_cut_again(text: str, length: int) -> None:
    found = cut(text, length)
    assert cut(found, length) == found
    assert len(found) <= length


@given(texts | hostile, st.integers(0, 60))
def test_a_line_is_one(text: str, length: int) -> None:
    found = line(text, length)
    assert len(found.splitlines()) <= 1
    assert len(found) <= length
    assert line(found, length) == found
