"""Look at unknown files and propose a first `extracts.toml`: an aid for people, never a step of an intake.

The door of the room; other rooms import from here. It reads a bounded sample of each file, and shows no cell
that may say something of a person.
"""

from earlywarn.tables.inspection.inspection import Inspection, inspect_files

__all__ = ["Inspection", "inspect_files"]
