from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.model import Availability, State, Value
from edgepi.recorder.samples import FLOAT, UNAVAILABLE, UNKNOWN, availability_of, decode, encode, number_of

NOW = datetime(2025, 6, 1, tzinfo=UTC)
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.text(st.characters(codec="utf-8"), max_size=100),
    st.datetimes(timezones=st.just(UTC)),
)


def state(value: Value | None, availability: Availability = Availability.KNOWN) -> State:
    return State("a.b", value, availability, NOW, NOW, "t")


@given(VALUES)
def test_every_value_comes_back_as_it_was(value: Value) -> None:
    back = decode(*encode(state(value)))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_a_gap(number: float) -> None:
    assert encode(state(number)) == (UNKNOWN, None)


def test_unknown_and_unavailable_stay_two_things() -> None:
    unknown, unavailable = (
        encode(state(None, gap))[0] for gap in (Availability.UNKNOWN, Availability.UNAVAILABLE)
    )
    assert (unknown, unavailable) == (UNKNOWN, UNAVAILABLE)
    back = [availability_of(kind) for kind in (unknown, unavailable, FLOAT)]
    assert back == [Availability.UNKNOWN, Availability.UNAVAILABLE, Availability.KNOWN]
    assert decode(unavailable, None) is None


def test_an_unavailable_state_keeps_no_value() -> None:
    assert encode(state(21.5, Availability.UNAVAILABLE)) == (UNAVAILABLE, None)


def test_half_a_surrogate_pair_does_no_harm() -> None:
    assert decode(*encode(state("\ud800x"))) == "?x"


def test_a_truth_counts_as_one_or_zero_and_text_as_nothing() -> None:
    assert [number_of(*encode(state(v))) for v in (True, False, 3, 2.5, "x")] == [1.0, 0.0, 3.0, 2.5, None]


def test_an_integer_beyond_64_bits_is_kept_as_a_float_while_that_holds_it() -> None:
    assert encode(state(2**70)) == (FLOAT, float(2**70))
    assert encode(state(10**400)) == (UNKNOWN, None)
