"""Which files of a home are in force: taken whole, recorded, activated, put back.

    files of the home ─► read whole ─► tried ─► version ─► activation ─► .versions/HASH, which every process reads

Nothing ever works by files that somebody may be writing: what is in force is a copy that never changes.
"""

from edi_bridge.versioning.changing import activate_home, change, put_in_force, record_home
from edi_bridge.versioning.home_files import FOLDERS, Busy, look, read
from edi_bridge.versioning.snapshot import snapshot
from edi_bridge.versioning.taking import PATIENCE, InForce, actor, take

__all__ = ["Busy", "FOLDERS", "InForce", "PATIENCE", "activate_home", "actor", "change", "look", "put_in_force", "read", "record_home",
           "snapshot", "take"]
