"""The card's figures: what was held out, every model by moment, and the chosen one beside simpler ones."""

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation.abstention import abstention_line
from earlywarn.evaluation.calibration_facts import calibration_lines
from earlywarn.evaluation.cards.words import word
from earlywarn.evaluation.cards.writing import count_cell, figure_cell, number_cell, verdict_cell
from earlywarn.evaluation.cuts import cut_facts
from earlywarn.evaluation.folds import FOLD_TITLE, card_lines, left_out_schools
from earlywarn.evaluation.text import Sheet, chosen_of, figure, number
from earlywarn.paper import Cell, Row, Section, Table, write_number, write_share

AUC_SCALE = (0.5, 1.0)


def leaves_time(lead: Sheet) -> bool:
    """Say whether the figures stand on folds that do not follow time."""
    folds = lead.get("folds")
    return folds is not None and not folds.get("along_time")


def quality_section(sheet: Sheet, language: Language) -> Section:
    """Say what trained, what tested, what was chosen, and what a list of that size holds."""
    lead, colon = sheet["backtests"][0], word("colon", language)
    folds = lead.get("folds")
    said = [] if leaves_time(lead) else _along_time(lead, language)
    said += card_lines(folds, language) if folds else []
    said += [_left_out(sheet["left_out"], language)] if sheet.get("left_out") else []
    said += [abstention_line(sheet["abstention"], language)] if sheet.get("abstention") else []
    said += cut_facts(lead.get("cut_points", ()), language)
    features = f"{lead['n_features']} {word('features', language)}"
    said += [
        f"{word('chosen', language)}{colon}{word(lead['chosen'], language)}, {features}",
        _list_sentence(sheet, language),
    ]
    title = FOLD_TITLE[language] if leaves_time(lead) else word("quality", language)
    return Section("quality", title, paragraphs=tuple(said))


def _list_sentence(sheet: Sheet, language: Language) -> str:
    precision = chosen_of(sheet["backtests"][0])["overall"]["capacity"]["precision"]["value"]
    return word("list", language).format(
        share=write_share(sheet["capacity_share"], language),
        per=", ".join(word(name, language) for name in sheet["capacity_per"]),
        precision="-" if precision is None else write_share(precision, language),
    )


def _along_time(lead: Sheet, language: Language) -> list[str]:
    """Say which periods trained, and which one was held out."""
    told = (
        ("trained", lead["trained_on"], lead["n_train"]),
        ("tested", lead["tested_on"], lead["candidates"][0]["overall"]["n"]),
    )
    colon = word("colon", language)
    return [
        f"{word(key, language)}{colon}{', '.join(periods)} (n = {_n(n, language)})"
        for key, periods, n in told
    ]


def _left_out(left_out: Sheet, language: Language) -> str:
    """Say whom a declared rule left out of the cohort, and why."""
    counted = {"n_units": left_out["n_units"], "n_rows": left_out["n_rows"]}
    return word("left_out", language).format(**counted, because=left_out["because"][language])


def moments_section(lead: Sheet, language: Language) -> Section:
    """Show every candidate at every moment."""
    columns = ("moment", "model", "n", "rate", "AUC", "average_precision", "Brier", "precision", "recall")
    rows = tuple(
        Row(
            moment, _figures(candidate["by_moment"][moment], language, first=_name(candidate, lead, language))
        )
        for moment in lead["moments"]
        for candidate in lead["candidates"]
    )
    caption = word("moments_caption", language)
    table = Table(caption, tuple(word(name, language) for name in columns), rows)
    return Section("moments", word("moments", language), tables=(table,))


def grades_section(lead: Sheet, language: Language) -> Section | None:
    """Show the chosen candidate in each grade that holds enough outcomes."""
    by_grade = lead.get("by_grade") or {}
    if not by_grade:
        return None
    columns = ("grade_head", "n", "rate", "AUC", "average_precision", "Brier", "precision", "recall")
    rows = tuple(Row(name, _figures(metrics, language)) for name, metrics in by_grade.items())
    table = Table(word(lead["chosen"], language), tuple(word(name, language) for name in columns), rows)
    return Section("grades", word("grades", language), tables=(table,))


def _figures(metrics: Sheet, language: Language, *, first: Cell | None = None) -> tuple[Cell, ...]:
    cells = (
        count_cell(metrics["n"], language),
        number_cell(metrics["base_rate"], language),
        figure_cell(metrics["auc"], language, scale=AUC_SCALE),
        number_cell(metrics["average_precision"]["value"], language),
        number_cell(metrics["brier"]["value"], language, 4),
        figure_cell(metrics["capacity"]["precision"], language),
        number_cell(metrics["capacity"]["recall"]["value"], language),
    )
    return (first, *cells) if first else cells


def _name(candidate: Sheet, lead: Sheet, language: Language) -> Cell:
    note = word("kept", language) if candidate["name"] == lead["chosen"] else ""
    return Cell(word(candidate["name"], language), note=note, is_number=False)


def beside_section(lead: Sheet, language: Language) -> Section:
    """Set the chosen candidate against every other, by paired differences."""
    rows = tuple(
        Row(
            f"{word(pair['model'], language)} / {word(pair['other'], language)}",
            (
                figure_cell(pair["auc"], language, signed=True),
                figure_cell(pair["brier"], language, 4, signed=True),
                verdict_cell(pair["verdict"], word(pair["verdict"], language)),
            ),
        )
        for pair in lead["comparisons"]
    )
    columns = (word("model", language), "AUC", "Brier", word("verdict", language))
    table = Table(word("beside_caption", language), columns, rows)
    return Section("beside", word("beside", language), tables=(table,) if rows else ())


def held_section(lead: Sheet, language: Language) -> Section:
    """Say how the chosen candidate did in schools that its training never saw."""
    said = left_out_schools(lead.get("folds"), language)
    said = said or [_held(one, language) for one in lead["held_out"]] or [word("none_held", language)]
    return Section("held", word("held", language), paragraphs=tuple(said))


def _held(one: Sheet, language: Language) -> str:
    metrics, how = one["metrics"], f"{word(one['how'], language)}{word('colon', language)}"
    auc = figure(metrics["auc"], language=language)
    return f"{how}{one['n_schools']} (n = {_n(metrics['n'], language)}, AUC {auc})"


def calibration_section(lead: Sheet, language: Language) -> Section:
    """Show what was said and what came true, by tenths of estimated risk."""
    sheet = chosen_of(lead)["overall"]["calibration"]
    rows = tuple(
        Row(
            write_number(place, language),
            (
                count_cell(one["n"], language),
                number_cell(one["mean_risk"], language),
                number_cell(one["rate"], language),
            ),
        )
        for place, one in enumerate(sheet["bins"], start=1)
    )
    columns = tuple(word(name, language) for name in ("band", "n", "said_risk", "came_true"))
    told = {
        "slope": number(sheet["slope"], 2, language=language),
        "intercept": number(sheet["intercept"], language=language),
        "error": number(sheet["expected_error"], language=language),
    }
    return Section(
        "calibration",
        word("calibration_section", language),
        lead=word("calibration_lead", language).format(**told),
        paragraphs=tuple(calibration_lines(lead.get("calibration"), language)),
        tables=(Table(word("calibration_caption", language), columns, rows),) if rows else (),
    )


def _n(value: int, language: Language) -> str:
    return write_number(value, language)
