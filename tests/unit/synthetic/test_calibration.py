"""The invented network keeps to the published rates; intervals allow for the draw of schools."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from earlywarn.synthetic import rates
from earlywarn.synthetic.lives import Lives, SchoolYear
from earlywarn.synthetic.schools import Schools, invent_schools
from earlywarn.synthetic.truth import CohortTally

FIRST_YEAR, LAST_YEAR = 2007, 2026
N_STUDENTS = 60_000


@dataclass(frozen=True)
class Told:
    """A network lived through without writing it: cohorts followed, and the last six years."""

    schools: Schools
    cohorts: pd.DataFrame
    years: list[SchoolYear]


@pytest.fixture(scope="module")
def told() -> Told:
    """Live through 60,000 students' years."""
    schools = invent_schools(N_STUDENTS, np.random.default_rng(11))
    cohorts, years = [], []
    for css in range(schools.n_css):
        lives = Lives(schools, css, N_STUDENTS // schools.n_css, np.random.default_rng([11, css]))
        tally = CohortTally()
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            story = lives.live(year)
            tally.follow(story, schools)
            if year > LAST_YEAR - 6:
                years.append(story)
        cohorts.append(tally.outcomes(css, FIRST_YEAR, LAST_YEAR).to_pandas())
    members = pd.concat(cohorts, ignore_index=True)
    members = members[members["status"] != "transferred"]
    return Told(schools, members.assign(without_diploma=members["status"] != "graduated"), years)


def test_about_16_in_100_end_without_diploma(told: Told) -> None:
    """Seven years after entry 14 to 18 % of a secondary cohort have no diploma (published: 16 %)."""
    assert 0.14 <= told.cohorts["without_diploma"].mean() <= 0.18


def test_boys_stand_above_girls(told: Told) -> None:
    """Boys lie near 20 %, girls near 12 %."""
    by_sex = told.cohorts.groupby("sex")["without_diploma"].mean()

    assert 0.17 <= by_sex["M"] <= 0.22
    assert 0.10 <= by_sex["F"] <= 0.145


def test_deprivation_and_lateness_raise_the_rate(told: Told) -> None:
    """From deciles 1-3 over 4-7 to 8-10 the rate rises by two points or more; being late adds five."""
    strata = pd.cut(told.cohorts["imse_decile"], [0, 3, 7, 10], labels=["low", "middle", "high"])
    by_stratum = told.cohorts.groupby(strata, observed=True)["without_diploma"].mean()
    by_age = told.cohorts.groupby(told.cohorts["years_late"] > 0)["without_diploma"].mean()

    assert by_stratum["low"] + 0.02 < by_stratum["middle"]
    assert by_stratum["middle"] + 0.02 < by_stratum["high"]
    assert by_age[True] - by_age[False] > 0.05


def test_one_in_twelve_enters_secondary_late(told: Told) -> None:
    """Between 6 and 11 % enter secondary a year late or more (target of the network: 10 %)."""
    assert 0.06 <= (told.cohorts["years_late"] > 0).mean() <= 0.11


def test_exits_lie_in_secondary_3_to_5(told: Told) -> None:
    """Nine of ten who leave do so in secondary 3 to 5, and nobody leaves primary."""
    grade = np.concatenate([year.roll.grade[year.dropped_out] for year in told.years])

    assert (grade >= rates.FIRST_SECONDARY).all()
    assert (grade >= rates.FIRST_SECONDARY + 2).mean() > 0.9


def test_the_network_keeps_its_size(told: Told) -> None:
    """Every year enrolls what was asked for, within 3 %."""
    by_year = pd.Series([len(year.roll) for year in told.years], index=[year.year for year in told.years])

    assert by_year.groupby(level=0).sum().between(0.97 * N_STUDENTS, 1.03 * N_STUDENTS).all()


def test_difficulty_persists(told: Told) -> None:
    """Of those who fail a core subject 35 to 70 % fail one again, at four times the rate of the others."""
    now, then = told.years[0], told.years[1]
    assert then.year == now.year + 1
    pairs = pd.concat([_fails_core(now), _fails_core(then)], axis=1, join="inner", keys=["now", "then"])
    again, newly = pairs.loc[pairs["now"], "then"].mean(), pairs.loc[~pairs["now"], "then"].mean()

    assert 0.08 <= pairs["now"].mean() <= 0.22
    assert 0.35 <= again <= 0.7
    assert again > 4 * newly


def _fails_core(story: SchoolYear) -> pd.Series:
    """Say of each secondary student whether a core subject's final mark was under 60."""
    secondary = story.roll.grade >= rates.FIRST_SECONDARY
    fails = (story.marks.final("language") < 60) | (story.marks.final("mathematics") < 60)
    return pd.Series(fails[secondary], index=story.roll.number[secondary])
