"""A loaded model: text in, text out. Knows weights on disk, nothing of catalogues or HTTP serving."""

from slmigrate.engines.base import Engine, Generation, Message, Reply, Request

__all__ = ["Engine", "Generation", "Message", "Reply", "Request"]
