"""The fake engine: says what it is told to say. For tests, ours and the users'. Needs nothing and reaches nothing."""

from collections.abc import Callable, Mapping, Sequence

from slmigrate.engines.base import Engine, Reply, Request, same_support
from slmigrate.errors import EngineFailed


class Scripted(Engine):
    """Answers by a function, by the request's text, or in order.

    Args:
        answers: a function of the request; a mapping from text to answer; or answers in the order of the requests.

    Every request is kept in `requests`, so that a test can see what was asked. An answer that is missing raises
    EngineFailed: nothing is made up.
    """

    name = "scripted"
    tasks = frozenset({"summarization", "text-generation"})
    support = same_support("exact")
    context_tokens = None

    def __init__(
        self, answers: Callable[[Request], str] | Mapping[str, str] | Sequence[str], *, spec: str = "scripted"
    ) -> None:
        self.spec = spec
        self.requests: list[Request] = []
        self._answers = answers

    def answer(self, request: Request) -> Reply:
        self.check(request.generation)
        self.requests.append(request)
        text = self._find(request)
        asked = request.text if request.text is not None else " ".join(m.content for m in request.messages)
        return Reply(text=text, input_tokens=len(asked.split()), output_tokens=len(text.split()))

    def _find(self, request: Request) -> str:
        if callable(self._answers):
            return self._answers(request)
        try:
            if isinstance(self._answers, Mapping):
                return self._answers[request.text or ""]
            return self._answers[len(self.requests) - 1]
        except (KeyError, IndexError) as error:
            raise EngineFailed(
                self.spec, "answering", f"nothing is scripted for request {len(self.requests)}"
            ) from error
