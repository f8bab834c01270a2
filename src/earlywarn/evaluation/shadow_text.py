"""Say a shadow report as text, in French and in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earlywarn.domain import Language
from earlywarn.evaluation.text import number, signed, text_table
from earlywarn.paper import write_share

MOST_SCHOOLS = 20

SAID: dict[str, tuple[str, str]] = {
    "title": ("Rapport d’essai à blanc de {model}, au {as_of}", "Shadow report of {model}, as of {as_of}"),
    "champion": ("modèle en place, version {version}{kind}", "champion, version {version}{kind}"),
    "kind": (" (liste par règles)", " (a list by rules)"),
    "rules": (
        "aucun modèle n’est en place\u00a0: la comparaison est faite avec les règles",
        "there is no champion yet: the comparison is with the rules",
    ),
    "nobody": (
        "aucun modèle n’est en place et aucune règle n’est déclarée\u00a0: rien à comparer",
        "there is no champion yet and no rule is declared: nothing to compare with",
    ),
    "candidate": ("candidat, version {version}", "candidate, version {version}"),
    "lists": (
        "{enters} entrent sur une liste, {leaves} en sortent, {stays} y restent ({share} des noms restent)",
        "{enters} enter a list, {leaves} leave one, {stays} stay ({share} of the names stay)",
    ),
    "ranks": ("corrélation des rangs\u00a0: {value}", "rank correlation: {value}"),
    "risk": ("changement du risque moyen\u00a0: {value}", "change of the mean risk: {value}"),
    "no_risk": (
        "une liste par règles n’a pas de risque chiffré",
        "a list by rules has no risk in figures",
    ),
    "by_grade": ("Par niveau", "By grade"),
    "by_school": ("Par école, les plus touchées d’abord", "By school, those with most moves first"),
    "heads": ("nom|effectif|entrent|sortent|restent", "name|n|enter|leave|stay"),
    "entering": ("Pourquoi certains entrent", "Why some enter"),
    "leaving": ("Pourquoi certains sortent", "Why some leave"),
    "why": (
        "part moyenne de chaque constat dans le score des deux côtés\u00a0; un écart n’est pas une cause",
        "mean share of each finding in the score on either side; a difference is no cause",
    ),
    "scales": (
        "les points des règles et les logarithmes de cotes d’un modèle n’ont pas la même échelle",
        "points by rules and a model’s log-odds are not on one scale",
    ),
    "why_heads": ("constat|candidat|autre|écart", "finding|candidate|other|difference"),
    "nobody_moves": ("personne", "nobody"),
    "held_out": ("Sur l’avenir gardé à part (n = {n})", "On the held-out future (n = {n})"),
    "verdict": (
        "candidat contre modèle en place\u00a0: AUC {auc}, {verdict}",
        "candidate against champion: AUC {auc}, {verdict}",
    ),
    "beats": ("fait mieux", "beats"),
    "worse": ("fait moins bien", "worse"),
    "cannot tell": ("on ne peut pas trancher", "cannot tell"),
    "unknown": ("non précisé", "not given"),
}


def say(key: str, language: Language, **values: object) -> str:
    """Return one of the report's sentences."""
    return SAID[key][0 if language == "fr" else 1].format(**values)


def shadow_text(report: Mapping[str, Any], language: Language) -> str:
    """Return a report read back from its JSON as text."""
    name = f"{report['network']}/{report['model']}"
    lines = [say("title", language, model=name, as_of=report["as_of"]), *head_lines(report, language)]
    for title, rows in tables_of(report, language):
        lines += ["", title, text_table(say("heads", language).split("|"), rows)]
    if report["other"] is not None:
        for key in ("entering", "leaving"):
            lines += ["", f"{say(key, language)} ({say('why', language)})"]
            lines.append(_why_table(report[key], language))
        if report["other"]["kind"] == "rules":
            lines.append(say("scales", language))
    lines += ["", held_out_line(report["held_out"], language)]
    return "\n".join(lines) + "\n"


def head_lines(report: Mapping[str, Any], language: Language) -> list[str]:
    """Say what is compared, and how much changes."""
    other = report["other"]
    lines = [say("candidate", language, version=report["candidate"]["version"])]
    if other is None:
        return [*lines, say("nobody", language)]
    share = report["share_staying"]
    counts = {key: report[key] for key in ("enters", "leaves", "stays")}
    change, kind = report["mean_risk_change"], say("kind", language) if other["kind"] == "rules" else ""
    risk = "no_risk" if change is None else "risk"
    return [
        *lines,
        say(other["what"], language, version=other["version"], kind=kind),
        say("lists", language, **counts, share="-" if share is None else write_share(share, language)),
        say("ranks", language, value=number(report["rank_correlation"], language=language)),
        say(risk, language, value="" if change is None else signed({"value": change}, 4, language=language)),
    ]


def tables_of(report: Mapping[str, Any], language: Language) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return titles and rows: by grade, by audited group, and by school."""
    schools = [one for one in report["by_school"] if one["enters"] or one["leaves"]]
    schools.sort(key=lambda one: (-one["enters"] - one["leaves"], one["name"]))
    found = [("grade", report["by_grade"]), *report["by_group"].items(), ("", schools[:MOST_SCHOOLS])]
    titles = {"grade": say("by_grade", language), "": say("by_school", language)}
    made = []
    for column, rows in found:
        called = report["called"].get(column, {}).get(language, {})
        named = [
            (
                called.get(one["name"], one["name"]) if one["name"] else say("unknown", language),
                *(str(one[key]) for key in ("n", "enters", "leaves", "stays")),
            )
            for one in rows
        ]
        made.append((titles.get(column) or _capital(called.get("", column)), named))
    return [(title, rows) for title, rows in made if rows]


def _why_table(found: Sequence[Mapping[str, Any]], language: Language) -> str:
    if not found:
        return say("nobody_moves", language)
    return text_table(say("why_heads", language).split("|"), why_rows(found, language))


def why_rows(found: Sequence[Mapping[str, Any]], language: Language) -> list[tuple[str, ...]]:
    """Return the rows of a table of findings."""
    return [
        (
            one["words"][language],
            *(
                signed({"value": one[key]}, 2, language=language)
                for key in ("candidate", "other", "difference")
            ),
        )
        for one in found
    ]


def held_out_line(pair: Mapping[str, Any], language: Language) -> str:
    """Say how the two do on what neither has learned from, or why that cannot be measured."""
    compared = pair["comparison"]
    if compared is None:
        return str(pair["because"][language])
    auc = signed(compared["auc"], language=language)
    verdict = say(compared["verdict"], language)
    head = say("held_out", language, n=pair["n"])
    colon = "\u00a0: " if language == "fr" else ": "
    return head + colon + say("verdict", language, auc=auc, verdict=verdict)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
