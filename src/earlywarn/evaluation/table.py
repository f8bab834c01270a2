"""Print a quality sheet as a text table: every candidate and baseline beside the chosen model."""

from __future__ import annotations

from earlywarn.evaluation.abstention import abstention_lines
from earlywarn.evaluation.acted_on import acted_on_lines
from earlywarn.evaluation.audit.text import audit_lines
from earlywarn.evaluation.calibration_facts import calibration_lines
from earlywarn.evaluation.cuts import cut_lines
from earlywarn.evaluation.folds import fold_lines
from earlywarn.evaluation.leaks import leak_lines
from earlywarn.evaluation.lists_text import list_lines
from earlywarn.evaluation.school_and_grade_text import school_and_grade_lines
from earlywarn.evaluation.text import Sheet, figure, number, signed, text_table

HEADER = (
    "moment", "model", "n", "rate", "AUC", "AP", "Brier", "slope", "ECE", "prec@cap", "recall@cap",
)  # fmt: skip


def sheet_table(sheet: Sheet) -> str:
    """Return the whole sheet as text; that of a list by rules is `rules_table`'s."""
    title = f"{sheet['network']}/{sheet['model']}: {sheet['outcome']['en']}"
    share = f"capacity {sheet['capacity_share']:.0%} per {', '.join(sheet['capacity_per'])} and moment"
    parts = [title, f"{share}; ties at the cut by {sheet['tie_rule']}"]
    parts += [_backtest(one) for one in sheet["backtests"]]
    if left_out := sheet.get("left_out"):
        counted = f"{left_out['n_rows']} rows of {left_out['n_units']} students"
        parts.append(f"left out of the cohort: {counted}, because {left_out['because']['en']}")
    parts += abstention_lines(sheet.get("abstention"))
    parts += leak_lines(sheet.get("leaks", ()))
    parts += [f"note: {note}" for note in sheet["notes"]]
    return "\n".join(parts) + "\n"


def _backtest(one: Sheet) -> str:
    folds = one.get("folds")
    tested = (
        "each row tested once"
        if folds and not folds.get("along_time")
        else f"tested on {', '.join(one['tested_on'])}"
    )
    head = (
        f"\n{one['protocol']}: trained on {', '.join(one['trained_on'])} ({one['n_train']} rows, "
        f"{one['n_positive']} with the outcome, {one['n_features']} features); "
        f"{tested}; intervals over {one['intervals_over']}\n"
        f"chosen: {one['chosen']} ({one['chosen_because']})"
    )
    if folds:
        head = "\n".join([head, *fold_lines(folds)])
    head = "\n".join([head, *cut_lines(one.get("cut_points", ()))])
    rows = [
        _row(moment, candidate, one["chosen"]) for moment in one["moments"] for candidate in one["candidates"]
    ]
    rows += [_row("all", candidate, one["chosen"]) for candidate in one["candidates"]]
    lines = [head, text_table(HEADER, rows)]
    lines += calibration_lines(one.get("calibration"))
    lines += [_comparison(pair) for pair in one["comparisons"]]
    lines += [_held_out(part) for part in one["held_out"]]
    lines += [*list_lines(one), *school_and_grade_lines(one), *audit_lines(one)]
    lines += acted_on_lines(one.get("acted_on"))
    return "\n".join(lines)


def _row(moment: str, candidate: Sheet, chosen: str) -> tuple[str, ...]:
    metrics = candidate["overall"] if moment == "all" else candidate["by_moment"][moment]
    name = f"{candidate['name']} *" if candidate["name"] == chosen else candidate["name"]
    return (
        moment,
        name,
        str(metrics["n"]),
        number(metrics["base_rate"]),
        figure(metrics["auc"]),
        number(metrics["average_precision"]["value"]),
        number(metrics["brier"]["value"], 4),
        number(metrics["calibration"]["slope"], 2),
        number(metrics["calibration"]["expected_error"]),
        figure(metrics["capacity"]["precision"]),
        number(metrics["capacity"]["recall"]["value"]),
    )


def _comparison(pair: Sheet) -> str:
    return (
        f"{pair['model']} against {pair['other']}: AUC {signed(pair['auc'])}, "
        f"Brier {signed(pair['brier'], 4)}: {pair['verdict']}"
    )


def _held_out(part: Sheet) -> str:
    seen = f" (seen: {number(part['seen']['auc']['value'])})" if part["seen"] else ""
    metrics = part["metrics"]
    return (
        f"{part['how']}: {part['n_schools']} schools, {metrics['n']} rows, "
        f"AUC {figure(metrics['auc'])}{seen}, Brier {number(metrics['brier']['value'], 4)}"
    )
