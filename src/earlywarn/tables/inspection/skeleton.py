"""Propose a first contract for files of a network that has none: their columns as they are, to be renamed.

Everything here is a beginning: which table says where a student is, what names a row, when it was known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from earlywarn.tables.contract import ROW_NUMBER
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.grouping import Group
from earlywarn.tables.inspection.identities import KEPT, PERMANENT_CODE
from earlywarn.tables.inspection.keys import key_of
from earlywarn.tables.inspection.names import likeness
from earlywarn.tables.inspection.profile import Profile, profiles_of
from earlywarn.tables.inspection.words import identifier, known_words, plain

ALWAYS = "always"
_LEAST = 0.7
_KNOWN = ("recorded_on", "reported_on", "happened_on", "starts_on")
Declaration = Mapping[str, object]


@dataclass(frozen=True)
class DraftColumn:
    """A column to declare: the file's column that gives it, its declaration, what is unsure about it."""

    header: str | None
    profile: Profile | None
    declared: Declaration
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class DraftTable:
    """A table to be declared for one group of files."""

    name: str
    group: Group
    columns: Mapping[str, DraftColumn]
    key: tuple[str, ...]
    known_on: str
    doubts: tuple[Doubt, ...] = ()

    def named(self, idea: str, kinds: Sequence[str]) -> str | None:
        """Return the column of one of the kinds whose header is most like what files call an idea."""
        names = frozenset(map(plain, known_words().columns[idea].names))
        likely = {
            name: likeness(plain(column.header), names)
            for name, column in self.columns.items()
            if column.header is not None and column.declared["type"] in kinds
        }
        best = max(likely, key=lambda name: likely[name], default=None)
        return best if best is not None and likely[best] >= _LEAST else None

    @property
    def student(self) -> str | None:
        """Return the column that names a student."""
        coded = (name for name, column in self.columns.items() if column.declared.get("pseudonym"))
        in_key = (n for n in self.key if n in self.columns and self.columns[n].declared["type"] == "id")
        named = self.named("student_id", ("id", "integer", "category"))
        return next(coded, None) or named or next(in_key, None)


@dataclass(frozen=True)
class Draft:
    """A contract to be declared: its tables, and which columns of the membership say what."""

    tables: tuple[DraftTable, ...]
    membership: str
    roles: Mapping[str, str]


def draft_of(groups: Sequence[Group]) -> Draft:
    """Return a first contract for the files' groups."""
    taken: set[str] = set()
    tables = [_table(group, taken) for group in groups]
    place = max(range(len(tables)), key=lambda place: _fitness(tables[place]))
    tables[place], roles = _as_membership(tables[place])
    return Draft(tuple(tables), tables[place].name, roles)


def _fitness(table: DraftTable) -> tuple[int, int, int, int]:
    """Rank tables by how well they could say where a student is on a date."""
    has_school = table.named("school_id", ("id", "integer", "category")) is not None
    starts = table.named("starts_on", ("date",)) is not None
    return (table.student is not None, has_school, starts, len(table.group.sample.rows))


def _table(group: Group, taken: set[str]) -> DraftTable:
    name = _free(identifier(group.stem), taken)
    profiles = [p for p in profiles_of(group.sample) if group.sample.header.count(p.header) == 1]
    is_of_students = any(profile.identity == PERMANENT_CODE for profile in profiles)
    columns: dict[str, DraftColumn] = {}
    names: set[str] = set()
    for profile in profiles:
        declared, doubts = _declared(profile, group, keeps_names=is_of_students)
        if declared is not None:
            columns[_free(identifier(profile.header), names)] = DraftColumn(
                profile.header, profile, declared, tuple(doubts)
            )
    key = key_of(
        group.sample, {n: str(c.header) for n, c in columns.items() if c.declared["type"] != "identity"}
    )
    if not columns:
        columns["line"] = DraftColumn(ROW_NUMBER, None, {"type": "id"})
    return DraftTable(
        name=name,
        group=group,
        columns=columns,
        key=key or (ROW_NUMBER,),
        known_on=_known_on(columns),
        doubts=(Doubt("key_looked_at") if key else Doubt("no_key"), Doubt("known_on_guessed")),
    )


def _free(name: str, taken: set[str]) -> str:
    free, n = name, 1
    while free in taken or free == "row_number":
        n += 1
        free = f"{name}_{n}"
    taken.add(free)
    return free


def _declared(profile: Profile, group: Group, *, keeps_names: bool) -> tuple[Declaration | None, list[Doubt]]:
    """Return a column's declaration, or None where what it says of a person is not to be read."""
    if profile.identity == PERMANENT_CODE:
        return {"type": "id", "required": True, "pseudonym": True}, []
    if profile.identity in KEPT and keeps_names:
        return {"type": "identity"}, []
    if profile.identity is not None:
        return None, []
    declared: dict[str, object] = {"type": "text" if profile.kind == "empty" else profile.kind}
    doubts = [Doubt("empty_column")] if profile.kind == "empty" else []
    if profile.kind == "number":
        declared["decimals"] = max(1, profile.numbers.places)
    if profile.kind == "category":
        doubts.append(_codes_doubt(profile, is_whole=group.sample.is_whole))
        # Codes that were not met would be held back: a list is declared only where all were met and shown.
        if doubts[-1].code == "codes_listed":
            declared["allowed"] = profile.codes
    if plain(profile.header) in map(plain, known_words().sensitive.tokens):
        declared["sensitive"] = True
    return declared, doubts


def _codes_doubt(profile: Profile, *, is_whole: bool) -> Doubt:
    if not profile.codes:
        return Doubt("codes_hidden")
    is_complete = is_whole and len(profile.codes) == profile.n_different
    return Doubt("codes_listed") if is_complete else Doubt("codes_seen", codes=", ".join(profile.codes))


def _known_on(columns: Mapping[str, DraftColumn]) -> str:
    """Return the date from which a row is likely known: that of its entry, or the first never empty."""
    dates = {
        name: plain(column.header or "")
        for name, column in columns.items()
        if column.declared["type"] == "date" and column.profile is not None and not column.profile.has_empty
    }
    for idea in _KNOWN:
        words = frozenset(map(plain, known_words().columns[idea].names))
        found = next((name for name, word in dates.items() if word in words), None)
        if found is not None:
            return found
    return next(iter(dates), ALWAYS)


def _as_membership(table: DraftTable) -> tuple[DraftTable, dict[str, str]]:
    """Return the table with every column that says where a student is; what no file says is unsure."""
    columns = dict(table.columns)
    roles: dict[str, str] = {}
    ids = ("id", "integer", "category")
    found = {
        "student": table.student,
        "school": table.named("school_id", ids),
        "starts_on": table.named("starts_on", ("date",)),
        "left_on": table.named("left_on", ("date",)) or table.named("ends_on", ("date",)),
    }
    invented: dict[str, DraftColumn] = {
        "student": DraftColumn(ROW_NUMBER, None, {"type": "id", "required": True}, (Doubt("row_number"),)),
        "school": DraftColumn(None, None, {"type": "id", "default": "all"}, (Doubt("no_school"),)),
        "starts_on": DraftColumn(None, None, {"type": "date"}, (Doubt("no_date"),)),
        "left_on": DraftColumn(None, None, {"type": "date"}, (Doubt("no_date"),)),
    }
    for role, name in found.items():
        if name is None or name in roles.values():
            name = _free({"student": "student_id", "school": "school_id"}.get(role, role), set(columns))
            columns[name] = invented[role]
        roles[role] = name
    return replace(table, columns=columns), roles
