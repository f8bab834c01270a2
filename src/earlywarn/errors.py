"""Every refusal of the program, as one tree.

    EarlywarnError
    ├── SettingsError
    ├── DeclarationError
    │   └── EmptySplitError
    ├── ExtractError
    │   └── HeaderError
    ├── TableError
    ├── AsOfError
    ├── TrainingError
    │   └── LeakError
    ├── RegistryError
    │   └── GateError
    ├── PublicationError
    │   └── DamagedModelError
    ├── NotScoredError
    ├── BusyError
    ├── EngineError
    ├── StorageError
    └── StoreError
        └── NotFoundError

A message says what went wrong, where, and what to do next; no student value ever stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass


class EarlywarnError(Exception):
    """Say what went wrong, where, and what to do about it."""

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        """Join the three parts into one sentence for a terminal."""
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        return f"{sentence}; {self.todo}" if self.todo else sentence

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process, keyword arguments and subclasses included."""
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(
    kind: type[EarlywarnError], args: tuple[object, ...], fields: dict[str, object]
) -> EarlywarnError:
    error = kind.__new__(kind, *args)
    Exception.__init__(error, *args)
    error.__dict__.update(fields)
    return error


class SettingsError(EarlywarnError):
    """A setting is missing, unsafe or contradicts another."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a declared file, at a line."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """Write the problem as compilers do, so that editors can jump to it."""
        return f"{self.path}:{self.line}: {self.message}"


class DeclarationError(EarlywarnError):
    """A TOML declaration cannot be used; carries every problem found, with its line."""

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", problems: tuple[Problem, ...] = ()
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.problems = problems

    def __str__(self) -> str:
        """List all problems, one a line."""
        if not self.problems:
            return super().__str__()
        return "\n".join(str(problem) for problem in self.problems)


class EmptySplitError(DeclarationError):
    """A spec whose splits hold no training or no test rows."""


class ExtractError(EarlywarnError):
    """A file from a school is missing or cannot be read exactly."""


class HeaderError(ExtractError):
    """A file's columns are not those that the mapping names; carries them, and the extract's pattern.

    The message names columns; a file that lost its header would show a row in `header`, so it is not printed.
    """

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", header: tuple[str, ...] = (), pattern: str = ""
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.header = header
        self.pattern = pattern


class TableError(EarlywarnError):
    """Validated tables are missing or contradict the contract."""


class AsOfError(EarlywarnError):
    """An as-of date lies where nothing can be known."""


class TrainingError(EarlywarnError):
    """A model cannot be fitted or evaluated on what there is."""


class LeakError(TrainingError):
    """A training was stopped because a detector found a leak; carries a line for every finding."""

    def __init__(self, what: str, *, where: str = "", todo: str = "", findings: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, todo=todo or "nothing was registered: mend what it names")
        self.findings = findings

    def __str__(self) -> str:
        """List all findings below the sentence, one a line."""
        return "\n  ".join([super().__str__(), *self.findings])


class RegistryError(EarlywarnError):
    """MLflow has no such run, version or alias."""


class GateError(RegistryError):
    """A candidate is not promoted because a gate is closed; carries a line for every gate."""

    def __init__(self, what: str, *, where: str = "", todo: str = "", gates: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, todo=todo)
        self.gates = gates

    def __str__(self) -> str:
        """List all gates below the sentence, one a line."""
        return "\n  ".join([super().__str__(), *self.gates])


class PublicationError(EarlywarnError):
    """A model folder cannot be written, found or put in use."""


class DamagedModelError(PublicationError):
    """A published folder is not, byte for byte, what was signed."""


class NotScoredError(EarlywarnError):
    """A unit is not scored, for a reason that is said."""


class BusyError(EarlywarnError):
    """Somebody else holds the workspace's lock."""


class EngineError(EarlywarnError):
    """What was to run the work is not installed, cannot be reached, or lost its workers."""


class StorageError(EarlywarnError):
    """The disk is full or cannot be written."""


class StoreError(EarlywarnError):
    """The service database is missing, unsafe or not ready."""


class NotFoundError(StoreError):
    """Nothing there for this scope: not yours and not there look the same."""
