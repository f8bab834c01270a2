"""Count the students who have no value where they should: missing marks by term and subject.

Asked about are the students who were in the school on the day the group of rows is usually about (the
school's own median day, or the network's where the school has none), in the grades where most students of the
network have a row of that group. What nobody of a grade is given is not missing there.
"""

from __future__ import annotations

from earlywarn.quality.places import Window
from earlywarn.quality.subjects import Subject
from earlywarn.tables import Contract, quote

PART = "\x1f"
_MOST = 0.5


def missing_sql(contract: Contract, window: Window, subject: Subject, column: str) -> str:
    """Return rows of (school, group, students without a value, students asked about, share, 0)."""
    names = contract.network.unit
    unit, own_unit = ", ".join(map(quote, names)), ", ".join(f"stay.{quote(name)}" for name in names)
    codes = (f"coalesce(CAST({quote(name)} AS VARCHAR), '')" for name in subject.groups)
    part = f" || '{PART}' || ".join(codes) or "''"
    return f"""WITH cells AS (
  SELECT {unit}, {part} AS part, bool_or({quote(column)} IS NOT NULL) AS has_value,
    any_value(_school) AS _school, max(coalesce(_on, DATE '{window.last}')) AS day
  FROM q_facts GROUP BY ALL
), network_days AS (
  SELECT part, quantile_disc(day, 0.5) AS day FROM cells GROUP BY part
), own_days AS (
  SELECT part, _school, quantile_disc(day, 0.5) AS day FROM cells WHERE _school IS NOT NULL GROUP BY ALL
), asked AS (
  SELECT school._school, network.part, coalesce(own.day, network.day) AS day
  FROM q_schools AS school CROSS JOIN network_days AS network
  LEFT JOIN own_days AS own ON own._school = school._school AND own.part = network.part
), there AS (
  SELECT asked.part, stay._school, stay._grade, {own_unit}
  FROM asked JOIN q_stays AS stay
  ON stay._school = asked._school AND asked.day BETWEEN stay._from AND stay._to
), told AS (
  SELECT there._school, part, _grade, cells.has_value IS NOT NULL AS has_row,
    coalesce(cells.has_value, FALSE) AS has_value
  FROM there LEFT JOIN (SELECT {unit}, part, has_value FROM cells) AS cells USING ({unit}, part)
), given AS (
  SELECT part, _grade FROM told GROUP BY ALL HAVING avg(CAST(has_row AS INTEGER)) >= {_MOST}
)
SELECT _school, part, count(*) FILTER (WHERE NOT has_value), count(*), avg(CAST(NOT has_value AS INTEGER)), 0
FROM told WHERE EXISTS (
  SELECT 1 FROM given WHERE given.part = told.part AND given._grade IS NOT DISTINCT FROM told._grade
) GROUP BY _school, part"""
