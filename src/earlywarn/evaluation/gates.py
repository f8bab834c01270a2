"""Judge a quality sheet by declared gates; a closed gate comes with its reason, and there is no way round.

What cannot be told passes, and stands first on the card. Nothing here reads a setting or a variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from earlywarn.evaluation.calibration_bounds import Bounds, slope_reason
from earlywarn.evaluation.cards import CardProse, GroupNames, card_markdown
from earlywarn.evaluation.leaks import DETECTORS, TITLES
from earlywarn.evaluation.steps import simpler_than
from earlywarn.evaluation.text import Sheet, chosen_of, number, signed

BASELINES = ("rules", "one_column", "column_per_moment")
"""What must be beaten at least in value, where [gates] names it; all stand among what is simpler, besides."""

NEVER_PUBLISHED = ("rules", "column_per_moment")
"""What stands beside the candidates and cannot be declared instead of them."""


@dataclass(frozen=True)
class Gates:
    """What must hold before a candidate is put in use."""

    not_worse_than: tuple[str, ...]
    calibrated_within_groups: bool
    largest_calibration_error: float
    bounds: Bounds = field(default_factory=Bounds)
    audited: tuple[str, ...] = ()
    """The columns whose groups must stand on the sheet."""


@dataclass(frozen=True)
class Gate:
    """One gate as a sheet meets it: open or closed, with its figure or its reason."""

    name: str
    closed: tuple[str, ...]
    """Every reason to refuse; none means open."""
    figure: str

    @property
    def is_open(self) -> bool:
        """Say whether the gate lets the model through."""
        return not self.closed

    def line(self) -> str:
        """Print the gate.

        >>> Gate("leaks", (), "6 detectors, none stopped").line()
        'open    leaks: 6 detectors, none stopped'
        """
        said = "; ".join(self.closed) or self.figure
        return f"{'open  ' if self.is_open else 'closed'}  {self.name}: {said}"


def judged(
    sheet: Sheet,
    gates: Gates,
    prose: CardProse,
    *,
    card: str | None = None,
    names: GroupNames | None = None,
    against_champion: Mapping[str, Any] | None = None,
) -> tuple[Gate, ...]:
    """Meet every gate with a sheet.

    Args:
        sheet: What the training measured.
        gates: What its spec declared.
        prose: What people wrote for its card.
        card: The card that was registered with it, where there is one.
        names: What audited groups are called on that card.
        against_champion: `verdict` and `auc` of a paired comparison with the champion on the same held-out
            rows, where there is a champion.
    """
    missing = _lacking(sheet, gates)
    # Nothing can be judged by figures that are not there.
    told = [
        Gate("sections", tuple(missing), "every section is there"),
        _card(sheet, prose, None if missing else card, names),
        _leaks(sheet),
    ]
    if missing:
        return tuple(told)
    lead = sheet["backtests"][0]
    chosen = chosen_of(lead)
    return (
        *told,
        *(_beaten(lead, name) for name in BASELINES if name in gates.not_worse_than),
        _simpler(lead),
        _error(chosen, gates),
        Gate("slope", *slope_reason(lead, chosen, gates.bounds)),
        _within_groups(lead, gates),
        _gaps(lead),
        _champion(against_champion),
    )


def _lacking(sheet: Sheet, gates: Gates) -> list[str]:
    """Name the sections that a sheet lacks; one written by an older training may lack any."""
    backtests = sheet.get("backtests") or [{}]
    lead = backtests[0]
    chosen: Mapping[str, Any] = next(
        (one for one in lead.get("candidates", ()) if one["name"] == lead.get("chosen")), {}
    )
    overall = chosen.get("overall", {})
    audited = {one["column"] for one in lead.get("groups", ())}
    said = sheet.get("outcome", {})
    there = {
        "outcome": all(said.get(language) for language in ("fr", "en")),
        "quality": bool(overall.get("calibration")) and bool(lead.get("n_train")),
        "moments": bool(lead.get("moments"))
        and set(lead.get("moments", ())) <= set(chosen.get("by_moment", ())),
        "beside": "comparisons" in lead and len(lead["comparisons"]) == len(lead.get("candidates", ())) - 1,
        "lists": bool(overall.get("capacity")) and bool(lead.get("lists")),
        "held_out": "held_out" in lead,
        "groups": "groups" in lead and set(gates.audited) <= audited,
        # Groups of a sheet from before the audit were not held against the rules'.
        "audit": not gates.audited or bool(lead.get("audit")),
    }
    lacking = [name for name, is_there in there.items() if not is_there]
    return [f"the sheet lacks its section '{name}': train again" for name in lacking]


def _card(sheet: Sheet, prose: CardProse, card: str | None, names: GroupNames | None) -> Gate:
    """People have written their sections, and the registered card holds every one that is generated."""
    closed = [f"the card lacks [card] {section}" for section in prose.missing()]
    if card is not None:
        written, wanted = _titles(card), _titles(card_markdown(sheet, prose, names or GroupNames()))
        lacking = [title for title in wanted if title not in written]
        closed += [f"the card lacks its section '{title}': train again" for title in lacking]
    return Gate("card", tuple(closed), "every section is written")


def _titles(card: str) -> list[str]:
    return [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]


def _leaks(sheet: Sheet) -> Gate:
    findings = {one["name"]: one for one in sheet.get("leaks", ())}
    if not findings:
        return Gate("leaks", ("the leak detectors did not run: train again",), "")
    lacking = [name for name in DETECTORS if name not in findings]
    closed = [f"the detector '{TITLES[name]['en']}' did not run: train again" for name in lacking]
    closed += [
        f"{TITLES.get(name, {}).get('en', name)} stopped: {one['words']['en']}"
        for name, one in findings.items()
        if one["verdict"] not in {"passed", "warned", "cannot tell"}
    ]
    counts = [
        f"{n} {verdict}"
        for verdict in ("passed", "warned", "cannot tell")
        if (n := sum(one["verdict"] == verdict for one in findings.values()))
    ]
    return Gate("leaks", tuple(closed), ", ".join(counts))


def _beaten(lead: Sheet, name: str) -> Gate:
    """A baseline must be beaten at least in value."""
    gate = f"better_than_{name}"
    pair = next((one for one in lead["comparisons"] if one["other"] == name), None)
    if pair is None:
        why = "it is the chosen one" if lead["chosen"] == name else "cannot tell, it is no candidate"
        return Gate(gate, (), why)
    value = pair["auc"]["value"]
    said = f"(AUC {signed(pair['auc'])})"
    if value is None or value <= 0:
        return Gate(gate, (f"{pair['model']} does not beat {name} {said}",), "")
    return Gate(gate, (), f"{pair['verdict']} {said}")


def _simpler(lead: Sheet) -> Gate:
    """Nothing simpler may be better on the held-out future by a paired interval.

    The best columns of each moment say no risks of one scale, so their ranking alone counts.
    """
    simpler = simpler_than(lead["chosen"])
    closed, figures = [], []
    for pair in lead["comparisons"]:
        if pair["other"] not in simpler:
            continue
        said = f"AUC {signed(pair['auc'])}, Brier {signed(pair['brier'], 4)}"
        loses = pair["other"] != "column_per_moment" and _above(pair["brier"], 0.0)
        if pair["verdict"] == "worse" or loses:
            reason = f"{pair['model']} is worse than {pair['other']}, which is simpler ({said})"
            if pair["other"] not in NEVER_PUBLISHED:
                reason += f": declare [candidates] names up to {pair['other']}"
            closed.append(reason)
        figures.append(f"{pair['other']} ({said})")
    return Gate("not_worse_than_simpler", tuple(closed), "; ".join(figures) or "nothing is simpler")


def _above(figure: Sheet, limit: float) -> bool:
    return figure.get("low") is not None and figure["low"] > limit


def _error(chosen: Sheet, gates: Gates) -> Gate:
    error, most = chosen["overall"]["calibration"]["expected_error"], gates.largest_calibration_error
    closed = error is None or error > most
    reason = f"its risks lie {number(error)} from the rates, more than {most}"
    return Gate("calibration_error", (reason,) if closed else (), f"{number(error)}, at most {most}")


def _within_groups(lead: Sheet, gates: Gates) -> Gate:
    if not gates.calibrated_within_groups:
        return Gate("calibrated_within_groups", (), "[gates] does not ask for it")
    closed = tuple(
        f"its risks do not mean rates for {one['column']} = {one['group']} "
        f"(risk minus rate {signed(one['calibration_gap'])})"
        for one in lead["groups"]
        if one["calibration_verdict"] == "outside"
    )
    return Gate("calibrated_within_groups", closed, _counted(lead, "calibration_verdict"))


def _gaps(lead: Sheet) -> Gate:
    """Error rates are reported for every group, and lie no further apart than those of the rules."""
    closed = [
        f"the error rates of {one['column']} = {one['group']} are not reported"
        for one in lead["groups"]
        if one["rates_verdict"] != "cannot tell"
        and None in (one["recall"]["value"], one["false_positive_rate"]["value"])
    ]
    closed += [
        f"error rates of {one['column']} = {one['group']} lie further from the others' than the rules' do"
        for one in lead["groups"]
        if one["rates_verdict"] == "outside" and one.get("against_rules") == "wider"
    ]
    return Gate("gaps_no_wider_than_rules", tuple(closed), _counted(lead, "rates_verdict"))


def _counted(lead: Sheet, verdict: str) -> str:
    told = [one[verdict] for one in lead["groups"]]
    words = [f"{told.count(word)} {word}" for word in ("within", "outside", "cannot tell") if word in told]
    return f"groups: {', '.join(words)}" if words else "no groups are audited"


def _champion(pair: Mapping[str, Any] | None) -> Gate:
    if pair is None:
        return Gate("not_worse_than_champion", (), "there is no champion to compare with")
    said = f"(AUC {signed(pair['auc'])})"
    if pair["verdict"] == "worse":
        return Gate("not_worse_than_champion", (f"it is worse than the present champion {said}",), "")
    return Gate("not_worse_than_champion", (), f"{pair['verdict']} {said}")
