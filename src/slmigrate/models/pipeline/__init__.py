"""The drop-in for what transformers 5 removed: `pipeline("summarization", model=…)`, without torch.

Takes and gives what the pipelines of transformers 4.57 took and gave; docs/pipeline.md lists every difference.
"""

from slmigrate.models.pipeline.base import Noted, Pipeline
from slmigrate.models.pipeline.construct import pipeline

__all__ = ["Noted", "Pipeline", "pipeline"]
