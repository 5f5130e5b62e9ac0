"""Which models there are, and how to get one: catalogue, weights, resolve(spec) -> Engine, pipeline.

from slmigrate.models.catalogue import load      what is known
from slmigrate.models.weights import pull        fetch (the only module that downloads)
from slmigrate.models.resolve import resolve     a loaded engine
from slmigrate.models.pipeline import pipeline   the drop-in for migrated code
"""
