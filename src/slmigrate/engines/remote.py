"""Hosted models: OpenAI, Azure OpenAI, and every server that speaks their chat completions.

Through the `openai` SDK (extra `hosted`): keys and addresses come from its usual environment variables, and it retries
with growing pauses, or after the time that the server names in Retry-After (up to two minutes). No message ever holds
a key.
"""

import os
import re
from collections.abc import Iterator
from typing import Any, Literal, NoReturn

from slmigrate.engines.base import Engine, Generation, Reply, Request
from slmigrate.engines.prompts import chat_messages
from slmigrate.errors import EngineFailed, ExtraMissing, ParameterRefused
from slmigrate.records import ParameterSupport

DEFAULT_TIMEOUT_SECONDS = 60.0
DEFAULT_RETRIES = 2
MAX_STOPS = 4
"""OpenAI takes no more."""
_ADVICE = {
    400: "Check the request: model, lengths and parameters",
    401: "Check the key in {key}",
    403: "The key in {key} may not use this model",
    404: "Check the name of the {what} and the address",
    408: "Try again later, or allow more time",
    409: "Try again",
    413: "Shorten the input",
    422: "Check the request: model, lengths and parameters",
    429: "Wait, or ask for a higher limit",
}
_NOT_SENT = "the server has no such setting; it is not sent"


