from __future__ import annotations

import pytest

from edgepi_iexec.commands.ordering import DEMO_ARGS, Order


@pytest.mark.parametrize(
    ("args", "demo", "told"),
    [(None, True, DEMO_ARGS), ("5 6", True, "5 6"), ("", True, None), (None, False, None), ("5", False, "5")],
)
def test_the_demo_is_called_with_arguments_where_none_are_given(
    args: str | None, told: str | None, *, demo: bool
) -> None:
    assert Order(args=args).params(demo=demo).get("iexec_args") == told
