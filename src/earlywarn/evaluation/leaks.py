"""Hold and say what the leak detectors of a training found, in both languages.

One job: findings as plain values, and their words. How each is measured stands with who measures it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from earlywarn.domain import Language
from earlywarn.errors import LeakError

LeakVerdict = Literal["passed", "warned", "stopped", "cannot tell"]

DETECTORS = (
    "as_of_replay",
    "label_shuffle",
    "planted_future",
    "single_column",
    "random_time_gap",
    "school_order",
)
"""Every training runs all of them; a sheet that lacks one is not promoted."""


@dataclass(frozen=True)
class LeakLimits:
    """From where on a figure is too good to be true; a model may declare others, with a reason."""

    single_column: float = 0.95
    """AUC of one column alone."""
    column_lead: float = 0.25
    """How far one indicator may rank above the best of all others before the sheet warns."""
    random_gap: float = 0.05
    """AUC that students drawn at random may gain over the declared split."""


@dataclass(frozen=True)
class Finding:
    """What one detector measured, the limit, the verdict, and what to do about it."""

    name: str
    figure: float
    limit: float
    verdict: LeakVerdict
    words: Mapping[str, str]
    columns: tuple[str, ...] = ()
    """The features it points at, worst first."""


TITLES: dict[str, dict[Language, str]] = {
    "as_of_replay": {"fr": "reconstitution à la date", "en": "as-of replay"},
    "label_shuffle": {"fr": "étiquettes mélangées", "en": "label shuffle"},
    "planted_future": {"fr": "fuite plantée", "en": "planted future column"},
    "single_column": {"fr": "une colonne seule", "en": "single column"},
    "random_time_gap": {"fr": "hasard contre temps", "en": "random against time"},
    "school_order": {"fr": "numéro dans l’ordre des écoles", "en": "identifier in school order"},
}
VERDICTS: dict[str, dict[Language, str]] = {
    "passed": {"fr": "rien trouvé", "en": "passed"},
    "warned": {"fr": "à vérifier", "en": "warned"},
    "stopped": {"fr": "arrêt", "en": "stopped"},
    "cannot tell": {"fr": "on ne peut pas trancher", "en": "cannot tell"},
}
TITLE: dict[Language, str] = {"fr": "Fuites recherchées", "en": "Leaks looked for"}


def stop_at(findings: Sequence[Finding], *, where: str = "") -> None:
    """Refuse to go on where a detector stopped.

    Raises:
        LeakError: At least one did; the message lists every finding.
    """
    stopped = [TITLES[one.name]["en"] for one in findings if one.verdict == "stopped"]
    if stopped:
        raise LeakError(
            f"the training is stopped by: {', '.join(stopped)}",
            where=where,
            findings=tuple(finding_line(vars(one), "en") for one in findings),
        )


def finding_line(one: Mapping[str, Any], language: Language) -> str:
    """Write one finding: which detector, its verdict, and its words."""
    colon = "\u00a0: " if language == "fr" else ": "
    verdict = VERDICTS[one["verdict"]][language]
    return f"{TITLES[one['name']][language]}{colon}{verdict}. {one['words'][language]}"


def leak_lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Print the findings of a sheet, a line each."""
    return [f"leaks: {finding_line(one, 'en')}" for one in findings]


def open_findings(findings: Sequence[Mapping[str, Any]], language: Language) -> list[str]:
    """Return what stands first on a card: the findings that warn, or that cannot tell."""
    return [finding_line(one, language) for one in findings if one["verdict"] in {"warned", "cannot tell"}]
