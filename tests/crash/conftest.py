"""The fixtures of `conftest_crash.py`, which tests/full uses as well."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from conftest_crash import began, began_postgres, faultless, launcher, new_world  # noqa: E402, F401
