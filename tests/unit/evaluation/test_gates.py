"""A closed gate says why; what cannot be told passes and stands first on the card."""

from __future__ import annotations

from earlywarn.evaluation import (
    CardProse,
    Gates,
    GroupNames,
    card_markdown,
    closed_gates,
    sheet_table,
    unsure_of,
)
from tests.builders.sheets import good_sheet

GATES = Gates(("rules", "one_column"), calibrated_within_groups=True, largest_calibration_error=0.05)
WORDS = {"fr": "texte", "en": "text"}
PROSE = CardProse(WORDS, WORDS, WORDS)
NAMES = GroupNames(
    {"sex": {"fr": "sexe", "en": "sex"}}, {"sex": {"fr": {"F": "filles"}, "en": {"F": "girls"}}}
)


def test_a_good_model_meets_no_closed_gate() -> None:
    """Better than rules, calibrated, its card written."""
    assert closed_gates(good_sheet(), GATES, PROSE) == []


def test_a_model_that_rules_equal_is_refused() -> None:
    """An interval that cannot tell is no excuse for a value at or below the rules'."""
    closed = closed_gates(good_sheet(verdict="cannot tell", auc=-0.001), GATES, PROSE)

    assert closed == ["logistic does not beat rules (AUC -0.001 [-0.011, +0.009])"]


def test_a_group_whose_risks_are_no_rates_closes_the_gate() -> None:
    """Risks eight points too high for girls."""
    closed = closed_gates(good_sheet(group="outside"), GATES, PROSE)

    assert closed == ["its risks do not mean rates for sex = F (risk minus rate +0.080 [+0.060, +0.100])"]


def test_a_card_without_prose_closes_the_gate() -> None:
    """Every missing section is named, in both languages."""
    closed = closed_gates(good_sheet(), GATES, CardProse(WORDS, {"fr": "texte"}, WORDS))

    assert closed == ["the card lacks [card] not_for.en"]


def test_what_cannot_be_told_passes_and_stands_first_on_the_card() -> None:
    """The first section after the outcome lists it."""
    sheet = good_sheet(group="cannot tell")

    card = card_markdown(sheet, PROSE, NAMES)

    assert closed_gates(sheet, GATES, PROSE) == []
    assert unsure_of(sheet, NAMES) == ["sex: girls (n = 150): cannot tell (calibration)"]
    assert card.index("## Ce que les données ne permettent pas de dire") < card.index("## À quoi il sert")
    assert card.index("# Fiche du modèle") < card.index("# Model card")


def test_the_french_half_is_french() -> None:
    """Candidates, groups, held-out schools and figures are written as French writes them."""
    sheet = good_sheet(group="cannot tell")
    lead = sheet["backtests"][0]
    metrics = lead["candidates"][0]["overall"]
    lead["held_out"] = [{"how": "schools held out of training", "n_schools": 3, "metrics": metrics}]

    french, _, english = card_markdown(sheet, PROSE, NAMES).partition("\n---\n")

    assert "- sexe\u00a0: filles (n = 150)\u00a0: on ne peut pas trancher (justesse des risques)" in french
    assert "| régression logistique / règles | +0,050 [+0,040\u00a0; +0,060] | " in french
    assert "écoles gardées hors de l’apprentissage\u00a0: 3 (n = " in french
    assert "AUC 0,750 [0,700\u00a0; 0,800]" in french
    assert "par école, par année d’études et par moment\u00a0: " in french
    assert "per school, per grade and per moment: " in english
    assert [line for line in french.splitlines() if " :" in line or " ;" in line or " %" in line] == []
    assert " ; " not in english
    assert {"rules", "logistic"}.isdisjoint(french.split())


def test_an_undeclared_group_keeps_the_tables_words() -> None:
    """Without labels a group is named by its column and its value."""
    assert GroupNames().of("band", "10-20", "en") == "band: 10-20"


def test_the_table_shows_baselines_beside_the_chosen_model() -> None:
    """The chosen one carries a star; moments and the whole are printed."""
    lines = sheet_table(good_sheet()).splitlines()

    rows = [line.split()[:2] for line in lines if line.startswith(("30 ", "all "))]
    assert rows == [["30", "rules"], ["30", "logistic"], ["all", "rules"], ["all", "logistic"]]
    assert any("logistic *" in line for line in lines)
