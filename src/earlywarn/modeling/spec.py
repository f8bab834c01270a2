"""Read `model.toml`: what to warn of, for whom, when, from which families, by which candidates and gates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from earlywarn.declarations import Declared, ProblemsError, load_declaration
from earlywarn.domain import Language
from earlywarn.evaluation import Bounds, CardProse, Gates, LeakLimits, Tolerance
from earlywarn.features import AsOfSpec, CohortSpec, Outcome
from earlywarn.modeling.candidates import PUBLISHABLE
from earlywarn.modeling.folds import STUDENT, FoldPlan
from earlywarn.modeling.sampling import MOST_ROWS
from earlywarn.modeling.search import Tuning
from earlywarn.modeling.simple import Points

CandidateName = Literal["rules", "one_column", "logistic", "lightgbm", "lightgbm_on_logistic", "blend"]
Baseline = Literal["column_per_moment"]
"""What stands on the sheet beside the candidates without being declared."""

Share = Annotated[float, Field(gt=0, lt=1)]


class Both(Declared):
    """Words in both languages."""

    fr: str
    """In French."""
    en: str
    """In English."""


class FeaturesSpec(Declared):
    """Which families of indicators a model may use; sensitive columns are in none."""

    families: Annotated[tuple[str, ...], Field(min_length=1)]
    """Families of `indicators.toml`, in any order; features keep the order of that file."""


class CandidatesSpec(Declared):
    """Which candidates compete; rules stand beside them as a baseline."""

    names: Annotated[tuple[CandidateName, ...], Field(min_length=1)] = (
        "rules",
        "one_column",
        "logistic",
        "lightgbm",
        "lightgbm_on_logistic",
        "blend",
    )
    """Simple ones first; rules and the best column of each moment stand beside them and are never chosen."""

    @model_validator(mode="after")
    def _one_at_least_can_be_published(self) -> CandidatesSpec:
        if set(self.names) <= {"rules"}:
            raise ValueError(f"name one of {', '.join(PUBLISHABLE)}: rules alone cannot be published")
        return self


class Rule(Declared):
    """One rule that schools use today: a point for each student who meets it."""

    name: str
    """Names the rule in sheets and reasons."""
    feature: str
    """A feature of the allowed families, as `earlywarn report` and `model.json` name it."""
    above: float | None = None
    """The point is given above this."""
    below: float | None = None
    """The point is given below this; give one of the two."""
    fr: str = ""
    """What is said of whoever meets it, in French."""
    en: str = ""
    """The same in English."""

    @model_validator(mode="after")
    def _one_side(self) -> Rule:
        if (self.above is None) == (self.below is None):
            raise ValueError("give one of above and below")
        return self


class TuningSpec(Declared):
    """How much tuning may cost: trials of each kind of trees, and the training rows that they may use."""

    trials: int = Field(default=Tuning().trials, ge=1, le=20)
    """Settings tried for each kind of trees; the first are known ones."""
    most_rows: int = Field(default=Tuning().most_rows, ge=1_000, le=300_000)
    """Rows that each inner split may fit on while tuning."""

    @property
    def tuning(self) -> Tuning:
        """Return it as tuning takes it."""
        return Tuning(self.trials, self.most_rows)


class CapacitySpec(Declared):
    """How many a school can help: a share of each group."""

    share: Share = 0.10
    """The part of each list's units that a school can help."""
    per: Annotated[tuple[Literal["school", "grade"], ...], Field(min_length=1)] = ("school", "grade")
    """What a list is cut by, besides the moment."""


class AuditSpec(Declared):
    """Which sensitive columns audits read, and how far a group may lie before the sheet says "outside"."""

    groups: tuple[str, ...] = ()
    """Sensitive columns that audits compare; they enter no model."""
    calibration: Share = 0.03
    """How far mean risk may lie from the rate in a group."""
    rates: Share = 0.10
    """How far recall and false-positive rate may lie from everybody else's."""
    with_and_without: bool = True
    """Also fit a copy that knows these columns, to say what leaving them out costs; it is never kept."""

    @property
    def tolerance(self) -> Tolerance:
        """Return the tolerance as evaluation takes it."""
        return Tolerance(self.calibration, self.rates)


