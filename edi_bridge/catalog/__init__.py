"""Opens partners/, mappings/ and the guides: the only reader of their files. Parses on demand, compiles once."""

from edi_bridge.catalog.catalog import Catalog, Stored
from edi_bridge.catalog.files import GUIDES, shipped

__all__ = ["GUIDES", "Catalog", "Stored", "shipped"]
