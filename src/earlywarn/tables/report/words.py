"""Why rows wait, and what a clerk does about it, in French and English.

A reason that is not here is shown by its code; a test asks that every code that intake gives has its words.
"""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earlywarn.domain import Language


@dataclass(frozen=True)
class Words:
    """One thing said in both languages, with what to do about it."""

    french: str
    english: str
    todo_french: str
    todo_english: str

    def text(self, language: Language) -> str:
        """Say what is the matter."""
        return self.french if language == "fr" else self.english

    def todo(self, language: Language) -> str:
        """Say what to do."""
        return self.todo_french if language == "fr" else self.todo_english


def reason_words(code: str) -> Words:
    """Return the words of a reason; its own code where nobody wrote any."""
    bare = code.replace("_", " ")
    return REASONS.get(code) or Words(
        bare,
        bare,
        "Corriger ces lignes dans le système d’origine et exporter de nouveau.",
        "Correct these lines in the source system and export again.",
    )


_EXPORT_AGAIN = (
    "Exporter de nouveau ; si cela persiste, signaler ces lignes au fournisseur du système.",
    "Export again; if it persists, report these lines to the system’s supplier.",
)
_MEND_CELL = (
    "Corriger la cellule dans le système d’origine et exporter de nouveau.",
    "Correct the cell in the source system and export again.",
)
_MEND_NUMBER = (
    "Écrire un nombre, avec la décimale que prévoit la correspondance ; laisser vide s’il n’y en a pas.",
    "Write a number with the decimal mark that the mapping declares; leave it empty where there is none.",
)
_CHECK_LIMIT = (
    "Vérifier la saisie, et l’unité : un pourcentage n’est pas une part, une heure n’est pas une journée.",
    "Check the entry, and the unit: a percentage is not a share, an hour is not a day.",
)
_ENCODING = (
    "Déclarer le véritable encodage du fichier, ou l’exporter de nouveau ; un nom abîmé ne se répare pas.",
    "Declare the file’s true encoding, or export it again; a garbled name cannot be mended.",
)
_SENDER = (
    "Signaler ces lignes à qui tient le système qui les envoie.",
    "Report these lines to whoever runs the system that sends them.",
)