class SplitsSpec(Declared):
    """What is held out: later periods by default; with `by`, whole groups fold by fold, which is not by time.

    With `by` and `test` both, each fold is tested on the later periods of the groups it leaves out, and
    trained on what was known before of the others. `overlap` says what overlap of periods is accepted; `both`
    prints the two. `by = "student"` draws students at random: an exception that carries no claim and needs
    its reason in words.
    """

    test: Literal["latest"] | tuple[str, ...] = "latest"
    """Which periods are held out; the latest whose labels are known by default."""
    overlap: Literal["strict", "accepted", "both"] = "strict"
    """Whether labels not yet known when the test begins may train; both prints the two, strict first."""
    held_out_schools: Share = 0.2
    """The share of schools left out of a further fit, to say how it does in schools never seen."""
    by: str | None = None
    """What folds leave out together, where there is no time to split along."""
    folds: int = Field(default=5, ge=2, le=20)
    """How many folds."""
    reason: Both | None = None
    """Why students are drawn at random, where they are."""

    @model_validator(mode="after")
    def _one_way(self) -> SplitsSpec:
        given = self.model_fields_set
        if self.by is None and given & {"folds", "reason"}:
            raise ValueError("folds and reason belong to a split by groups: say by what")
        if self.by is not None and given & {"overlap", "held_out_schools"}:
            raise ValueError("a split by groups has no overlap or held_out_schools")
        if self.by == STUDENT and "test" in given:
            raise ValueError("students drawn at random are not held out along time: leave out test")
        if self.by == STUDENT and self.reason is None:
            raise ValueError("students drawn at random carry no claim: give the reason, in fr and en")
        return self

    def plan(self, name: Mapping[Language, str]) -> FoldPlan | None:
        """Return the folds to leave out, with what one group is called; None where the split is by time."""
        if self.by is None:
            return None
        reason: dict[Language, str] = {"fr": self.reason.fr, "en": self.reason.en} if self.reason else {}
        return FoldPlan(self.by, self.folds, dict(name), reason, "test" in self.model_fields_set)


class LeaksSpec(Declared):
    """From where on a figure is too good to be true; a limit above its default needs a reason in words."""

    single_column: Share = LeakLimits.single_column
    """The AUC of one column alone that stops a training."""
    column_lead: Share = LeakLimits.column_lead
    """How far one indicator may rank above all others before the sheet warns."""
    random_gap: Share = LeakLimits.random_gap
    """The AUC that students drawn at random may gain over the declared split."""
    reason: Both | None = None
    """Why a limit is raised; the card repeats it."""

    @model_validator(mode="after")
    def _raised_for_a_reason(self) -> LeaksSpec:
        usual = LeakLimits()
        raised = [
            name
            for name in ("single_column", "column_lead", "random_gap")
            if getattr(self, name) > getattr(usual, name)
        ]
        if raised and self.reason is None:
            raise ValueError(f"{raised[0]} is raised above its default: give the reason, in fr and en")
        return self

    @property
    def limits(self) -> LeakLimits:
        """Return the limits as the detectors take them."""
        return LeakLimits(self.single_column, self.column_lead, self.random_gap)


class TrainingSpec(Declared):
    """How many rows a fit takes in: beyond, all with the outcome and a sample of the others."""

    most_rows: Annotated[int, Field(ge=1000)] = MOST_ROWS
    """Rows that a fit takes in; the share of others that a sample keeps corrects the intercept."""


