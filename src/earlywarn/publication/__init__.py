"""Write, sign, verify and load published model folders; the service trusts nothing else."""

from earlywarn.publication.folders import (
    current_version,
    load_current,
    load_published,
    published_models,
    put_in_use,
    roll_back,
)
from earlywarn.publication.keys import public_key, signing_key
from earlywarn.publication.manifest import MANIFEST
from earlywarn.publication.writing import unsigned_model, write_published
from earlywarn.scoring import PublishedModel

__all__ = [
    "MANIFEST",
    "PublishedModel",
    "current_version",
    "load_current",
    "load_published",
    "public_key",
    "published_models",
    "put_in_use",
    "roll_back",
    "signing_key",
    "unsigned_model",
    "write_published",
]
