"""Scores, exact attributions, reasons with evidence, and rosters; knows nothing of training."""

from earlywarn.scoring.explanations import LeafTables, compile_trees
from earlywarn.scoring.trees import Tree, TreeModel, read_trees

__all__ = ["LeafTables", "Tree", "TreeModel", "compile_trees", "read_trees"]
