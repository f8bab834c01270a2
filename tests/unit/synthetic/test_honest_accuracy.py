"""What is known on 20 November tells leavers apart about as well as real records do, and no better."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from earlywarn.synthetic import rates
from earlywarn.synthetic.attendance import record_absences
from earlywarn.synthetic.bulletins import MARK_TEXTS, send_bulletins
from earlywarn.synthetic.calendar import bulletin_days, school_days
from earlywarn.synthetic.lives import Lives
from earlywarn.synthetic.schools import invent_schools

N_STUDENTS = 30_000


def test_a_plain_model_reaches_between_75_and_85() -> None:
    """Logistic regression on hand-made marks, absences and repetition, tested on the last year."""
    rows = _rows()
    past, test = rows[rows["year"] < 2025], rows[rows["year"] == 2025]
    columns = [name for name in rows.columns if name not in ("year", "leaves")]
    center, scale = past[columns].mean(), past[columns].std()
    model = LogisticRegression(max_iter=1_000).fit((past[columns] - center) / scale, past["leaves"])

    risk = model.predict_proba((test[columns] - center) / scale)[:, 1]

    assert 0.75 <= roc_auc_score(test["leaves"], risk) <= 0.85
    assert 0.55 <= roc_auc_score(test["leaves"], test["unexcused"]) <= 0.75
    assert 0.60 <= roc_auc_score(test["leaves"], -test["mark"]) <= 0.80


def _rows() -> pd.DataFrame:
    """Return one row per secondary student and school year, as known on 20 November."""
    generator = np.random.default_rng(5)
    schools = invent_schools(N_STUDENTS, generator)
    rows = []
    for css in range(schools.n_css):
        lives = Lives(schools, css, N_STUDENTS // schools.n_css, generator)
        for year in range(2008, 2026):
            story = lives.live(year)
            if year < 2022:
                continue
            today, days = np.datetime64(f"{year}-11-20"), school_days(year, generator)
            seen = record_absences(story, schools, days, generator)
            sent = send_bulletins(
                story, schools, days, bulletin_days(year, len(schools.css), generator), generator
            )
            roll = story.roll
            frame = pd.DataFrame(
                {
                    "year": year,
                    "leaves": story.dropped_out,
                    "grade": roll.grade,
                    "late": roll.years_late,
                    "repeats": roll.is_repeating.astype(float),
                    "mark": _mean_mark(sent.student, sent.mark, sent.reported_on < today, len(roll)),
                    "unexcused": np.log1p(
                        _counts(seen.student, (seen.category == 1) & (seen.recorded_on < today), len(roll))
                    ),
                    "excused": np.log1p(
                        _counts(seen.student, (seen.category == 0) & (seen.recorded_on < today), len(roll))
                    ),
                }
            )
            there = story.left_at * len(days) > np.searchsorted(days, today)
            rows.append(frame[(roll.grade >= rates.FIRST_SECONDARY) & there])
    found = pd.concat(rows, ignore_index=True)
    return found.assign(
        unmarked=found["mark"].isna().astype(float), mark=found["mark"].fillna(found["mark"].mean())
    )


def _counts(student: np.ndarray, mask: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(student[mask], minlength=n)


def _mean_mark(student: np.ndarray, mark: np.ndarray, known: np.ndarray, n: int) -> np.ndarray:
    known = known & (mark < len(MARK_TEXTS) - 2)
    total = np.bincount(student[known], weights=mark[known] / 2, minlength=n)
    count = np.bincount(student[known], minlength=n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
