"""The rules about one column's values: of their type, in their unit, coded, filled, varied, in time."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from earlywarn.tables.drift.finding import Figures, Finding, raised, shares
from earlywarn.tables.drift.profile import LIMITS, UNLISTED, ColumnProfile, Profile
from earlywarn.tables.drift.rules import ColumnRules, Level, TooMany
from earlywarn.tables.drift.usual import Past

_SHOWN_CODES = 5
_CHANCE = 3
_FEW_EXPECTED = 5


class _Column:
    """One column of a profile, its past and its rules."""

    def __init__(self, profile: Profile, name: str, past: Past, rules: ColumnRules) -> None:
        self.profile, self.name, self.rules = profile, name, rules
        self.here: ColumnProfile = profile.columns[name]
        self._past = past

    def past(self, rule: str) -> Past:
        """Return the intakes that a rule compares with: since the change was last accepted."""
        return self._past.since(f"{self.profile.table}.{self.name}:{rule}")

    def raised(self, rule: str, level: Level, figures: Figures, *, n_cells: int) -> list[Finding]:
        """Return the finding of a rule; on too few cells it only warns."""
        named = (("extract", self.profile.extract), ("source", self.here.source), *figures)
        small = n_cells < self.rules.min_rows
        return raised(self.profile.table, self.name, rule, level, named, small=small)


def column_findings(profile: Profile, name: str, past: Past, rules: ColumnRules) -> list[Finding]:
    """Return every finding about the values of one column."""
    column = _Column(profile, name, past, rules)
    checks = (_retyped, _unit_changed, _new_category, _emptied, _constant, _dates_out_of_range)
    return [found for check in checks for found in check(column)]


def too_many(share: float, usual: float, rule: TooMany) -> bool:
    """Say whether a share is over what a rule allows, and far over the usual.

    >>> too_many(0.06, 0.0, TooMany()), too_many(0.06, 0.02, TooMany())
    (True, False)
    """
    return share > rule.share and share > rule.times * usual


def _retyped(column: _Column) -> Iterator[Finding]:
    n, of, rule = column.here.n_unread, column.profile.n_rows, column.rules.retyped
    usual = column.past("retyped").share_of(column.name, lambda one: one.n_unread)
    if usual is not None and of and too_many(n / of, usual, rule):
        figures = (*shares(n, of, usual), ("type", column.here.type))
        yield from column.raised("retyped", rule.level, figures, n_cells=of)


def _unit_changed(column: _Column) -> Iterator[Finding]:
    numbers, rule, past = column.here.numbers, column.rules.unit_changed, column.past("unit_changed")
    n, of = column.here.n_with(LIMITS), column.profile.n_rows
    usual_share = past.share_of(column.name, lambda one: one.n_with(LIMITS))
    usual = past.median_of(column.name)
    if numbers is None or usual is None or usual_share is None:
        return
    figures: Figures | None = None
    # A median of nothing but zeros is no unit; it is a constant.
    ratio = float(numbers.median / usual) if usual else 0.0
    medians = (("median", _plain(numbers.median)), ("usual_median", _plain(usual)))
    if ratio > 0 and not 1 / rule.factor < ratio < rule.factor:
        figures = (("case", "ratio"), *medians)
    elif usual > 2 and numbers.n_to_one == column.here.n_values and numbers.minimum >= 0 and numbers.maximum:
        figures = (("case", "to_shares"), *medians)
    elif of and too_many(n / of, usual_share, rule):
        figures = (("case", "limits"), *shares(n, of, usual_share))
    if figures:
        yield from column.raised("unit_changed", rule.level, figures, n_cells=column.here.n_values)


def _plain(value: object) -> str:
    """Write a decimal without needless zeros.

    >>> from decimal import Decimal
    >>> _plain(Decimal("72.5000")), _plain(Decimal("100"))
    ('72.5', '100')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _new_category(column: _Column) -> Iterator[Finding]:
    rule, past = column.rules.new_category, column.past("new_category")
    n, of = column.here.n_with(UNLISTED), column.profile.n_rows
    usual = past.share_of(column.name, lambda one: one.n_with(UNLISTED))
    if usual is not None and of and n / of > rule.times * usual:
        figures = (("case", "unlisted"), *shares(n, of, usual))
        yield from column.raised("new_category", _capped(rule, n / of), figures, n_cells=of)
    yield from _unseen(column, past)


