import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axialkit.demo.numbers import between, one_of, some_of, whole
from axialkit.errors import InputError

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(ANYTHING)
def test_whatever_is_sent_is_a_number_in_range_or_a_short_sentence(sent):
    for read in (whole, between):
        try:
            found = read(sent, "Layer", 1, 3)
        except InputError as error:
            assert str(error).startswith("Layer must")
            assert len(str(error)) < 120
        else:
            assert 1 <= found <= 3


@given(ANYTHING)
def test_whatever_is_sent_is_a_word_or_a_sentence(sent):
    try:
        assert one_of(sent, "Order", ("hw", "wh")) in ("hw", "wh")
    except InputError as error:
        assert len(str(error)) < 120
    try:
        assert set(some_of(sent, "Marks", ("a", "b"))) <= {"a", "b"}
    except InputError as error:
        assert len(str(error)) < 140


@pytest.mark.parametrize(("sent", "found"), [(2, 2), (2.0, 2), (json.loads("3"), 3), (1.0000, 1)])
def test_whole_numbers(sent, found):
    assert whole(sent, "y", 0, 9) == found


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (2.5, "y must be a whole number from 0 to 9, not 2.5"),
        (10, "y must lie in 0 to 9, and 10 does not"),
        (True, "y must be a number"),
        ("3", "not 3"),
        (None, "not empty"),
        (float("nan"), "not nan"),
        (10**400, "y must lie in 0 to 9, and 10000000000000000000... does not"),
        ([1], "not a list"),
    ],
)
def test_sentences(sent, message):
    with pytest.raises(InputError) as caught:
        whole(sent, "y", 0, 9)
    assert message in str(caught.value)
