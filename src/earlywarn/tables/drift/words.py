"""Say each finding of drift in French and English: what differs, and what to do about it.

`~` stands for a no-break space, so that it can be seen here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from earlywarn.domain import Language

NO_BREAK = "\u00a0"
_ONE = re.compile(r"\b1([ \u00a0])(cellule|ligne|valeur|cell|row|line|value)s\b")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")

# By rule, or by rule and case: what differs (French, English), then what to do (French, English).
_WORDS: dict[str, tuple[str, str, str, str]] = {
    "renamed": (
        "{file}~: la colonne «~{source}~» manque, et «~{candidate}~» (place~{place}) semble la remplacer.",
        "{file}: column “{source}” is missing, and “{candidate}” (place {place}) seems to stand for it.",
        'Si c’est la même donnée, écrire {column} = "{candidate}" dans extracts.toml, sous les colonnes de '
        "l’extrait {extract}~; sinon, mettre la nouvelle colonne sous ignore.",
        'If it is the same fact, write {column} = "{candidate}" in extracts.toml, among the columns of '
        "extract {extract}; if not, list the new column under ignore.",
    ),
    "dropped": (
        "{file}~: la colonne «~{source}~» manque.",
        "{file}: column “{source}” is missing.",
        "Redemander une exportation complète, avec cette colonne.",
        "Ask for a whole export, with this column.",
    ),
    "dropped:unneeded": (
        "{file}~: la colonne «~{source}~» manque.",
        "{file}: column “{source}” is missing.",
        "Redemander une exportation complète, avec cette colonne~; si elle ne viendra plus, écrire "
        '{column} = {{ from = "{source}", optional = true }} dans extracts.toml.',
        "Ask for a whole export, with this column; if it will not come any more, write "
        '{column} = {{ from = "{source}", optional = true }} in extracts.toml.',
    ),
    "dropped:optional": (
        "{file}~: la colonne «~{source}~» manque~; elle était là la fois passée, et elle est facultative.",
        "{file}: column “{source}” is missing; it was there last time, and it is optional.",
        "Vérifier auprès de l’école que c’est voulu.",
        "Ask the school whether this is meant.",
    ),
    "dropped:no_header": (
        "{file}~: {n} des colonnes attendues manquent~; la première ligne n’est peut-être plus l’en-tête.",
        "{file}: {n} of the columns expected are missing; the first line may no longer be the header.",
        "Redemander l’exportation avec sa ligne d’en-tête, et vérifier que c’est le bon fichier.",
        "Ask for the export with its header line, and check that it is the right file.",
    ),
    "added": (
        "{file}~: colonnes que rien ne nomme, {n} (place {places})~: {names}.",
        "{file}: columns that nothing names, {n} (place {places}): {names}.",
        "Les associer à une colonne du contrat dans extracts.toml, ou les mettre sous ignore.",
        "Map them to a column of the contract in extracts.toml, or list them under ignore.",
    ),
    "reordered": (
        "{file}~: les colonnes ne sont plus dans le même ordre.",
        "{file}: the columns stand in another order.",
        "Rien à faire~: elles sont lues par leur nom.",
        "Nothing to do: they are read by name.",
    ),
    "broken_lines": (
        "{extract}~: {n}~lignes sur {of} ({share}) ne se découpent pas en cellules~; "
        "d’habitude {usual_share}.",
        "{extract}: {n} lines of {of} ({share}) cannot be cut into cells; {usual_share} as a rule.",
        "Vérifier le séparateur et les guillemets de l’exportation.",
        "Check the separator and the quotes of the export.",
    ),
    "retyped": (
        "La colonne «~{source}~»~: {n}~cellules sur {of} ({share}) ne se lisent plus comme {type}~; "
        "d’habitude {usual_share}.",
        "Column “{source}”: {n} cells of {of} ({share}) no longer read as {type}; {usual_share} as a rule.",
        "Vérifier la colonne dans l’exportation~; si son écriture a changé, la déclarer dans extracts.toml "
        "(format, decimal, thousands ou missing).",
        "Check the column in the export; if it is written in another way now, declare it in extracts.toml "
        "(format, decimal, thousands or missing).",
    ),
    "unit_changed:ratio": (
        "La médiane de la colonne «~{source}~» est {median}~; d’habitude elle est {usual_median}.",
        "The median of column “{source}” is {median}; as a rule it is {usual_median}.",
        "Vérifier l’unité dans l’exportation (pourcentage, jours, heures ou minutes, par exemple).",
        "Check the unit in the export (percent, days, hours or minutes, for example).",
    ),
    "unit_changed:to_shares": (
        "La colonne «~{source}~» ne contient plus que des valeurs entre 0 et 1~; d’habitude la médiane est "
        "{usual_median}.",
        "Column “{source}” holds only values between 0 and 1; as a rule its median is {usual_median}.",
        "Vérifier l’unité dans l’exportation (une part au lieu d’un pourcentage, par exemple).",
        "Check the unit in the export (a share in place of a percentage, for example).",
    ),
    "unit_changed:limits": (
        "La colonne «~{source}~»~: {n}~valeurs sur {of} ({share}) sont hors des limites déclarées~; "
        "d’habitude {usual_share}.",
        "Column “{source}”: {n} values of {of} ({share}) are outside the declared limits; {usual_share} as a "
        "rule.",
        "Vérifier l’unité dans l’exportation (pourcentage, jours, heures ou minutes, par exemple).",
        "Check the unit in the export (percent, days, hours or minutes, for example).",
    ),
    "new_category:unlisted": (
        "La colonne «~{source}~»~: un code qui n’est pas dans la liste, dans {n}~cellules sur {of} "
        "({share}).",
        "Column “{source}”: a code that is not in the list, in {n} cells of {of} ({share}).",
        "Demander à l’école ce que ce code veut dire, puis l’ajouter sous [extract.codes.{column}].",
        "Ask the school what the code means, then add it under [extract.codes.{column}].",
    ),
    "new_category:unseen": (
        "La colonne «~{source}~»~: permis, mais jamais vu jusqu’ici, {names} ({n}~cellules, {share}).",
        "Column “{source}”: allowed but never seen before, {names} ({n} cells, {share}).",
        "Vérifier que le code veut bien dire ce que dit la liste.",
        "Check that the code means what the list says.",
    ),
    "new_category:undeclared": (
        "La colonne «~{source}~»~: codes jamais vus jusqu’ici, {n_codes} ({n}~cellules sur {of}, {share}).",
        "Column “{source}”: codes never seen before, {n_codes} ({n} cells of {of}, {share}).",
        "Vérifier la colonne dans l’exportation~; une liste de codes (allowed) au contrat les nommerait.",
        "Check the column in the export; a list of codes (allowed) in the contract would name them.",
    ),
    "fewer_rows:complete": (
        "{extract}~: {n}~lignes, contre {before} la fois passée.",
        "{extract}: {n} rows, and {before} last time.",
        "Vérifier que l’exportation est complète (toutes les écoles, toutes les dates).",
        "Check that the export is whole (all schools, all dates).",
    ),
    "fewer_rows": (
        "{extract}~: {n}~lignes, contre {before} d’habitude.",
        "{extract}: {n} rows, and {before} as a rule.",
        "Vérifier que rien ne manque~; pour un fichier de corrections ou une courte période, rien à faire.",
        "Check that nothing is missing; for a file of corrections or a short time, nothing to do.",
    ),
    "more_rows": (
        "{extract}~: {n}~lignes, contre {before} d’habitude.",
        "{extract}: {n} rows, and {before} as a rule.",
        "Vérifier que l’exportation ne répète pas des lignes et ne couvre pas une autre période.",
        "Check that the export repeats no rows and covers the right time.",
    ),
    "more_rows:complete": (
        "{extract}~: {n}~lignes, contre {before} la fois passée.",
        "{extract}: {n} rows, and {before} last time.",
        "Vérifier que l’exportation ne répète pas des lignes et ne couvre pas d’autres écoles.",
        "Check that the export repeats no rows and covers no other schools.",
    ),
    "all_empty": (
        "La colonne «~{source}~» est vide~; d’habitude {usual_share} de ses cellules sont remplies.",
        "Column “{source}” is empty; as a rule {usual_share} of its cells are filled.",
        "Redemander l’exportation avec cette colonne.",
        "Ask for the export with this column.",
    ),
    "all_empty:later": (
        "La colonne «~{source}~» est vide~; d’habitude {usual_share} de ses cellules sont remplies.",
        "Column “{source}” is empty; as a rule {usual_share} of its cells are filled.",
        "Normal tant que rien de cela n’est encore arrivé~; sinon, redemander l’exportation.",
        "As it should be while none of it has happened yet; if not, ask for the export again.",
    ),
    "all_empty:first": (
        "La colonne «~{source}~» est vide dans ces {of}~lignes.",
        "Column “{source}” is empty in these {of} rows.",
        "Vérifier que c’est la bonne colonne~; si elle ne sert pas, la mettre sous ignore.",
        "Check that it is the right column; if it is of no use, list it under ignore.",
    ),
    "emptier": (
        "La colonne «~{source}~» est vide dans {share} des lignes~; d’habitude dans {usual_share}.",
        "Column “{source}” is empty in {share} of the rows; in {usual_share} as a rule.",
        "Vérifier la saisie et l’exportation de cette colonne.",
        "Check how this column is entered and exported.",
    ),
    "constant": (
        "La colonne «~{source}~» ne contient plus qu’une seule valeur ({of}~cellules).",
        "Column “{source}” holds a single value now ({of} cells).",
        "Vérifier que l’exportation ne met pas une valeur par défaut.",
        "Check that the export does not fill in a default.",
    ),
    "constant:first": (
        "La colonne «~{source}~» ne contient qu’une seule valeur ({of}~cellules).",
        "Column “{source}” holds a single value ({of} cells).",
        "Vérifier que c’est la bonne colonne~; une valeur unique n’apprend rien.",
        "Check that it is the right column; a single value tells nothing.",
    ),
    "dates_out_of_range:future": (
        "La colonne «~{source}~» va jusqu’au {date}, après le jour de la réception ({received_on}).",
        "Column “{source}” goes up to {date}, after the day received ({received_on}).",
        "Vérifier l’ordre du jour et du mois, et l’année~; des dates prévues sont normales.",
        "Check the order of day and month, and the year; planned dates are normal.",
    ),
    "dates_out_of_range:old": (
        "La colonne «~{source}~» remonte au {date}~; jusqu’ici elle ne remontait qu’au {before}.",
        "Column “{source}” goes back to {date}; so far it went back to {before} only.",
        "Vérifier l’année et l’ordre du jour et du mois dans l’exportation.",
        "Check the year, and the order of day and month, in the export.",
    ),
}
_TYPES = {
    "integer": ("un nombre entier", "a whole number"),
    "number": ("un nombre", "a number"),
    "day_offset": ("un nombre de jours", "a number of days"),
    "date": ("une date", "a date"),
    "boolean": ("vrai ou faux", "true or false"),
}
_ACCEPTANCE = (
    ' Si le changement est voulu, relancer avec --accept-drift "{name}".',
    ' If the change is meant, run again with --accept-drift "{name}".',
)
_ACCEPTED = (" Changement accepté le {accepted_on}.", " Accepted on {accepted_on}.")
NEVER_ACCEPTED = frozenset({"renamed"})


def sentence_of(rule: str, level: str, name: str, figures: Mapping[str, str], language: Language) -> str:
    """Return what differs and what to do, in one language.

    >>> sentence_of("reordered", "note", "marks:reordered", {"file": "marks.csv"}, "en")
    'marks.csv: the columns stand in another order. Nothing to do: they are read by name.'
    """
    second = language == "en"
    case = f"{rule}:{figures['case']}" if "case" in figures else rule
    words = _WORDS.get(case) or _WORDS[rule]
    shown = {key: _shown(key, value, language) for key, value in figures.items()}
    shown["name"] = name
    shown["column"] = name.partition(":")[0].partition(".")[2]
    if "accepted_on" in figures:
        text = f"{words[second]}{_ACCEPTED[second]}"
    else:
        may_pass = level == "stop" and can_be_accepted(rule, figures)
        text = f"{words[second]} {words[2 + second]}{_ACCEPTANCE[second] if may_pass else ''}"
    return _ONE.sub(r"1\1\2", text.replace("~", NO_BREAK).format(**shown))


def can_be_accepted(rule: str, figures: Mapping[str, str]) -> bool:
    """Say whether a stop may be let through: not where no row could be read or accepted anyway."""
    is_unreadable = figures.get("required") == "yes" or figures.get("case") == "no_header"
    return rule not in NEVER_ACCEPTED and not is_unreadable


def _shown(key: str, value: str, language: Language) -> str:
    r"""Write a figure as people of a language do.

    >>> _shown("share", "0.062", "fr"), _shown("n", "1200", "en"), _shown("median", "0.72", "fr")
    ('6,2\xa0%', '1,200', '0,72')
    """
    if key == "type":
        return _TYPES.get(value, (value, value))[language == "en"]
    if key in ("file", "extract", "source", "candidate", "places", "names") or not _NUMBER.fullmatch(value):
        return value
    is_share = key.endswith("share")
    text = f"{float(value) * 100:.1f}".removesuffix(".0") if is_share else value
    whole, point, rest = text.partition(".")
    grouped = f"{int(whole):,}" if whole.lstrip("-") != "0" else whole
    text = f"{grouped}{point}{rest}"
    if language == "fr":
        text = text.replace(",", NO_BREAK).replace(".", ",")
    return f"{text}{NO_BREAK if language == 'fr' else ''}%" if is_share else text
