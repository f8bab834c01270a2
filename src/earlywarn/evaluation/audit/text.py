"""Print the audit of a quality sheet as text: groups, crossings, what verdicts promise, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earlywarn.evaluation.text import Sheet, figure, number, signed, text_table

HEADER = (
    "group", "n", "outcomes", "rate", "AUC", "risk-rate", "listed", "prec@cap", "recall", "recall gap",
    "false pos.", "false pos. gap", "calibration", "rates", "beside rules",
)  # fmt: skip


def audit_lines(lead: Sheet) -> list[str]:
    """Return the lines of one back-test; a sheet from before the audit had crossings prints its groups."""
    groups, audit = lead["groups"], lead.get("audit")
    lines = ["", _table(groups)] if groups else []
    if audit is None:
        return lines
    lines.append(_promise(audit["judged"], "groups"))
    lines += [_largest(one) for one in audit["largest_gaps"]]
    if audit["crossings"]:
        lines += ["", _table(audit["crossings"]), _promise(audit["judged_crossings"], "crossings")]
    if audit["n_small"]:
        lines.append(
            f"{audit['n_small']} crossings of fewer than {audit['smallest']} students "
            f"({audit['n_rows_small']} rows) are counted, and neither named nor judged"
        )
    return lines + list(_copies(audit.get("with_and_without")))


def _table(groups: Sequence[Sheet]) -> str:
    return text_table(HEADER, [_row(one) for one in groups])


def _row(one: Sheet) -> tuple[str, ...]:
    # A sheet written before groups had intervals of AUC, or rates of lists, holds less.
    auc = one["auc"] if isinstance(one["auc"], dict) else {"value": one["auc"]}
    unknown = {"value": None}
    return (
        f"{one['column']}={one['group']}",
        str(one["n"]),
        str(one["n_positive"]),
        number(one["base_rate"]),
        figure(auc),
        signed(one["calibration_gap"]),
        number(one.get("share_listed", unknown)["value"]),
        figure(one.get("precision", unknown)),
        figure(one["recall"]),
        signed(one.get("recall_gap", unknown)),
        figure(one["false_positive_rate"]),
        signed(one.get("false_positive_gap", unknown)),
        one["calibration_verdict"],
        one["rates_verdict"],
        one.get("against_rules") or "-",
    )


def _promise(judged: Sequence[Sheet], what: str) -> str:
    each = [
        f"{one['column']} {100 * one['level']:.2f} % ({one['n_judged']} of {one['n_groups']} judged)"
        for one in judged
    ]
    return (
        f"'outside' counts the gaps judged together, so that at most {judged[0]['false_alarms']:.0%} of "
        f"sheets call any of a column's {what} outside by chance: {'; '.join(each)}"
    )


def _largest(one: Sheet) -> str:
    return (
        f"{one['column']}: equalized odds difference {number(one['equalized_odds'])}, "
        f"equal opportunity difference {number(one['equal_opportunity'])}, "
        f"share listed, smallest over largest {number(one['listed_ratio'])}"
    )


def _copies(copies: Sheet | None) -> Iterator[str]:
    if copies is None:
        return
    yield (
        f"\nknowing {', '.join(copies['columns'])} (two copies fitted alike on {copies['n_train']} rows, "
        f"neither kept) would change AUC by {signed(copies['auc'])}, Brier by {signed(copies['brier'], 4)}, "
        f"precision at capacity by {signed(copies['precision'])}: {COSTS[copies['verdict']]}"
    )
    rows = [
        (
            f"{one['column']}={one['group']}",
            signed(one["share_listed"]),
            signed(one["recall"]),
            signed(one["false_positive_rate"]),
            signed(one["calibration_gap"]),
        )
        for one in copies["changes"]
    ]
    if rows:
        yield text_table(("and of", "share listed", "recall", "false pos.", "risk-rate"), rows)


COSTS = {
    "beats": "leaving them out costs accuracy",
    "worse": "leaving them out gains accuracy",
    "cannot tell": "no cost that these rows can tell",
}
