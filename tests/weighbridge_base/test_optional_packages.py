"""Packages that come with an extra."""

import json

import pytest

from weighbridge_base.optional_packages import MissingPackage, import_optional


def test_an_installed_package_is_imported() -> None:
    """The module itself is returned, also of a package's inside."""
    assert import_optional("json", "files", "JSON") is json
    assert import_optional("json.decoder", "files", "JSON") is json.decoder


def test_a_missing_package_names_its_extra() -> None:
    """The sentence can be shown to users."""
    with pytest.raises(MissingPackage) as missing:
        import_optional("not_installed.inside", "files", "Parquet")
    assert str(missing.value) == "Parquet needs not_installed: pip install 'weighbridge[files]'"


def test_the_error_may_be_one_of_the_callers() -> None:
    """So that it has the root of the caller's errors."""

    class Own(MissingPackage):
        pass

    with pytest.raises(Own):
        import_optional("not_installed", "files", "Parquet", Own)
