"""What tables, columns, codes, months and levels are called: the contract's own labels, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from earlywarn.domain import Language
from earlywarn.paper import write_month, write_weekday
from earlywarn.quality.missing import PART
from earlywarn.quality.subjects import Subject, subjects
from earlywarn.tables import Contract


@dataclass(frozen=True)
class Naming:
    """The words of one network in one language."""

    contract: Contract
    language: Language

    def table(self, name: str) -> str:
        """Return what a table's rows are called."""
        return self.contract.tables[name].label.get(self.language) or name.replace("_", " ")

    def column(self, table: str, name: str) -> str:
        """Return what a column is called."""
        column = self.contract.columns_of(table).get(name)
        return (column.label.get(self.language) if column else None) or name.replace("_", " ")

    def code(self, table: str, column: str, code: str) -> str:
        """Return what a code of a column is called."""
        declared = self.contract.columns_of(table).get(column)
        labels = declared.labels.get(self.language, {}) if declared else {}
        return labels.get(code, code)

    def group(self, table: str, part: str) -> str:
        """Return what a group of a table's rows is called: its codes, one after the other."""
        codes = part.split(PART) if part else []
        return ", ".join(
            self.code(table, column, code)
            for column, code in zip(self._subjects[table].groups, codes, strict=False)
            if code
        )

    def month(self, part: str) -> str:
        """Name a month given as `2026-11`."""
        return write_month(date.fromisoformat(f"{part}-01"), self.language)

    def weekday(self, part: str) -> str:
        """Name a day of the week given as `5`."""
        return write_weekday(int(part), self.language)

    def days(self, table: str) -> str:
        """Return what the days are called on which something of a table could be recorded."""
        exposure = self._subjects[table].exposure
        if exposure is None:
            return "jours" if self.language == "fr" else "days"
        return self.table(exposure)

    def level(self, level: str) -> str:
        """Return the level's name with what it is a level of; empty where schools have none."""
        network = self.contract.network
        if not level or network.level is None or network.scope.schools is None:
            return ""
        what = self.column(network.scope.schools, network.level)
        gap = "\u00a0" if self.language == "fr" else ""
        return f"{what}{gap}: {self.code(network.scope.schools, network.level, level)}"

    @cached_property
    def _subjects(self) -> Mapping[str, Subject]:
        return {subject.table: subject for subject in subjects(self.contract)}
