"""Each written rule of drift, planted in a file and taken in by the public verb."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.drift import (
    EXTRACTS,
    Change,
    Visits,
    cells,
    copied,
    first_rows,
    named,
    only,
    renamed,
    visits,
    without,
)

NO_BREAK = "\u00a0"


def _scaled(name: str, factor: float) -> Change:
    return cells(
        name,
        lambda _, text: (
            f"{float(text.replace(',', '.')) * factor:.4f}".rstrip("0").rstrip(".").replace(".", ",")
        ),
    )


def _every(n: int, name: str, value: str) -> Change:
    return cells(name, lambda row, text: value if row % n == 0 else text)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Visits:
    """Return the network after two months; tests copy it."""
    return visits(tmp_path_factory.mktemp("built"))


@pytest.fixture
def network(built: Visits, tmp_path: Path) -> Visits:
    """Return the network after two months, for one test."""
    return copied(built, tmp_path)


STOPS: dict[str, tuple[Change, str, str, str]] = {
    "a near name": (
        renamed("Durée (jours)", "Duree_jours"),
        "visits.days:renamed",
        "la colonne « Durée (jours) » manque, et « Duree_jours » (place 9) semble la remplacer. Si c’est la "
        'même donnée, écrire days = "Duree_jours"',
        "column “Durée (jours)” is missing, and “Duree_jours” (place 9) seems to stand for it.",
    ),
    "another name in its place": (
        renamed("Visites", "Nombre"),
        "visits.n_visits:renamed",
        # A title that resembles none declared could be somebody's name: its place says which it is.
        "la colonne « Visites » manque, et « … » (place 11)",
        'write n_visits = "…" in extracts.toml',
    ),
    "a column dropped": (
        without("Remarque"),
        "visits.note:dropped",
        "la colonne « Remarque » manque. Redemander une exportation complète, avec cette colonne ; si elle "
        'ne viendra plus, écrire note = { from = "Remarque", optional = true } dans extracts.toml. Si le '
        'changement est voulu, relancer avec --accept-drift "visits.note:dropped".',
        'If the change is meant, run again with --accept-drift "visits.note:dropped".',
    ),
    "a required column dropped": (
        without("École"),
        "visits.school_id:dropped",
        "la colonne « École » manque. Redemander une exportation complète, avec cette colonne.",
        "column “École” is missing. Ask for a whole export, with this column.",
    ),
    "a column added": (
        lambda columns: {**columns, "Sexe": ["F"] * len(columns["Nom"])},
        "visits:added",
        "colonnes que rien ne nomme, 1 (place 14) : ….",
        "Map them to a column of the contract in extracts.toml, or list them under ignore.",
    ),
    "dates written in another way": (
        cells("Date", lambda _, text: text.replace("/", "-")),
        "visits.happened_on:retyped",
        "« Date » : 400 cellules sur 400 (100 %) ne se lisent plus comme une date ; d’habitude 0 %.",
        "no longer read as a date; 0% as a rule. Check the column in the export",
    ),
    "words among numbers": (
        _every(4, "Visites", "plusieurs"),
        "visits.n_visits:retyped",
        "100 cellules sur 400 (25 %) ne se lisent plus comme un nombre entier",
        "100 cells of 400 (25%) no longer read as a whole number",
    ),
    "percent turned to shares": (
        _scaled("Résultat (%)", 0.01),
        "visits.mark:unit_changed",
        "La médiane de la colonne « Résultat (%) » est 0,7",
        "Check the unit in the export (percent, days, hours or minutes, for example).",
    ),
    "days turned to minutes, over the declared limits": (
        _scaled("Durée (jours)", 5),
        "visits.days:unit_changed",
        "sont hors des limites déclarées ; d’habitude 0 %. Vérifier l’unité dans l’exportation",
        "are outside the declared limits; 0% as a rule. Check the unit in the export",
    ),
    "a third of the codes not in the list": (
        _every(3, "Motif", "X"),
        "visits.category:new_category",
        "un code qui n’est pas dans la liste, dans 134 cellules sur 400 (33,5 %). Demander à l’école "
        "ce que ce code veut dire, puis l’ajouter sous [extract.codes.category].",
        "a code that is not in the list, in 134 cells of 400 (33.5%).",
    ),
    "a third of the codes new where nothing lists them": (
        _every(3, "Local", "Z9"),
        "visits.room:new_category",
        "codes jamais vus jusqu’ici, 1 (134 cellules sur 400, 33,5 %)",
        "codes never seen before, 1 (134 cells of 400, 33.5%)",
    ),
    "a column that had values": (
        cells("Remarque", lambda _, __: ""),
        "visits.note:all_empty",
        "La colonne « Remarque » est vide ; d’habitude",
        "of its cells are filled. Ask for the export with this column.",
    ),
    "lines that are no rows": (
        cells("Remarque", lambda row, text: text + ";x" * (row % 4 == 0)),
        "visits:broken_lines",
        "100 lignes sur 400 (25 %) ne se découpent pas en cellules ; d’habitude 0 %. Vérifier le séparateur",
        "100 lines of 400 (25%) cannot be cut into cells; 0% as a rule. Check the separator and the quotes",
    ),
}

WARNINGS: dict[str, tuple[Change, str, str, str]] = {
    "a few codes not in the list": (
        _every(50, "Motif", "X"),
        "visits.category:new_category",
        "un code qui n’est pas dans la liste, dans 8 cellules sur 400 (2 %).",
        "a code that is not in the list, in 8 cells of 400 (2%).",
    ),
    "a listed code that was never seen": (
        _every(3, "Motif", "A"),
        "visits.category:new_category",
        "permis, mais jamais vu jusqu’ici, other (134 cellules, 33,5 %)",
        "allowed but never seen before, other (134 cells, 33.5%)",
    ),
    "a few new codes where nothing lists them": (
        _every(30, "Local", "Z9"),
        "visits.room:new_category",
        "codes jamais vus jusqu’ici, 1 (14 cellules sur 400, 3,5 %)",
        "codes never seen before, 1 (14 cells of 400, 3.5%)",
    ),
    "half the cells empty": (
        _every(2, "Résultat (%)", ""),
        "visits.mark:emptier",
        "La colonne « Résultat (%) » est vide dans 50 % des lignes ; d’habitude dans 0 %.",
        "is empty in 50% of the rows; in 0% as a rule.",
    ),
    "one value for all": (
        cells("Retard", lambda _, __: "0"),
        "visits.is_late:constant",
        "La colonne « Retard » ne contient plus qu’une seule valeur (400 cellules).",
        "Column “Retard” holds a single value now (400 cells).",
    ),
    "one school for all": (
        cells("École", lambda _, __: "001"),
        "visits.school_id:constant",
        "La colonne « École » ne contient plus qu’une seule valeur",
        "Check that the export does not fill in a default.",
    ),
    "a date to come": (
        _every(400, "Date de saisie", "01/01/2062"),
        "visits.recorded_on:dates_out_of_range",
        "va jusqu’au 2062-01-01, après le jour de la réception (2024-12-05).",
        "goes up to 2062-01-01, after the day received (2024-12-05).",
    ),
    "a date of long ago": (
        _every(400, "Date", "03/09/1924"),
        "visits.happened_on:dates_out_of_range",
        "remonte au 1924-09-03 ; jusqu’ici elle ne remontait qu’au 2024-09-01.",
        "goes back to 1924-09-03; so far it went back to 2024-09-01 only.",
    ),
    "half the rows, of files that are no complete export": (
        first_rows(190),
        "visits:fewer_rows",
        "visites_*.csv : 190 lignes, contre 400 d’habitude. Vérifier que rien ne manque",
        "visites_*.csv: 190 rows, and 400 as a rule. Check that nothing is missing",
    ),
    "a column revealed later, empty for a time": (
        cells("Départ", lambda _, __: ""),
        "visits.left_on:all_empty",
        "La colonne « Départ » est vide ; d’habitude",
        "Column “Départ” is empty; as a rule",
    ),
}


@pytest.mark.parametrize("planted", STOPS)
def test_a_drifted_file_is_stopped_with_its_rule_in_words(network: Visits, planted: str) -> None:
    """What the rule names, and nothing else, stops the intake, in French and English, with what to do."""
    change, name, french, english = STOPS[planted]

    report = network.take_in(change)

    assert (report.is_refused, named(report)) == (True, {name: "stop"})
    assert french in only(report).sentence("fr").replace(NO_BREAK, " ")
    assert english in only(report).sentence("en")


@pytest.mark.parametrize("planted", WARNINGS)
def test_a_lesser_change_is_warned_of_and_taken_in(network: Visits, planted: str) -> None:
    """A warning says what to check; the rows are stored."""
    change, name, french, english = WARNINGS[planted]

    report = network.take_in(change)

    assert (report.batch, named(report)) == (3, {name: "warn"})
    assert french in only(report).sentence("fr").replace(NO_BREAK, " ")
    assert english in only(report).sentence("en")


def test_small_whole_numbers_turned_to_shares_are_stopped(tmp_path: Path) -> None:
    """Where the usual median is over 2, values that all lie between 0 and 1 are another unit."""
    extracts = EXTRACTS.replace('"Résultat (%)"', '"Cote"')
    network = visits(tmp_path, n_months=0, extracts=extracts)
    change = renamed("Résultat (%)", "Cote")
    for _ in range(2):
        network.take_in(lambda columns: change(_scaled("Résultat (%)", 0.1)(columns)))

    report = network.take_in(lambda columns: change(_scaled("Résultat (%)", 0.01)(columns)))

    assert named(report) == {"visits.mark:unit_changed": "stop"}
    assert (
        only(report)
        .sentence("en")
        .startswith("Column “Cote” holds only values between 0 and 1; as a rule its median is 7.")
    )


def test_columns_in_another_order_are_a_note(network: Visits) -> None:
    """They are read by name: nothing to do, and nothing changes."""
    report = network.take_in(lambda columns: dict(reversed(columns.items())))

    assert (report.batch, named(report)) == (3, {"visits:reordered": "note"})
    assert report.tables[0].n_new == 400


def test_a_complete_export_of_half_the_rows_is_stopped(tmp_path: Path) -> None:
    """Rows that are not in a complete export would be taken for gone."""
    extracts = EXTRACTS.replace('file = "visites_*.csv"', 'file = "visites_*.csv"\ncomplete = true')
    network = visits(tmp_path, extracts=extracts)

    report = network.take_in(first_rows(190))

    assert named(report) == {"visits:fewer_rows": "stop"}
    assert only(report).sentence("en").startswith("visites_*.csv: 190 rows, and 400 last time.")


def test_three_times_the_rows_are_warned_of(network: Visits) -> None:
    """An export that repeats rows, or covers another time, is looked at."""
    report = network.take_in(n_rows=1_300)

    assert named(report) == {"visits:more_rows": "warn"}


def test_history_says_nothing_of_the_number_of_rows_after_it(tmp_path: Path) -> None:
    """Years loaded at the start are no measure for the month that follows."""
    network = visits(tmp_path, n_months=0)
    network.take_in(n_rows=4_000, backfill=True)

    report = network.take_in()

    assert named(report) == {}


def test_a_file_that_lost_its_header_shows_no_cell_of_its_first_row(network: Visits) -> None:
    """Where most columns are missing the first line may be somebody's row."""
    content = "CANARYCODE;Tremblay;001;02/12/2024;02/12/2024;;M;L1;1;70;3;0;seen\n" * 60

    report = network.take_in_text(content)

    assert named(report) == {"visits:dropped": "stop"}
    assert "la première ligne n’est peut-être plus l’en-tête" in only(report).sentence("fr")
    assert "CANARYCODE" not in report.as_json().decode() + report.as_text("fr") + report.as_text("en")


