"""What the pages show, in words and ready to be laid out: no lookup, no arithmetic in a template."""

from __future__ import annotations

from dataclasses import dataclass

from api.chance import Chance


@dataclass(frozen=True)
class Bar:
    """One quantity beside the others of the same reason; `width` is its percent of the widest."""

    label: str
    value: str
    width: float
    is_own: bool


@dataclass(frozen=True)
class ReasonView:
    """One reason as a sentence, with what it rests on."""

    text: str
    strength: str
    comparison: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class RiskView:
    """One outcome for one student; `chance` is None where there is none, and why is said.

    Either the student was not scored, or the list is by rules: then `by_rules` says so.
    """

    outcome: str
    chance: Chance | None
    not_scored: str
    by_rules: str
    on_roster: bool
    provenance: str
    actionable: tuple[ReasonView, ...]
    context: tuple[ReasonView, ...]
    easing: tuple[ReasonView, ...]


@dataclass(frozen=True)
class StudentView:
    """One student, with the outcomes for which they stand on a roster (all scored ones on their own page)."""

    student_id: str
    name: str
    place: str
    risks: tuple[RiskView, ...]


@dataclass(frozen=True)
class SectionView:
    """Students of one grade, in the order of their names."""

    title: str
    note: str
    students: tuple[StudentView, ...]


@dataclass(frozen=True)
class RosterView:
    """One outcome's roster in one grade, in the order of names, with what may be expected of it."""

    outcome: str
    note: str
    expected: str
    not_scored: str
    by_rules: str
    students: tuple[StudentView, ...]


@dataclass(frozen=True)
class GradeView:
    """All rosters of one grade."""

    title: str
    rosters: tuple[RosterView, ...]


@dataclass(frozen=True)
class NoticeView:
    """How much a school has to settle in its records, in one line."""

    school_id: str
    school_name: str
    text: str
    day: str
    has_findings: bool


@dataclass(frozen=True)
class AccountView:
    """A demonstration account, as a button."""

    account_id: str
    label: str
    note: str
