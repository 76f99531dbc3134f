from __future__ import annotations

import pytest

from edgepi.plugin.fields import (
    Choice,
    FieldError,
    Flag,
    I2CAddress,
    Integer,
    Number,
    Text,
    TimeSpan,
    nearest,
)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (5, 5.0), (0.5, 0.5), ("60s", 60.0), ("5min", 300.0), ("2h", 7200.0), ("30d", 2592000.0),
        ("1h 30min", 5400.0), ("1h30min", 5400.0), ("1.5 h", 5400.0), ("250ms", 0.25), ("2 weeks", 1209600.0),
    ],
)  # fmt: skip
def test_time_span_is_a_number_of_seconds_or_has_units(written: object, seconds: float) -> None:
    assert TimeSpan()(written) == seconds


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [
        ("5m", "5min"),
        ("5 hrs", "5hours"),
        ("soon", None),
        ("", None),
        (True, None),
        (None, None),
        ("-5s", None),
        ([], None),
    ],
)
def test_what_is_no_time_span_is_refused(written: object, suggestion: str | None) -> None:
    with pytest.raises(FieldError, match="expected a time span") as caught:
        TimeSpan()(written)
    assert caught.value.suggestion == suggestion


def test_time_span_has_limits_in_words_and_a_unit() -> None:
    keep = TimeSpan(min_s=3600, unit_s=86400, forever="forever")
    assert (keep("12h"), keep("forever")) == (0.5, None)
    with pytest.raises(FieldError, match="30s is out of range: it must be 1h or more") as caught:
        keep(30)
    assert caught.value.suggestion == "30d"
    with pytest.raises(FieldError, match="90min is out of range: it must be 1s to 1h"):
        TimeSpan(1, 3600)("90min")
    with pytest.raises(FieldError, match="out of range"):
        TimeSpan()("999999999999999w")


@pytest.mark.parametrize("written", [True, "1", None, float("nan"), float("inf"), []])
def test_number_is_a_finite_number(written: object) -> None:
    with pytest.raises(FieldError, match=r"expected a (finite )?number"):
        Number()(written)


def test_number_has_limits() -> None:
    assert Number(0, 1)(1) == 1.0
    for check, value in ((Number(0, 1), 1.1), (Number(max=1), 2), (Number(min=0), -1), (Number(above=0), 0)):
        with pytest.raises(FieldError, match="out of range"):
            check(value)


@pytest.mark.parametrize("written", [True, 1.0, "1", None])
def test_integer_is_a_whole_number(written: object) -> None:
    with pytest.raises(FieldError, match="expected a whole number"):
        Integer()(written)


def test_text_that_looks_like_a_number_suggests_quotes() -> None:
    with pytest.raises(FieldError) as caught:
        Text()(5)
    assert caught.value.suggestion == '"5"'


@pytest.mark.parametrize(("written", "meant"), [("yes", "true"), ("Off", "false"), (1, "true"), ("x", None)])
def test_flag_is_true_or_false_only(written: object, meant: str | None) -> None:
    with pytest.raises(FieldError) as caught:
        Flag()(written)
    assert caught.value.suggestion == meant


def test_choice_suggests_the_nearest() -> None:
    assert Choice(("one", "two"))("one") == "one"
    with pytest.raises(FieldError, match="'tow' is not one of one, two") as caught:
        Choice(("one", "two"))("tow")
    assert caught.value.suggestion == "two"


def test_nearest_ignores_case_and_gives_up() -> None:
    assert nearest("europe/paris", ["Europe/Paris"]) == "Europe/Paris"
    assert nearest("zzz", ["abc"]) is None


@pytest.mark.parametrize("wrong", ["0x76", 0x75, -1, True, 118.0])
def test_an_address_off_the_bus_is_refused_in_the_way_people_write_it(wrong: object) -> None:
    with pytest.raises(FieldError, match="0x76"):
        I2CAddress(min=0x76, max=0x77)(wrong)


def test_an_address_in_quotes_is_suggested_without() -> None:
    with pytest.raises(FieldError) as caught:
        I2CAddress()("0x40")
    assert caught.value.suggestion == "0x40"
    assert I2CAddress()(0x40) == 0x40
