"""Allowances that cannot be made."""

import pytest

from service.limits import Allowance


@pytest.mark.parametrize(("per_second", "per_month"), [(0, 1), (-1, 1), (1, -1)])
def test_impossible_allowance_is_refused(per_second: int, per_month: int) -> None:
    """An allowance under one call a second, or below zero calls a month, cannot be made."""
    with pytest.raises(ValueError, match="at least"):
        Allowance(per_second, per_month)
