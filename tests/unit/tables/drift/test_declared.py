"""A network says by TOML which rules stop, warn or rest, for an extract or for one column."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from earlywarn.errors import DeclarationError, ExtractError
from tests.builders.drift import (
    CONTRACT,
    EXTRACTS,
    FIRST,
    Change,
    cells,
    month,
    named,
    only,
    renamed,
    visits,
    without,
    written,
)
from tests.builders.intake import declare

EMPTY_NOTES: Change = cells("Remarque", lambda _, __: "")


@pytest.mark.parametrize(
    ("defaults", "own", "expected"),
    [
        ("", "", "stop"),
        ("", '[extract.drift]\nall_empty = "warn"', "warn"),
        ("", '[extract.drift]\nall_empty = "off"', None),
        ("", "[extract.drift]\nall_empty = { expected = 300 }", "warn"),
        ("", "[extract.drift]\nmin_rows = 500", "warn"),
        ("", '[extract.drift.columns.note]\nall_empty = "off"', None),
        ("", '[extract.drift.columns.mark]\nall_empty = "off"', "stop"),
        ('[defaults.drift]\nall_empty = "warn"', "", "warn"),
        ('[defaults.drift]\nall_empty = "note"', '[extract.drift.columns.note]\nemptier = "off"', "note"),
        (
            "[defaults.drift]\nall_empty = { level = 'off', expected = 5 }",
            "[extract.drift]\nall_empty = 'stop'",
            "stop",
        ),
    ],
)
def test_a_rule_is_declared_for_all_for_one_extract_or_for_one_column(
    tmp_path: Path, defaults: str, own: str, expected: str | None
) -> None:
    """The nearest declaration wins, key by key; what nobody declares is the default."""
    extracts = EXTRACTS.replace("[[extract]]", f"{defaults}\n\n[[extract]]") + f"\n{own}\n"
    network = visits(tmp_path, n_months=1, extracts=extracts)

    report = network.take_in(EMPTY_NOTES)

    assert named(report).get("visits.note:all_empty") == expected


def test_an_optional_column_may_be_gone(tmp_path: Path) -> None:
    """Its first absence is a warning, the next ones are nothing, and its rows are empty."""
    extracts = EXTRACTS.replace('note = "Remarque"', 'note = { from = "Remarque", optional = true }')
    network = visits(tmp_path, n_months=1, extracts=extracts)

    first, second = network.take_in(without("Remarque")), network.take_in(without("Remarque"))

    assert (named(first), named(second)) == ({"visits.note:dropped": "warn"}, {})
    assert network.network.rows("SELECT count(note) FROM versions.visits WHERE batch > 1") == [(0,)]


def test_a_file_without_any_of_its_many_optional_columns_has_its_header(tmp_path: Path) -> None:
    """Only columns that must be there tell that a header is lost."""
    names = ("Nom", "Date de saisie", "Départ", "Local", "Durée (jours)", "Résultat (%)", "Visites", "Retard")
    extracts = EXTRACTS
    for name in (*names, "Remarque"):
        extracts = extracts.replace(f'= "{name}"', f'= {{ from = "{name}", optional = true }}')
    network = visits(tmp_path, n_months=1, extracts=extracts)

    report = network.take_in(
        lambda columns: {name: texts for name, texts in columns.items() if name not in names}
    )

    assert (report.batch, set(named(report).values()), len(report.findings)) == (2, {"warn"}, len(names))


def test_an_optional_column_under_another_name_is_stopped(tmp_path: Path) -> None:
    """What may be gone may not vanish because somebody renamed it, even where others are ignored."""
    extracts = EXTRACTS.replace('note = "Remarque"', 'note = { from = "Remarque", optional = true }').replace(
        'file = "visites_*.csv"', 'file = "visites_*.csv"\nignore = ["*"]'
    )
    network = visits(tmp_path, n_months=1, extracts=extracts)

    report = network.take_in(renamed("Remarque", "Remarques"))

    assert named(report) == {"visits.note:renamed": "stop"}


def test_unknown_columns_may_be_declared_a_warning(tmp_path: Path) -> None:
    """They are warned of once, when they come, and never read."""
    network = visits(tmp_path, n_months=1, extracts=EXTRACTS + '\n[extract.drift]\nadded = "warn"\n')
    change: Change = lambda columns: {**columns, "Sexe": ["F"] * len(columns["Nom"])}  # noqa: E731

    first, second = network.take_in(change), network.take_in(change)

    assert (named(first), named(second)) == ({"visits:added": "warn"}, {})
    assert second.tables[0].n_new == 400


def test_a_first_file_with_another_header_is_the_mapping_s_fault(tmp_path: Path) -> None:
    """Nothing can have changed where nothing was read before: the mapping is to be mended."""
    network = visits(tmp_path, n_months=0)

    with pytest.raises(ExtractError, match="the header has no column 'Remarque'"):
        network.take_in(without("Remarque"))


def test_each_supplier_s_files_are_compared_with_their_own(tmp_path: Path) -> None:
    """Where two extracts feed one table, a change in the smaller one does not drown in the other."""
    head, _, block = EXTRACTS.partition("[[extract]]")
    blocks = [block.replace("visites_*.csv", f"{name}_*.csv") for name in ("nord", "sud")]
    extracts = head + "".join(f"[[extract]]{one}" for one in blocks)
    network = declare(tmp_path, CONTRACT, extracts)
    rng, reports = np.random.default_rng(1), []
    for number in range(2):
        north, south = (month(rng, number, n_rows=n_rows) for n_rows in (1_000, 100))
        south["Code permanent"] = [f"{code}S" for code in south["Code permanent"]]
        files = {"nord_1.csv": written(north), "sud_1.csv": written(EMPTY_NOTES(south) if number else south)}
        day = FIRST + timedelta(days=30 * number + 40)
        reports.append(network.take_in(files, received_on=day, backfill=False))

    assert [named(report) for report in reports] == [{}, {"visits.note:all_empty": "stop"}]
    assert dict(only(reports[1]).figures)["extract"] == "sud_*.csv"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "",
            "[extract.drift.columns.notes]\nemptier = 'off'",
            "drift for 'notes', which no file column gives",
        ),
        ("", "[extract.drift]\nempty = 'off'", "unknown key 'empty'"),
        ("", "[extract.drift]\nemptier = 'never'", "Input should be 'stop', 'warn', 'note' or 'off'"),
        ("", "[extract.drift.columns.note]\nfewer_rows = 'off'", "unknown key 'fewer_rows'"),
        (
            'school_id = "École"',
            'school_id = { from = "École", optional = true }',
            "'school_id' is required, so no file may be without it",
        ),
        ("", "[extract.drift]\ndropped = 'warn'", "'student_id' is required, so no file may be without it"),
    ],
)
def test_a_rule_that_cannot_be_is_a_problem_with_its_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """A misspelled rule would watch nothing."""
    extracts = EXTRACTS.replace(old, new) if old else EXTRACTS + "\n" + new + "\n"

    with pytest.raises(DeclarationError) as caught:
        visits(tmp_path, n_months=1, extracts=extracts)

    assert problem in str(caught.value)
