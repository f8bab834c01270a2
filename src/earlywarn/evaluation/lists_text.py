"""Print what lists are worth: per model, per grade and school size, from date to date, beside baselines."""

from __future__ import annotations

from collections.abc import Mapping

from earlywarn.domain import Language
from earlywarn.evaluation.text import Sheet, figure, number, signed, text_table
from earlywarn.paper import write_share

_HEADS = (
    "lists of",
    "lift",
    "prec. best",
    "prec. worst",
    "listed in time",
    "days before",
    "quarter",
    "three quarters",
)
_APART = ("n", "outcomes", "AUC", "precision", "recall", "lift")

_CARD: dict[str, dict[Language, str]] = {
    "caught": {
        "fr": "Parmi les personnes qui ont connu la situation, {listed} ont figuré sur une liste de la "
        "période avant qu’elle survienne.",
        "en": "Of those who met the outcome, {listed} stood on a list of the period before it came.",
    },
    "to_happened": {
        "fr": "Délai médian de la première liste au jour même\u00a0: {days}\u00a0jours (jour connu pour "
        "{n} sur {n_listed}).",
        "en": "Median time from the first list to the day itself: {days} days (known for {n} of {n_listed}).",
    },
    "to_decided": {
        "fr": "Délai médian de la première liste au jour où la situation est constatée\u00a0: "
        "{days}\u00a0jours.",
        "en": "Median time from the first list to the day the outcome is established: {days} days.",
    },
    "stayed": {
        "fr": "De {before} à {after}, {stayed} des noms restent sur la liste.",
        "en": "From {before} to {after}, {stayed} of the names stay on the list.",
    },
}


def list_lines(one: Sheet) -> list[str]:
    """Print a back-test's lists; an older sheet has them per grade only."""
    lists = one.get("lists")
    if lists is None:
        return _grade_lines(one)
    chosen = next(model for model in lists["models"] if model["name"] == one["chosen"])
    return [
        *_grade_lines(one),
        *_size_lines(lists["by_size"]),
        "",
        text_table(_HEADS, [_model_row(model, one["chosen"]) for model in lists["models"]]),
        *_lead_lines(chosen["lead_time"]),
        *(_change_line(change) for change in chosen["changes"]),
        *(_overlap_line(one["chosen"], overlap) for overlap in lists["overlaps"]),
    ]


def _grade_lines(one: Sheet) -> list[str]:
    """Print the chosen model's lists per grade."""
    lifts = (one.get("lists") or {}).get("lift_by_grade", {})
    rows = []
    for grade, metrics in one.get("by_grade", {}).items():
        capacity = metrics["capacity"]
        cells = [str(metrics["n"]), str(metrics["n_positive"]), figure(metrics["auc"])]
        cells += [
            figure(capacity["precision"]),
            figure(capacity["recall"]),
            _lift(lifts.get(grade), capacity),
        ]
        rows.append((grade, *cells))
    return ["", text_table(("grade", *_APART), rows)] if rows else []


def _lift(interval: Sheet | None, capacity: Sheet) -> str:
    return number(capacity["lift"], 2) if interval is None else figure(interval, 2)


def _size_lines(sizes: list[Sheet]) -> list[str]:
    rows = [
        (
            f"{one['smallest']}-{one['largest']} ({one['n_schools']} schools)",
            str(one["n"]),
            str(one["n_positive"]),
            figure(one["auc"]),
            figure(one["precision"]),
            figure(one["recall"]),
            figure(one["lift"], 2),
        )
        for one in sizes
    ]
    return ["", text_table(("school size", *_APART), rows)] if rows else []


def _model_row(model: Sheet, chosen: str) -> tuple[str, ...]:
    lead = model["lead_time"]
    days = _quartiles(lead)
    return (
        f"{model['name']} *" if model["name"] == chosen else model["name"],
        figure(model["lift"], 2),
        figure(model["ties"]["precision_best"]),
        figure(model["ties"]["precision_worst"]),
        figure(lead["listed"]) if lead else "-",
        *(figure(days[name], 0) if days else "-" for name in ("median", "lower", "upper")),
    )


def _quartiles(lead: Sheet | None) -> Sheet | None:
    """Return the days to the outcome itself, or to its label where no day of it is known."""
    found: Sheet | None = (lead["to_happened"] or lead["to_decided"]) if lead else None
    return found


def _lead_lines(lead: Sheet | None) -> list[str]:
    if lead is None:
        return []
    counted = f"{lead['n_listed']} of {lead['n_with_outcome']} with the outcome listed in time"
    late = f", {lead['n_late']} only after it had happened" if lead["n_late"] else ""
    if lead["to_happened"]:
        until = f"days before: to the day it happened, known of {lead['to_happened']['n']} of them"
        until += f"; to the day its label was decided, median {figure(lead['to_decided']['median'], 0)}"
    elif lead["to_decided"]:
        until = "days before: to the day the label was decided, as no table tells the day it happened"
    else:
        until = "moments are stages, so no days are counted"
    caught = ", ".join(
        f"{one['moment']} {one['n_listed']} ({one['n_new']} new, {_percent(one['new'])} of all)"
        for one in lead["caught"]
    )
    return [f"{counted}{late}; {until}", f"of them on the list at: {caught}"]


def _change_line(change: Sheet) -> str:
    return (
        f"from {change['before']} to {change['after']}: {_percent(change['stayed'])} of the names stay "
        f"({change['n_stayed']} stay, {change['n_left']} leave, {change['n_entered']} enter, among "
        f"{change['n_both']} units looked at twice); new names {_percent(change['entered'])}"
    )


def _overlap_line(chosen: str, one: Sheet) -> str:
    return (
        f"lists of {chosen} beside {one['other']}: {_percent(one['shared'])} of the names on both; "
        f"only {chosen}: {one['hits_only_ours']} of {one['n_only_ours']} had the outcome; "
        f"only {one['other']}: {one['hits_only_theirs']} of {one['n_only_theirs']}; "
        f"precision {signed(one['precision_gain'])}: {one['verdict']}"
    )


def list_facts(one: Sheet, language: Language) -> list[str]:
    """Say on the card how early lists name whom, and how many names stay; nothing of an older sheet."""
    lists = one.get("lists")
    if lists is None:
        return []
    chosen = next(model for model in lists["models"] if model["name"] == one["chosen"])
    lead, said = chosen["lead_time"], []
    if lead:
        said.append(_said("caught", language, listed=_share(lead["listed"], language)))
        for name in ("to_happened", "to_decided"):
            if lead[name]:
                facts = {"days": number(lead[name]["median"]["value"], 0), "n": str(lead[name]["n"])}
                said.append(_said(name, language, **facts, n_listed=str(lead["n_listed"])))
    for change in chosen["changes"]:
        names = {"before": change["before"], "after": change["after"]}
        said.append(_said("stayed", language, **names, stayed=_share(change["stayed"], language)))
    return said


def _said(key: str, language: Language, **words: str) -> str:
    return _CARD[key][language].format(**words)


def _share(one: Mapping[str, float | None], language: Language) -> str:
    return "-" if one["value"] is None else write_share(one["value"], language)


def _percent(one: Mapping[str, float | None]) -> str:
    """Write a share with its interval, in percent.

    >>> _percent({"value": 0.5, "low": 0.25, "high": 0.75})
    '50% [25%, 75%]'
    """
    value, low, high = one["value"], one.get("low"), one.get("high")
    if value is None:
        return "-"
    return f"{value:.0%}" if low is None or high is None else f"{value:.0%} [{low:.0%}, {high:.0%}]"
