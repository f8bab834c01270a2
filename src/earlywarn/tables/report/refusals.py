"""Say in French why a file was refused: the program's own sentences, matched by their form.

An error speaks English; a clerk reads French. A sentence that is not here is shown as it is, and a test names
every sentence of the readers that has no French.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from earlywarn.domain import Language

FRENCH: Mapping[str, str] = {
    # What is wrong
    "a quote is never closed": "un guillemet n’est jamais fermé",
    "the file cannot be opened": "le fichier ne s’ouvre pas",
    "the compressed file is damaged or cut short": "le fichier compressé est abîmé ou incomplet",
    "the file is UTF-8, not {}": "le fichier est en UTF-8, et non en {}",
    "line {} holds {}": "la ligne {} contient {}",
    "a NUL byte": "un octet nul",
    "a NUL character": "un caractère nul",
    "a byte that {} does not know": "un octet que {} ne connaît pas",
    "a character lost by an earlier conversion": "un caractère perdu lors d’une conversion antérieure",
    "text that was decoded twice": "du texte décodé deux fois",
    "a line end of another kind than the others": "une fin de ligne d’une autre sorte que les autres",
    "the file has no header": "le fichier n’a pas d’en-tête",
    "the file cannot be cut into cells": "le fichier ne se découpe pas en cellules",
    "the header has {}": "l’en-tête a {}",
    "{}; {}": "{} ; {}",
    "no column {}": "une colonne de moins : {}",
    "more than one column {}": "une colonne en double : {}",
    "unknown column {}": "une colonne inconnue : {}",
    "there is no file '{}' for table '{}'": "il n’y a pas de fichier « {} » pour la table « {} »",
    "the file cannot be read as Parquet: it is missing, damaged, or of another format": (
        "le fichier ne se lit pas comme du Parquet : il manque, est abîmé ou d’un autre format"
    ),
    "the file is not Parquet or is damaged": "le fichier n’est pas du Parquet, ou est abîmé",
    "a column cannot be written as text": "une colonne ne peut pas s’écrire en texte",
    "files received on {} come after those of {}": ("des fichiers reçus le {} arrivent après ceux du {}"),
    "rows were lost or invented on the way in; nothing was stored": (
        "des lignes ont été perdues ou inventées en chemin ; rien n’a été gardé"
    ),
    "a byte that the declared encoding does not know": "un octet que l’encodage déclaré ne connaît pas",
    "text in another encoding than the declared one": "du texte dans un autre encodage que celui déclaré",
    "line {} or one soon after holds {}": "la ligne {} ou une des suivantes contient {}",
    "a quote, a line end or a character out of place": (
        "un guillemet, une fin de ligne ou un caractère qui n’est pas à sa place"
    ),
    "line {} is a header of other columns: two files were glued": (
        "la ligne {} est un en-tête d’autres colonnes : deux fichiers ont été mis bout à bout"
    ),
    "a line is longer than {} MiB": "une ligne dépasse {} Mio",
    "lines and rows differ in number": "le nombre de lignes et celui des rangées diffèrent",
    "it holds no member '{}' for table '{}'": "il ne contient pas « {} » pour la table « {} »",
    "the compressed file asks for a password": "le fichier compressé demande un mot de passe",
    "the file is not a .zip file or is damaged": "le fichier n’est pas un .zip, ou est abîmé",
    "two members have one name": "deux fichiers y ont le même nom",
    "row {} is empty, and the header should stand there": (
        "la ligne {} est vide, et l’en-tête devrait s’y trouver"
    ),
    "several sheets hold rows: {}": "plusieurs feuilles contiennent des lignes : {}",
    "no sheet that is shown holds rows; the sheets are: {}": (
        "aucune feuille visible ne contient de lignes ; les feuilles sont : {}"
    ),
    "column '{}' holds values of type {}, not text": (
        "la colonne « {} » contient des valeurs de type {}, et non du texte"
    ),
    "this intake reads files only, and the mapping names a view": (
        "cette réception ne lit que des fichiers, et la correspondance nomme une vue"
    ),
    "{}, as most such lines do": "{}, comme la plupart des lignes de cette sorte",
    "{} ({})": "{} ({})",
    # What to do
    "export the file again": "exporter le fichier de nouveau",
    "export the file again, or declare its encoding": (
        "exporter le fichier de nouveau, ou déclarer son encodage"
    ),
    "check that it is there and readable": "vérifier qu’il est là et lisible",
    "copy it again": "le copier de nouveau",
    "declare its true encoding": "déclarer son véritable encodage",
    "check the separator and the quotes": "vérifier le séparateur et les guillemets",
    "map the column in extracts.toml, or list it under ignore": (
        "déclarer la colonne dans extracts.toml, ou l’y nommer sous « ignore »"
    ),
    "add the file, or declare the extract optional": (
        "ajouter le fichier, ou le déclarer facultatif (optional)"
    ),
    "declare its true encoding, or export it again": (
        "déclarer son véritable encodage, ou l’exporter de nouveau"
    ),
    "check that it is text": "vérifier que c’est bien du texte",
    "cut the file there, and give both files": "couper le fichier à cet endroit et donner les deux",
    "export the file again, or do without quoted_newlines: then only such lines wait": (
        "exporter le fichier de nouveau, ou retirer quoted_newlines : seules ces lignes attendront alors"
    ),
    "mend member in extracts.toml": "corriger member dans extracts.toml",
    "pack the files again": "refaire le fichier compressé",
    "save it without one": "l’enregistrer sans mot de passe",
    "run earlywarn ingest": "lancer earlywarn ingest",
    "report this defect": "signaler ce défaut du programme",
    "cast it to text in the view, or leave it out": "la convertir en texte dans la vue, ou la retirer",
    "correct sheet in extracts.toml": "corriger sheet dans extracts.toml",
    "export it again, or name one by sheet": "l’exporter de nouveau, ou en nommer une par sheet",
    "name one by sheet in extracts.toml": "en nommer une par sheet dans extracts.toml",
    "give its row by header_row in extracts.toml": "donner sa ligne par header_row dans extracts.toml",
    "map other columns": "déclarer d’autres colonnes",
    "give the day they were received": "donner le jour où ils ont été reçus",
    "report this as a defect": "signaler ce défaut du programme",
}


def refusal_text(english: str, language: Language) -> str:
    """Return a refusal's sentence in a language; as it is where nobody translated it.

    >>> refusal_text("line 3 holds a NUL byte", "fr")
    'la ligne 3 contient un octet nul'
    """
    return english if language == "en" else _in_french(english)


def has_french(english: str) -> bool:
    """Say whether a sentence, or one of its form, has its French."""
    return any(form.fullmatch(english) for form, _ in _forms())


def _in_french(text: str) -> str:
    if text in FRENCH:
        return FRENCH[text]
    for form, french in _forms():
        if found := form.fullmatch(text):
            # What stands in a sentence's places may be a sentence of ours itself.
            return french.format(*(_in_french(part) for part in found.groups()))
    return text


@cache
def _forms() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL), french)
        for english, french in FRENCH.items()
    )