def test_a_small_file_warns_where_a_large_one_would_stop(network: Visits) -> None:
    """A few rows of a correction prove nothing about a share."""
    report = network.take_in(
        lambda columns: cells("Date", lambda _, text: text.replace("/", "-"))(first_rows(49)(columns))
    )

    assert not report.is_refused
    assert named(report)["visits.happened_on:retyped"] == "warn"


def test_first_files_are_compared_with_nothing(tmp_path: Path) -> None:
    """Only what needs no past is found: empty, single-valued, or in the future."""
    network = visits(tmp_path, n_months=0)

    report = network.take_in(
        lambda columns: {
            **columns,
            "Retard": ["0"] * 400,
            "Remarque": [""] * 400,
            "Date de saisie": ["01/01/2062"] * 400,
        }
    )

    assert named(report) == {
        "visits.is_late:constant": "warn",
        "visits.note:all_empty": "warn",
        "visits.recorded_on:dates_out_of_range": "warn",
    }


def test_first_files_without_a_required_value_are_stopped(tmp_path: Path) -> None:
    """No row could be accepted: the mapping or the export is wrong."""
    network = visits(tmp_path, n_months=0)

    report = network.take_in(cells("École", lambda _, __: ""))

    assert named(report) == {"visits.school_id:all_empty": "stop"}