class GatesSpec(Declared):
    """What must hold before a candidate becomes champion."""

    not_worse_than: tuple[CandidateName | Baseline, ...] = ("rules", "one_column")
    """The baselines whose AUC must be beaten at least in value."""
    calibrated_within_groups: bool = True
    """Whether risks must mean rates in every audited group."""
    largest_calibration_error: Share = 0.10
    """How far risks may lie from rates, over tenths of risk."""
    smallest_slope: float = Field(default=Bounds.smallest_slope, gt=0, lt=1)
    """The least slope of rates over risks, in log-odds; 1 is perfect."""
    largest_slope: float = Field(default=Bounds.largest_slope, gt=1)
    """The largest slope of rates over risks, in log-odds."""
    largest_intercept: float = Field(default=Bounds.largest_intercept, gt=0)
    """How far the intercept may lie from 0, in log-odds, either way."""

    def gates(self, audited: tuple[str, ...]) -> Gates:
        """Return the gates as evaluation takes them, for a model that audits these columns."""
        bounds = Bounds(self.smallest_slope, self.largest_slope, self.largest_intercept)
        return Gates(
            self.not_worse_than,
            self.calibrated_within_groups,
            self.largest_calibration_error,
            bounds,
            audited,
        )


class ScoringSpec(Declared):
    """Who is not scored: a unit of whom none of these features is known, with the reason in words."""

    needs_any: tuple[str, ...] = ()
    """Features of which one must be known; empty scores everybody."""
    fr: str = "les données sont trop peu nombreuses"
    """Why the others are not scored, in French."""
    en: str = "there are too few data"
    """The same in English."""


class CardSpec(Declared):
    """Prose that people write: what the model is for, what it must never be used for, where it is weak."""

    use: Both | None = None
    """What the model is for."""
    not_for: Both | None = None
    """What it must never be used for."""
    limits: Both | None = None
    """Where it is weak."""

    @property
    def prose(self) -> CardProse:
        """Return the sections as the card takes them."""
        return CardProse(
            *(part.model_dump() if part else {} for part in (self.use, self.not_for, self.limits))
        )


class ModelSpec(Declared):
    """One declared model of a network."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """The model's name; its folder has the same."""
    outcome: Outcome
    """What is warned of, in one of five forms."""
    cohort: CohortSpec = CohortSpec()
    """Whom it is about."""
    as_of: AsOfSpec
    """On which days, offsets or stages of a period it looks."""
    features: FeaturesSpec
    """Which families of indicators it may use."""
    candidates: CandidatesSpec = CandidatesSpec()
    """Which candidates compete."""
    tuning: TuningSpec = TuningSpec()
    """What tuning may cost."""
    rules: tuple[Rule, ...] = ()
    """What schools go by today."""
    capacity: CapacitySpec = CapacitySpec()
    """How many a school can help."""
    audit: AuditSpec = AuditSpec()
    """Which groups are audited, and how far they may lie."""
    splits: SplitsSpec = SplitsSpec()
    """What is held out."""
    leaks: LeaksSpec = LeaksSpec()
    """From where on a figure is too good to be true."""
    training: TrainingSpec = TrainingSpec()
    """How many rows a fit takes in."""
    gates: GatesSpec = GatesSpec()
    """What must hold before a promotion."""
    scoring: ScoringSpec = ScoringSpec()
    """Who is not scored."""
    card: CardSpec = CardSpec()
    """What people write on the card."""

    @model_validator(mode="after")
    def _rules_are_declared(self) -> ModelSpec:
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise ProblemsError([(("rules",), "two rules have the same name")])
        if "rules" in self.candidates.names and not self.rules:
            raise ProblemsError([(("candidates", "names"), "no [[rules]] are declared")])
        return self

    @property
    def declared_gates(self) -> Gates:
        """Return the gates as evaluation takes them."""
        return self.gates.gates(self.audit.groups)

    @property
    def points(self) -> Points | None:
        """Return the rules as points, or None where there are none."""
        if "rules" not in self.candidates.names:
            return None
        return Points(
            tuple(rule.feature for rule in self.rules),
            tuple(rule.above for rule in self.rules),
            tuple(rule.below for rule in self.rules),
        )

    @property
    def publishable(self) -> tuple[str, ...]:
        """Return the candidates that may be chosen, from simple to complex."""
        return tuple(name for name in PUBLISHABLE if name in self.candidates.names)


def load_spec(path: Path) -> ModelSpec:
    """Read a model's declaration.

    Raises:
        DeclarationError: The file is missing or breaks the grammar; lists every problem with its line.
    """
    return load_declaration(path, ModelSpec)