def _unseen(column: _Column, past: Past) -> Iterator[Finding]:
    """Compare the codes with all that earlier intakes ever held."""
    rule, codes = column.rules.new_category, column.here.codes
    last = next((c.codes for one in past.profiles if (c := one.columns.get(column.name)) and c.codes), None)
    if codes is None or last is None or not codes.counts or codes.declared != last.declared:
        return
    if column.here.type == "boolean":
        return
    n_seen = sum(last.seen.values())
    if n_seen < column.rules.min_rows or (not last.declared and not last.counts):
        return
    new = [code for code in codes.counts if code not in last.seen]
    if not new:
        return
    n, of = sum(codes.counts[code] for code in new), codes.n_counted
    figures = (("n_codes", str(len(new))), *shares(n, of, 0))
    if codes.declared:
        names = ", ".join(new[:_SHOWN_CODES])
        figures = (("case", "unseen"), ("names", names), *figures)
        level: Level = "warn" if rule.level == "stop" else rule.level
    elif n > rule.rare * of + _CHANCE * sqrt(rule.rare * of):
        figures = (("case", "undeclared"), *figures)
        level = _capped(rule, n / of)
    else:
        return
    yield from column.raised("new_category", level, figures, n_cells=of)


def _capped(rule: TooMany, share: float) -> Level:
    """Return how far a rule goes for a share: a small one only warns."""
    return "warn" if rule.level == "stop" and share <= rule.share else rule.level


def _emptied(column: _Column) -> Iterator[Finding]:
    """Find a column that is empty, or emptier; one revealed later than its row may well be so for a time."""
    here, of = column.here, column.profile.n_clean
    filled = column.profile.share_filled(column.name)
    usual = column.past("all_empty").share_filled(column.name)
    if filled is None:
        return
    if usual is None:
        yield from _empty_from_the_start(column)
    elif not here.n_clean_values:
        rule, expected = column.rules.all_empty, usual * of
        if expected >= _FEW_EXPECTED:
            case = (("case", "later"),) if here.revealed_later else ()
            figures = (*case, ("of", str(of)), ("usual_share", f"{usual:.4f}"))
            is_doubtful = expected < rule.expected or here.revealed_later
            n_cells = 0 if is_doubtful else of
            yield from column.raised("all_empty", rule.level, figures, n_cells=n_cells)
    elif not here.revealed_later:
        yield from _emptier(column, 1 - filled)


def _empty_from_the_start(column: _Column) -> Iterator[Finding]:
    of, rule = column.profile.n_clean, column.rules.all_empty
    if not column.here.n_clean_values and of >= column.rules.min_rows and not column.here.revealed_later:
        figures = (("case", "first"), ("of", str(of)))
        yield from column.raised("all_empty", rule.level, figures, n_cells=of if column.here.required else 0)


def _emptier(column: _Column, share: float) -> Iterator[Finding]:
    of, rule = column.profile.n_clean, column.rules.emptier
    usual_filled = column.past("emptier").share_filled(column.name)
    if usual_filled is None:
        return
    usual = 1 - usual_filled
    if share > usual + rule.share + _CHANCE * sqrt(share * (1 - share) / of):
        yield from column.raised("emptier", rule.level, shares(round(share * of), of, usual), n_cells=of)


def _constant(column: _Column) -> Iterator[Finding]:
    here, rule, past = column.here, column.rules.constant, column.past("constant").of_kind(column.profile)
    # The last day of a stay or of a plan is often the same for all.
    is_ending = here.kind == "date" and here.revealed_later
    if here.varies or is_ending or here.n_values < column.rules.min_rows:
        return
    varied = past.varied(column.name)
    figures: Figures = (("of", str(here.n_values)),)
    if varied is None and here.kind in ("number", "code"):
        yield from column.raised("constant", rule.level, (("case", "first"), *figures), n_cells=here.n_values)
    elif varied:
        yield from column.raised("constant", rule.level, figures, n_cells=here.n_values)


def _dates_out_of_range(column: _Column) -> Iterator[Finding]:
    dates, rule = column.here.dates, column.rules.dates_out_of_range
    if dates is None:
        return
    past = column.past("dates_out_of_range").of_kind(column.profile)
    received_on, reach = column.profile.received_on, past.reach(column.name)
    ahead = (dates.maximum - received_on).days
    usual_ahead = reach.days + rule.slack_days if reach is not None and reach.days > 0 else 0
    n_cells = column.here.n_values
    if ahead > usual_ahead:
        figures = (("date", dates.maximum.isoformat()), ("received_on", received_on.isoformat()))
        case = (("case", "future"), *figures)
        yield from column.raised("dates_out_of_range", rule.level, case, n_cells=n_cells)
    earliest = past.earliest(column.name)
    if earliest is not None and (earliest - dates.minimum).days > rule.slack_days:
        figures = (("date", dates.minimum.isoformat()), ("before", earliest.isoformat()))
        case = (("case", "old"), *figures)
        yield from column.raised("dates_out_of_range", rule.level, case, n_cells=n_cells)