class Remote(Engine):
    """One hosted model.

    Args:
        model: model of OpenAI or of the compatible server; for Azure the deployment.
        provider: whose wire and environment variables: OPENAI_API_KEY, OPENAI_BASE_URL, or AZURE_OPENAI_API_KEY (or
            AZURE_OPENAI_AD_TOKEN), AZURE_OPENAI_ENDPOINT, OPENAI_API_VERSION.
        base_url: a compatible server, or the Azure endpoint. None: from the environment.
        timeout_seconds: for one try.
        retries: how often a failed try is repeated (connection, 408, 409, 429, 5xx).

    Raises:
        ExtraMissing: the SDK is not installed.
        EngineFailed: no key, or no address.
    """

    name = "remote"
    tasks = frozenset({"summarization", "text-generation"})
    support = (
        ParameterSupport(name="max_new_tokens", level="exact"),
        ParameterSupport(name="min_new_tokens", level="approximated", note="the model may stop earlier"),
        ParameterSupport(name="num_beams", level="approximated", note="no beam search on hosted models"),
        ParameterSupport(name="length_penalty", level="approximated", note="it ranks beams, and there are none"),
        ParameterSupport(name="no_repeat_ngram_size", level="approximated", note=_NOT_SENT),
        ParameterSupport(
            name="repetition_penalty", level="refused", note="hosted models have frequency penalties, which are others"
        ),
        ParameterSupport(name="temperature", level="exact"),
        ParameterSupport(name="top_p", level="exact"),
        ParameterSupport(name="seed", level="approximated", note="providers promise the same answer at best effort"),
        ParameterSupport(name="stop", level="exact", note=f"at most {MAX_STOPS}"),
    )

    def __init__(
        self,
        model: str,
        *,
        provider: Literal["openai", "azure"] = "openai",
        base_url: str | None = None,
        spec: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        retries: int = DEFAULT_RETRIES,
    ) -> None:
        self.spec = spec or f"{provider}:{model}"
        self.model, self.provider = model, provider
        self.context_tokens = None
        self._retries, self._timeout = retries, timeout_seconds
        self._length = "max_tokens"
        self._client: Any = self._connect(base_url)

    @property
    def host(self) -> str:
        """Host and port that answers, for messages."""
        url = self._client.base_url
        return f"{url.host}:{url.port}" if url.port else str(url.host)

    def answer(self, request: Request) -> Reply:
        """Answer one request.

        `overlong` cuts nothing here: only the server knows its tokens. What is too long for it is an EngineFailed.
        """
        completion = self._ask(request, stream=False)
        choices = getattr(completion, "choices", None)
        if not choices:
            self._fail("it sent no answer (the body is not a chat completion). Check the address")
        choice, usage = choices[0], completion.usage
        if choice.finish_reason == "content_filter":
            self._fail("its content filter stopped the answer. Change the input")
        if choice.message is None or choice.message.content is None:
            refusal = getattr(choice.message, "refusal", None)
            self._fail(f"it answered without text ({self._clean(refusal or choice.finish_reason)})")
        return Reply(
            text=choice.message.content.strip(),
            input_tokens=usage.prompt_tokens if usage else None,
            output_tokens=usage.completion_tokens if usage else None,
            finish="length" if choice.finish_reason == "length" else "stop",
        )

    def stream(self, request: Request) -> Iterator[str]:
        """The answer piece by piece.

        Raises:
            EngineFailed: as `answer`; also when the connection ends before the server said that the answer is whole.
        """
        import openai

        finished = None
        events = self._ask(request, stream=True)
        try:
            for event in events:
                for choice in event.choices[:1]:
                    if choice.delta.content:
                        yield choice.delta.content
                    finished = choice.finish_reason or finished
        except (openai.APIConnectionError, ValueError, AttributeError, TypeError, _transport_errors()) as error:
            self._fail(f"the stream broke off ({type(error).__name__}). Ask again", error)
        except openai.OpenAIError as error:
            self._explain(error)
        finally:
            events.close()
        if finished is None:
            self._fail("the stream ended before the answer was whole. Ask again")
        if finished == "content_filter":
            self._fail("its content filter stopped the answer. Change the input")

    def close(self) -> None:
        if not self._client.is_closed():
            self._client.close()

    def _connect(self, base_url: str | None) -> Any:
        try:
            import openai
        except ImportError as error:
            raise ExtraMissing("hosted", needed_for=f"The hosted model {self.spec!r}") from error
        common: dict[str, Any] = {"timeout": self._timeout, "max_retries": self._retries}
        try:
            if self.provider == "azure":
                endpoint = base_url or os.environ.get("AZURE_OPENAI_ENDPOINT")
                if not endpoint:
                    raise EngineFailed(self.spec, "connecting", "no address. Set AZURE_OPENAI_ENDPOINT")
                return openai.AzureOpenAI(azure_endpoint=endpoint, azure_deployment=self.model, **common)
            own_server = base_url or os.environ.get("OPENAI_BASE_URL")
            if own_server and not os.environ.get("OPENAI_API_KEY"):
                common["api_key"] = "no-key"  # servers of one's own mostly ask for none; the SDK insists on one
            return openai.OpenAI(base_url=base_url, **common)
        except (openai.OpenAIError, ValueError) as error:
            names = "AZURE_OPENAI_API_KEY and OPENAI_API_VERSION" if self.provider == "azure" else "OPENAI_API_KEY"
            raise EngineFailed(self.spec, "connecting", f"a key or setting is missing. Set {names}") from error

    def _ask(self, request: Request, *, stream: bool) -> Any:
        import openai

        self.check(request.generation)
        if self._client.is_closed():
            raise EngineFailed(self.spec, "answering", "it was closed")
        body = self._body(request)
        try:
            try:
                return self._create(body, stream)
            except openai.BadRequestError as error:
                if "max_completion_tokens" not in str(error) or self._length not in body:
                    raise
                # reasoning models of OpenAI refuse the old name, compatible servers mostly know no other
                body["max_completion_tokens"] = body.pop(self._length)
                self._length = "max_completion_tokens"
                return self._create(body, stream)
        except openai.OpenAIError as error:
            self._explain(error)
        except ValueError as error:  # a body that claims to be JSON
            self._fail("it sent broken JSON. Check the address, or ask again", error)

    def _create(self, body: dict[str, Any], stream: bool) -> Any:
        more = {"stream": True} if stream else {}
        return self._client.chat.completions.create(model=self.model, **body, **more)

    def _body(self, request: Request) -> dict[str, Any]:
        generation: Generation = request.generation
        if len(generation.stop) > MAX_STOPS:
            raise ParameterRefused(self.name, "stop", f"{len(generation.stop)} texts; at most {MAX_STOPS} can be sent")
        messages = chat_messages(request, engine=self.name)
        wanted = {
            "messages": [message.model_dump() for message in messages],
            self._length: generation.max_new_tokens,
            "temperature": generation.temperature,
            "top_p": generation.top_p,
            "seed": generation.seed,
            "stop": list(generation.stop) or None,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def _explain(self, error: Exception) -> NoReturn:
        import openai

        if isinstance(error, openai.APIStatusError):
            self._fail(self._status(error), error)
        if isinstance(error, openai.APITimeoutError):
            tries = f"{self._retries + 1} tries of {self._timeout:g} s"
            self._fail(f"no answer in {tries}. Allow more time, or ask for less", error)
        if isinstance(error, openai.APIConnectionError):
            why = self._clean(error.__cause__ or error)
            self._fail(f"no connection ({why}). Check the address and the network", error)
        self._fail(self._clean(error), error)

    def _status(self, error: Any) -> str:
        """Status, what the server says, and what to do."""
        code = error.status_code
        body = error.body if isinstance(error.body, dict) else {}
        said = self._clean(body.get("message") or error.response.reason_phrase or "no reason given")
        azure = self.provider == "azure"
        advice = _ADVICE.get(code, "Try again later" if code >= 500 else "Check the request").format(
            key="AZURE_OPENAI_API_KEY" if azure else "OPENAI_API_KEY", what="deployment" if azure else "model"
        )
        wait = error.response.headers.get("retry-after")
        after = f" (the server asks to wait {self._clean(wait)} s)" if code == 429 and wait else ""
        repeated = (
            f" after {self._retries + 1} tries" if self._retries and (code in (408, 409, 429) or code >= 500) else ""
        )
        return f"status {code}{repeated}: {said.rstrip('.')}. {advice}{after}"

    def _clean(self, said: object) -> str:
        """One line of at most 200 characters, without the key (servers repeat it when they refuse it)."""
        line = " ".join(str(said).split())
        for key in (self._client.api_key, os.environ.get("AZURE_OPENAI_AD_TOKEN")):
            if isinstance(key, str) and len(key) > 3:
                line = line.replace(key, "***")
        line = re.sub(r"\b(sk-|Bearer )[\w*.-]{6,}", "***", line)
        return line if len(line) <= 200 else line[:199] + "…"

    def _fail(self, why: str, cause: BaseException | None = None) -> NoReturn:
        raise EngineFailed(self.spec, f"asking {self.model!r} at {self.host}", why) from cause


def _transport_errors() -> type[Exception]:
    """What the SDK's HTTP library raises in the middle of a stream (older SDKs let it through)."""
    import openai._base_client as base

    library: Any = getattr(base, "httpx2", None) or getattr(base, "httpx")  # noqa: B009
    error: type[Exception] = library.HTTPError
    return error
