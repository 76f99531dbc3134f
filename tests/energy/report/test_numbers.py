from __future__ import annotations

import math

import pytest

from edgepi.energy.report.numbers import amount, amounts, number


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (3.14159, "Wh", "3.1 Wh"),
        (0.034, "Wh", "0.03 Wh"),
        (0.0041, "Wh", "4.1 mWh"),
        (96.6, "Wh", "97 Wh"),
        (9999.0, "Wh", "9999 Wh"),
        (12_430.0, "Wh", "12.4 kWh"),
        (0.04, "W", "40 mW"),
        (0.0, "W", "0 W"),
        (-2.5, "Wh", "\u22122.5 Wh"),
        (1530.0, "g", "1.5 kg"),
        (0.12, "points", "0.12 points"),
        (None, "W", "\u2013"),
        (math.nan, "W", "\u2013"),
    ],
)
def test_amounts_are_written_as_people_write_them(value: float | None, unit: str, written: str) -> None:
    assert amount(value, unit).replace("\u00a0", " ") == written


def test_zero_has_no_sign_and_thousands_are_set_apart() -> None:
    assert number(-0.00001) == "0"
    assert number(1234.0) == "1234"
    assert number(12_345.0) == "12\u202f345"


def test_amounts_that_are_compared_share_the_larger_unit() -> None:
    assert [text.replace("\u00a0", " ") for text in amounts([26_600.0, 1051.0, 10.7], "Wh")] == [
        "26.6 kWh",
        "1.1 kWh",
        "0.01 kWh",
    ]
    assert amounts([3.1, 0.0041], "Wh") == (amount(3.1, "Wh"), amount(0.0041, "Wh"))
