"""What every reader refuses: another form, another sha256, a missing file, and code."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pricing_data.errors import BadSource
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources import genai_prices, litellm, model_prices
from pricing_data.refresh.sources.package_file import PinnedPackage, read_member
from pricing_data.refresh.sources.python_literal import assigned
from tests.pricing_data.refresh.sources.small_wheels import wheel


@pytest.mark.parametrize(
    ("read", "member"),
    [
        (genai_prices.read, genai_prices.MEMBER),
        (litellm.read, litellm.MEMBER),
        (model_prices.read, model_prices.MEMBER),
    ],
)
@pytest.mark.parametrize("text", ["[1, 2", "[1, 2]", '{"prices": 1, "m": 2}', "providers: list = [1]"])
def test_a_file_in_another_form_is_refused(
    tmp_path: Path, read: Callable[[Path, PinnedPackage], SourceSnapshot], member: str, text: str
) -> None:
    """A source whose form has changed stops the refresh instead of losing prices."""
    with pytest.raises(BadSource, match=r"one\.whl"):
        read(tmp_path, wheel(tmp_path, "p", member, text))


def test_a_changed_wheel_is_refused(tmp_path: Path) -> None:
    """A wheel with another sha256 than the pinned one is not read."""
    pin = wheel(tmp_path, "p", "a.txt", "one")
    (tmp_path / pin.wheel).write_bytes((tmp_path / pin.wheel).read_bytes() + b" ")
    with pytest.raises(BadSource, match="sha256"):
        read_member(tmp_path, pin, "a.txt")


def test_a_missing_wheel_or_member_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named."""
    pin = wheel(tmp_path, "p", "a.txt", "one")
    with pytest.raises(BadSource, match=r"b\.txt"):
        read_member(tmp_path, pin, "b.txt")
    with pytest.raises(BadSource, match=r"one\.whl"):
        read_member(tmp_path / "elsewhere", pin, "a.txt")


@pytest.mark.parametrize(
    "text",
    [
        "providers: list = [open('/etc/passwd')]",
        "providers: list = [x for x in y]",
        "providers: list = Decimal(1)",
        "providers: list = datetime.time(1, 0)(2)",
        "other: int = 1",
    ],
)
def test_code_is_not_run_as_data(text: str) -> None:
    """Anything but nested constructor calls with keywords is refused and never executed."""
    with pytest.raises(ValueError, match=r"cannot read|nothing is assigned"):
        assigned(text, "providers")
