"""Find what differs between the files of an intake and the last ones, by the written rules. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from earlywarn.tables.drift.columns import column_findings, too_many
from earlywarn.tables.drift.finding import Figures, Finding, raised, shares
from earlywarn.tables.drift.profile import Profile, past_of
from earlywarn.tables.drift.rules import DriftRules, Level
from earlywarn.tables.drift.usual import Past
from earlywarn.tables.drift.words import can_be_accepted


def findings_of(
    profile: Profile,
    previous: Sequence[Profile],
    rules: DriftRules,
    *,
    accepted: Collection[str] = (),
    headers: Sequence[Finding] = (),
) -> list[Finding]:
    """Return every finding about the files of one extract.

    Args:
        profile: What they hold.
        previous: Earlier profiles, the latest first; those of other extracts may be among them.
        rules: The written rules of the extract.
        accepted: The names of changes that may pass in this intake; they become notes.
        headers: What comparing the headers found.
    """
    past = Past(past_of(profile, tuple(previous)), rules.past)
    found = [*headers, *_broken_lines(profile, past, rules), *_rows(profile, past, rules)]
    for name, column in profile.columns.items():
        if profile.n_rows and not column.is_missing:
            found += column_findings(profile, name, past, rules.of(name))
    return [_accepted(one, accepted, profile) for one in found]


def _accepted(finding: Finding, accepted: Collection[str], profile: Profile) -> Finding:
    """Turn what may pass into a note of the day it was accepted."""
    if finding.name not in accepted or not can_be_accepted(finding.rule, dict(finding.figures)):
        return finding
    # A column that may be gone was read as an optional one.
    case = (("case", "accepted"),) if finding.rule == "dropped" else ()
    return finding.lowered("note", *case, ("accepted_on", profile.received_on.isoformat()))


def _broken_lines(profile: Profile, past: Past, rules: DriftRules) -> Iterator[Finding]:
    usual, rule = past.since(f"{profile.table}:broken_lines").share_broken(), rules.broken_lines
    if usual is None or not profile.n_read:
        return
    if too_many(profile.n_broken / profile.n_read, usual, rule):
        figures = (("extract", profile.extract), *shares(profile.n_broken, profile.n_read, usual))
        small = profile.n_read < rules.min_rows
        yield from raised(profile.table, "", "broken_lines", rule.level, figures, small=small)


def _rows(profile: Profile, past: Past, rules: DriftRules) -> Iterator[Finding]:
    """Compare the number of rows: with the last time's for complete exports, else with the usual one.

    History is loaded once and is long, so that it says nothing of what comes after it.
    """
    n = profile.n_read
    case: Figures = (("case", "complete"),) if profile.complete else ()
    for rule, level in (("fewer_rows", rules.fewer_rows.level), ("more_rows", rules.more_rows.level)):
        alike = past.of_kind(profile).since(f"{profile.table}:{rule}")
        if not alike.profiles:
            continue
        before = alike.profiles[0].n_read if profile.complete else round(alike.rows() or 0)
        is_fewer, is_more = n < rules.fewer_rows.share * before, n > rules.more_rows.times * before
        if (is_fewer if rule == "fewer_rows" else is_more) and max(n, before) >= rules.min_rows:
            figures = (("extract", profile.extract), ("n", str(n)), ("before", str(before)), *case)
            default: Level = "stop" if profile.complete else "warn"
            yield from raised(profile.table, "", rule, level or default, figures)
