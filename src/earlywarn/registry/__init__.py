"""The only door to MLflow: runs, registered versions, and the aliases candidate and champion.

Nothing else imports mlflow, and nothing that serves imports this. Bundles are folders of text; no pickle.
"""

from earlywarn.registry.records import ChildRun, DataInput, ModelVersion, RunRecord
from earlywarn.registry.tracking import CANDIDATE, CHAMPION, Registry, open_registry

__all__ = [
    "CANDIDATE",
    "CHAMPION",
    "ChildRun",
    "DataInput",
    "ModelVersion",
    "Registry",
    "RunRecord",
    "open_registry",
]
