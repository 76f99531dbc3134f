from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from edgepi.web.fields import Choice, Integer, Many, Moment, Text, object_schema, parameters


def test_moments_are_read_with_any_offset_and_become_utc() -> None:
    assert Moment()("2025-06-01T12:00:00+02:00") == datetime(2025, 6, 1, 10, tzinfo=UTC)
    assert Moment()("2025-06-01T12:00:00 02:00") == datetime(2025, 6, 1, 10, tzinfo=UTC)
    assert Moment(relative=True)("-90m") == timedelta(minutes=90)


@pytest.mark.parametrize("text", ["", "now", "-6h", "2025-06-01", "2025-06-01T12:00:00", 5, None, []])
def test_what_is_no_moment_is_refused(text: Any) -> None:
    with pytest.raises(vol.Invalid, match="must be a time"):
        Moment()(text)


@given(st.one_of(st.text(), st.integers(), st.none(), st.floats(), st.lists(st.text())))
def test_fields_raise_nothing_but_invalid(value: Any) -> None:
    for field in (Text(), Integer(1, 9), Choice("a"), Moment(relative=True), Many(Text(), most=2)):
        try:
            field(value)
        except vol.Invalid:
            continue


def test_whole_numbers_stay_in_their_limits() -> None:
    assert Integer(1, 10)("7") == 7
    for wrong in ("0", "11", "7.5", "seven", True, None, "\u0667", "9" * 5000):
        with pytest.raises(vol.Invalid):
            Integer(1, 10)(wrong)


def test_schemas_tell_what_the_validators_check() -> None:
    fields = {vol.Required("entity"): Many(Text(), most=3), vol.Optional("limit", default=5): Integer(1, 9)}
    schema = object_schema(fields)
    assert schema["required"] == ["entity"]
    assert schema["properties"]["limit"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 5}
    assert [(p["name"], p["required"]) for p in parameters(fields)] == [("entity", True), ("limit", False)]
