"""One network with known habits for all tests of the room, taken in once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from earlywarn.quality import NetworkQuality, SchoolQuality, assess
from earlywarn.tables import Tables
from tests.builders.intake import Network
from tests.builders.recording import AS_OF, recording_network

Schools = dict[str, SchoolQuality]


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Return the network as taken in."""
    return recording_network(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="session")
def tables(network: Network) -> Iterator[Tables]:
    """Return its tables, opened once."""
    opened = network.open()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def quality(tables: Tables) -> NetworkQuality:
    """Return what is found as of 20 November."""
    return assess(tables, AS_OF)


@pytest.fixture(scope="session")
def schools(quality: NetworkQuality) -> Schools:
    """Return every school by its id."""
    return {school.school_id: school for school in quality.schools}
