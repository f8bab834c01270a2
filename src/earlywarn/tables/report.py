"""What an intake did with every row, by table and reason, for a school clerk.

It holds lines and counts, never values.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date

from earlywarn.domain import Language
from earlywarn.tables.drift import Finding

MAX_LINES = 1_000
_SHOWN = 5

_REASONS: dict[str, tuple[str, str]] = {
    "ragged": ("trop ou trop peu de cellules sur la ligne", "too many or too few cells on the line"),
    "odd_quotes": ("un guillemet n’est pas fermé", "a quote is not closed on the line"),
    "stray_quote": ("un guillemet au milieu d’une cellule", "a quote inside a cell"),
    "repeated_header": ("l’en-tête est répété", "the header is repeated"),
    "conflicting_key": (
        "deux lignes se contredisent pour la même clé",
        "rows of one key contradict each other",
    ),
    "repeated_row": ("ligne répétée", "the row is repeated"),
    "missing": ("valeur obligatoire absente", "a required value is missing"),
    "unknown_code": ("code inconnu de la table de codes", "the code is not in the code list"),
    "not_allowed": ("valeur qui n’est pas permise", "the value is not allowed"),
    "too_small": ("valeur sous le minimum", "the value is below the minimum"),
    "too_large": ("valeur au-dessus du maximum", "the value is above the maximum"),
    "not_an_integer": ("n’est pas un nombre entier", "not a whole number"),
    "not_a_number": ("n’est pas un nombre exact", "not an exact number"),
    "not_a_date": ("n’est pas une date dans un format déclaré", "not a date in a declared format"),
    "not_true_or_false": ("n’est ni vrai ni faux", "neither true nor false"),
    "not_a_code": ("n’est pas un code dans la forme déclarée", "not a code in the declared form"),
    "unknown_byte": (
        "un octet que l’encodage déclaré ne connaît pas",
        "a byte that the encoding does not know",
    ),
    "other_encoding": ("un texte dans un autre encodage que celui déclaré", "text in another encoding"),
    "decoded_twice": ("un texte décodé deux fois", "text that was decoded twice"),
    "lost_character": ("un caractère perdu par une conversion", "a character lost by a conversion"),
    "nul": ("un caractère nul", "a NUL character"),
    "stray_line_end": ("une fin de ligne au milieu de la ligne", "a line end inside the line"),
    "error_cell": ("la cellule montre une erreur (#N/A, #REF!)", "the cell shows an error (#N/A, #REF!)"),
    "no_cached_value": (
        "formule sans résultat enregistré : ouvrez le classeur dans Excel et enregistrez-le",
        "a formula without a saved result: open the workbook in Excel and save it",
    ),
    "number_too_long": (
        "nombre de 16 chiffres ou plus, dont Excel perd la fin : mettez la colonne en texte",
        "a number of 16 digits or more, whose end Excel loses: make the column text",
    ),
    "time_of_day": ("heure là où une date est attendue", "a time of day where a date is wanted"),
    "merged_cell": (
        "cellules fusionnées : la ligne n’a pas de valeur à elle",
        "merged cells: the line has no value of its own",
    ),
    "too_long": ("valeur trop longue", "the value is too long"),
    "unknown_reference": (
        "renvoie à une ligne que ni cet export ni un précédent ne donne",
        "refers to a row that neither this export nor an earlier one gives",
    ),
    "another_scale": ("le résultat n’est pas sur 100", "the mark is not out of 100"),
    "not_a_number_of_days": ("n’est pas un nombre de jours", "not a number of days"),
}
_HEADERS = {
    "fr": ("table", "lues", "nouvelles", "corrigées", "inchangées", "en attente", "doublons", "hors table"),
    "en": ("table", "read", "new", "superseding", "unchanged", "quarantined", "duplicates", "left out"),
}
_LEVELS = {
    "fr": {"stop": "arrêt", "warn": "à vérifier", "note": "à savoir"},
    "en": {"stop": "stop", "warn": "check", "note": "note"},
}
_REFUSED = {
    "fr": "Rien de ces fichiers n’a été enregistré ; les tables d’avant sont intactes.",
    "en": "Nothing of these files was stored; the earlier tables stand.",
}


@dataclass(frozen=True)
class Reason:
    """Why some rows of a file wait: the column, the reason, how many, and the first of their lines."""

    file: str
    column: str
    reason: str
    n_rows: int
    lines: tuple[int, ...]

    def sentence(self, language: Language) -> str:
        """Say the reason in words."""
        french, english = _REASONS.get(self.reason, (self.reason, self.reason))
        words = french if language == "fr" else english
        shown = ", ".join(str(line) for line in self.lines[:_SHOWN])
        more = ", …" if self.n_rows > _SHOWN else ""
        lines = {"fr": "lignes", "en": "lines"}[language]
        column = "" if self.column == "row" else f" [{self.column}]"
        return f"{self.file}{column}: {words}, {self.n_rows} ({lines} {shown}{more})"


@dataclass(frozen=True)
class LeftOut:
    """Rows of a file that are none of a table's, by a declared rule: how many, and their first lines."""

    file: str
    rule: str
    n_rows: int
    lines: tuple[int, ...]
    fr: str
    en: str

    def sentence(self, language: Language) -> str:
        """Say the rule in words."""
        words = {"fr": f"laissées de côté, {self.fr}", "en": f"left out, {self.en}"}[language]
        return f"{self.file}: {words}, {self.n_rows}"


