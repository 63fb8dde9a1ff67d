"""One served gateway for most tests, and its upstream."""

from collections.abc import Iterator

import pytest

from tests.fake_upstream import FakeUpstream, fake_upstream, usual
from tests.service.gateway.served_gateway import Caller, Gateway, served_gateway
from tokenizer_registry import Registry


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The vocabularies of the package."""
    return Registry.from_package()


@pytest.fixture(scope="session")
def running_upstream() -> Iterator[FakeUpstream]:
    """Yield the fake upstream that all tests share."""
    with fake_upstream() as running:
        yield running


@pytest.fixture
def upstream(running_upstream: FakeUpstream) -> FakeUpstream:
    """Return the shared upstream, reset to its usual answers and empty records."""
    running_upstream.answer = usual
    running_upstream.seen.clear()
    running_upstream.authorizations.clear()
    running_upstream.hung_up = 0
    return running_upstream


@pytest.fixture(scope="session")
def shared_gateway(
    running_upstream: FakeUpstream, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Yield the gateway that all tests share; at the end its books must be consistent."""
    with served_gateway(tmp_path_factory.mktemp("gateway"), running_upstream, registry) as gateway:
        yield gateway
        assert gateway.faults() == []


@pytest.fixture(scope="session")
def impatient_gateway(
    running_upstream: FakeUpstream, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Yield a gateway that waits two seconds for its upstream; at the end its books must be consistent."""
    folder = tmp_path_factory.mktemp("impatient")
    with served_gateway(folder, running_upstream, registry, upstream_timeout_seconds=2.0) as gateway:
        yield gateway
        assert gateway.faults() == []


@pytest.fixture
def gateway(shared_gateway: Gateway, upstream: FakeUpstream) -> Gateway:
    """Return the shared gateway, with its upstream reset."""
    assert shared_gateway.upstream is upstream
    return shared_gateway


@pytest.fixture
def caller(gateway: Gateway) -> Caller:
    """Return a new account with 100 rupees and a key."""
    return gateway.caller()


@pytest.fixture
def impatient_caller(impatient_gateway: Gateway, upstream: FakeUpstream) -> Caller:
    """Return a new account of the impatient gateway, with its upstream reset."""
    assert impatient_gateway.upstream is upstream
    return impatient_gateway.caller()
