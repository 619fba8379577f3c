"""Where personal data lies, and how each row belongs to a person."""

from bloesem.datamap.load import LoadedMap, load_map, read_map
from bloesem.datamap.model import DataMap

__all__ = ["DataMap", "LoadedMap", "load_map", "read_map"]