@dataclass(frozen=True)
class TableIntake:
    """Every row read for one table, and where it went."""

    table: str
    n_read: int
    n_new: int = 0
    n_superseding: int = 0
    n_unchanged: int = 0
    n_quarantined: int = 0
    n_duplicates: int = 0
    n_deleted: int = 0
    n_gone: int = 0
    reasons: tuple[Reason, ...] = ()
    contradictions: tuple[tuple[str, int], ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def n_left_out(self) -> int:
        """Return how many rows of the files are none of the table's, by a declared rule."""
        return sum(rule.n_rows for rule in self.left_out)

    @property
    def n_accepted(self) -> int:
        """Return how many rows stand in the tables, now or already before."""
        return self.n_new + self.n_superseding + self.n_unchanged + self.n_deleted

    @property
    def conserves(self) -> bool:
        """Say whether every row read is accounted for, in total and reason by reason."""
        in_reasons = sum(reason.n_rows for reason in self.reasons)
        total = self.n_accepted + self.n_quarantined + self.n_duplicates + self.n_left_out
        return self.n_read == total and in_reasons == self.n_quarantined

    def counts(self) -> tuple[int, ...]:
        """Return the counts in the order of the printed table."""
        accepted = (self.n_new, self.n_superseding, self.n_unchanged)
        return (self.n_read, *accepted, self.n_quarantined, self.n_duplicates, self.n_left_out)


@dataclass(frozen=True)
class Refusal:
    """A source that could not be read exactly, so that nothing of its intake was stored."""

    file: str
    table: str
    what: str
    todo: str


@dataclass(frozen=True)
class IntakeReport:
    """One intake, table by table; `batch` is None where nothing new came, or where it was refused.

    `repeats` is the batch that was made from these very files, if there is one.
    """

    network: str
    batch: int | None
    received_on: date
    backfill: bool
    tables: tuple[TableIntake, ...]
    refusals: tuple[Refusal, ...] = ()
    findings: tuple[Finding, ...] = ()
    repeats: int | None = None
    sources: tuple[TableIntake, ...] = ()
    """The files of a OneRoster export: each row is told from what the last export said of it."""

    @property
    def is_refused(self) -> bool:
        """Say whether nothing was stored: a file could not be read, or a written rule of drift stops it."""
        return bool(self.refusals) or any(finding.level == "stop" for finding in self.findings)

    @property
    def n_quarantined(self) -> int:
        """Return how many rows wait to be mended."""
        return sum(table.n_quarantined for table in (*self.tables, *self.sources))

    def as_text(self, language: Language) -> str:
        """Return the report as a short table, with a line for each reason a row was held back."""
        shown = (*self.tables, *self.sources)
        rows = [_HEADERS[language], *((t.table, *map(str, t.counts())) for t in shown)]
        if not any(t.n_left_out for t in shown):
            rows = [row[:-1] for row in rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(
                [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
            )
            for row in rows
        ]
        for table in shown:
            lines += [f"  {table.table}: {rule.sentence(language)}" for rule in table.left_out]
            lines += [f"  {reason.sentence(language)}" for reason in table.reasons]
            lines += [f"  {table.table}: {name}, {count}" for name, count in table.contradictions if count]
        lines += [
            f"  [{_LEVELS[language][finding.level]}] {finding.table}: {finding.sentence(language)}"
            for finding in self.findings
        ]
        if self.is_refused:
            lines.append(_REFUSED[language])
        return "\n".join(lines)

    def as_json(self) -> bytes:
        """Return the report as stored; it holds no value of any row."""
        return json.dumps(
            {**asdict(self), "received_on": self.received_on.isoformat(), "is_refused": self.is_refused},
            indent=1,
            ensure_ascii=False,
        ).encode()