REASONS: Mapping[str, Words] = {
    "ragged": Words(
        "trop ou trop peu de cellules sur la ligne",
        "too many or too few cells on the line",
        "Chercher sur la ligne un séparateur de trop ou qui manque (souvent dans une remarque), puis exporter de nouveau.",
        "Look on the line for a separator too many or missing (often in a comment), then export again.",
    ),
    "odd_quotes": Words("un guillemet n’est pas fermé", "a quote is not closed on the line", *_EXPORT_AGAIN),
    "stray_quote": Words("un guillemet au milieu d’une cellule", "a quote inside a cell", *_EXPORT_AGAIN),
    "repeated_header": Words(
        "l’en-tête est répété",
        "the header is repeated",
        "Rien à corriger si deux fichiers ont été mis bout à bout ; les donner plutôt séparément.",
        "Nothing to correct if two files were glued together; give them apart instead.",
    ),
    "conflicting_key": Words(
        "deux lignes se contredisent pour la même clé",
        "rows of one key contradict each other",
        "Garder la bonne ligne dans le système d’origine et supprimer l’autre ; personne ne choisit à votre place.",
        "Keep the right row in the source system and remove the other; nobody chooses for you.",
    ),
    "repeated_row": Words(
        "ligne répétée",
        "the row is repeated",
        "Supprimer la répétition dans le système d’origine.",
        "Remove the repetition in the source system.",
    ),
    "missing": Words(
        "valeur obligatoire absente",
        "a required value is missing",
        "Remplir la cellule dans le système d’origine et exporter de nouveau.",
        "Fill the cell in the source system and export again.",
    ),
    "unknown_code": Words(
        "code inconnu de la table de codes",
        "the code is not in the code list",
        "Si le code est une faute, le corriger ; s’il est nouveau et voulu, le déclarer dans extracts.toml.",
        "If the code is a mistake, correct it; if it is new and wanted, declare it in extracts.toml.",
    ),
    "not_allowed": Words(
        "valeur qui n’est pas permise",
        "the value is not allowed",
        "Si la valeur est une faute, la corriger ; si elle est voulue, l’ajouter dans contract.toml.",
        "If the value is a mistake, correct it; if it is wanted, add it to contract.toml.",
    ),
    "too_small": Words("valeur sous le minimum", "the value is below the minimum", *_CHECK_LIMIT),
    "too_large": Words("valeur au-dessus du maximum", "the value is above the maximum", *_CHECK_LIMIT),
    "not_an_integer": Words("n’est pas un nombre entier", "not a whole number", *_MEND_CELL),
    "not_a_number": Words("n’est pas un nombre exact", "not an exact number", *_MEND_NUMBER),
    "not_a_date": Words(
        "n’est pas une date dans un format déclaré",
        "not a date in a declared format",
        "Corriger la date ; si tout le fichier écrit ses dates autrement, déclarer ce format dans extracts.toml.",
        "Correct the date; if the whole file writes its dates otherwise, declare that format in extracts.toml.",
    ),
    "not_true_or_false": Words("n’est ni vrai ni faux", "neither true nor false", *_MEND_CELL),
    "not_a_number_of_days": Words("n’est pas un nombre de jours", "not a number of days", *_MEND_CELL),
    # Lines that cannot be read exactly
    "unknown_byte": Words(
        "un octet que l’encodage déclaré ne connaît pas", "a byte that the encoding does not know", *_ENCODING
    ),
    "other_encoding": Words(
        "un texte dans un autre encodage que celui déclaré", "text in another encoding", *_ENCODING
    ),
    "decoded_twice": Words("un texte décodé deux fois", "text that was decoded twice", *_ENCODING),
    "lost_character": Words(
        "un caractère perdu par une conversion", "a character lost by a conversion", *_ENCODING
    ),
    "garbled_text": Words(
        "lettres abîmées par une conversion antérieure",
        "letters garbled by an earlier conversion",
        *_ENCODING,
    ),
    "half_character": Words("la moitié d’un caractère", "half of a character", *_SENDER),
    "nul": Words("un caractère nul", "a NUL character", *_EXPORT_AGAIN),
    "nul_character": Words("caractère NUL dans la cellule", "a NUL character in the cell", *_EXPORT_AGAIN),
    "stray_line_end": Words(
        "une fin de ligne au milieu de la ligne", "a line end inside the line", *_EXPORT_AGAIN
    ),
    "too_long": Words("trop long", "too long", *_EXPORT_AGAIN),
    # Workbooks
    "error_cell": Words(
        "la cellule montre une erreur (#N/A, #REF!)",
        "the cell shows an error (#N/A, #REF!)",
        "Corriger la formule dans le classeur.",
        "Correct the formula in the workbook.",
    ),
    "no_cached_value": Words(
        "formule sans résultat enregistré",
        "a formula without a saved result",
        "Ouvrir le classeur dans Excel et l’enregistrer.",
        "Open the workbook in Excel and save it.",
    ),
    "number_too_long": Words(
        "nombre de 16 chiffres ou plus, dont Excel perd la fin",
        "a number of 16 digits or more, whose end Excel loses",
        "Mettre la colonne en texte et exporter de nouveau.",
        "Make the column text and export again.",
    ),
    "time_of_day": Words(
        "heure là où une date est attendue", "a time of day where a date is wanted", *_MEND_CELL
    ),
    "merged_cell": Words(
        "cellules fusionnées : la ligne n’a pas de valeur à elle",
        "merged cells: the line has no value of its own",
        "Défaire la fusion et remplir chaque ligne.",
        "Undo the merge and fill every line.",
    ),
    # Exports of systems
    "unknown_reference": Words(
        "renvoie à une ligne que ni cet export ni un précédent ne donne",
        "refers to a row that neither this export nor an earlier one gives",
        *_EXPORT_AGAIN,
    ),
    "another_scale": Words("le résultat n’est pas sur 100", "the mark is not out of 100", *_CHECK_LIMIT),
    "not_a_code": Words(
        "n’est pas un code dans la forme déclarée", "not a code in the declared form", *_MEND_CELL
    ),
    "not_an_object": Words("la ligne n’est pas un objet JSON", "the line is not one JSON object", *_SENDER),
    "repeated_name": Words(
        "un nom est donné deux fois sur la ligne", "a name stands twice on the line", *_SENDER
    ),
    "unknown_name": Words(
        "un nom que la table ne connaît pas", "a name that the table does not have", *_SENDER
    ),
    "missing_name": Words(
        "un nom manque sur la ligne (écrire null où il n’y a rien)",
        "a name is missing on the line (write null where there is nothing)",
        *_SENDER,
    ),
    "nested_value": Words("une liste ou un objet comme valeur", "a list or an object as a value", *_SENDER),
    "not_finite": Words(
        "NaN ou infini, qui n’est pas du JSON", "NaN or infinity, which is no JSON", *_SENDER
    ),
    "not_text": Words(
        "un nombre ou un booléen où un texte est attendu",
        "a number or true/false where text is due",
        *_SENDER,
    ),
}
