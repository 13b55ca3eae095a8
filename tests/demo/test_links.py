from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axialkit.demo.links import ORDERS, TABS, TERMS, View, from_query, to_query

VIEWS = st.builds(
    View,
    street=st.integers(0, 9999),
    y=st.integers(0, 10_000),
    x=st.integers(0, 10_000),
    layer=st.integers(1, 99),
    column_head=st.integers(0, 99),
    row_head=st.integers(0, 99),
    order=st.sampled_from(ORDERS),
    terms=st.sampled_from(list(TERMS)),
    tab=st.sampled_from(TABS),
)


@given(VIEWS)
def test_a_link_leads_back(view):
    found, strange = from_query(dict(parse_qsl(to_query(view)[1:])), View())
    assert (found, strange) == (view, [])


@given(
    st.dictionaries(st.sampled_from(["street", "y", "x", "layer", "order", "tab", "z"]), st.text())
)
def test_whatever_stands_in_a_link_gives_a_state(parameters):
    found, strange = from_query(parameters, View(layer=3))
    assert 0 <= found.street <= 9999
    assert found.tab in TABS
    assert found.order in ORDERS
    assert set(strange) <= set(parameters) - {"z"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("street", "-1"),
        ("street", "10000"),
        ("street", "../../etc/passwd"),
        ("y", "1e9"),
        ("y", "9" * 5000),
        ("layer", "0"),
        ("layer", "٣"),  # a digit, but none that we write
        ("tab", "admin"),
        ("order", ""),
        ("terms", "kq"),
    ],
)
def test_what_is_not_understood_is_told_and_left_out(name, text):
    assert from_query({name: text}, View()) == (View(), [name])


def test_a_view_without_a_pixel_has_none_in_its_link():
    assert (
        to_query(View(street=4))
        == "?street=4&layer=1&column=0&row=0&order=hw&terms=cqk&tab=panoptic"
    )
