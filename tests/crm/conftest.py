"""The fixture of the CRM's tests."""

from __future__ import annotations

import pytest
from crm_case import Crm

from edi_bridge.database import Database


@pytest.fixture
def crm(database: Database) -> Crm:
    """An empty CRM, once on each database."""
    return Crm(database)
