"""A bot that is logged in over HTTP, without the gateway: one question after the other, and patience.

discord.py keeps Discord's rate limits (per route and global) and repeats some failures; what it does not repeat (503,
connections that break, answers that are cut) is repeated here, with waits that grow. Knows nothing of messages.
"""

import asyncio
import json
import os
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from slmigrate.agents.live.errors import (
    Refused,
    TokenMissing,
    TokenRefused,
    ToldToWait,
    Trouble,
    Unreachable,
)
from slmigrate.errors import ExtraMissing, InputError

if TYPE_CHECKING:
    import discord

Answer = TypeVar("Answer")
API = "SLMIGRATE_DISCORD_API"
"""Environment variable: another address than https://discord.com/api/v10, for tests and proxies."""
LONGEST_LIMIT = 60.0
"""Seconds that discord.py may sit out a rate limit by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long. The defaults sit out about five minutes of trouble per question."""

    tries: int = 8
    first_seconds: float = 1.0
    """Before the second try; doubles with each."""
    most_seconds: float = 60.0
    answer_seconds: float = 60.0
    """Given to one answer."""
    limit_seconds: float = 900.0
    """A rate limit longer than that ends the command."""
    settle_seconds: float = 2.0
    """Given to Discord to show what it has just been sent."""

    def wait(self, tried: int) -> float:
        return min(self.most_seconds, self.first_seconds * 2.0 ** (tried - 1))


class Session:
    """A logged-in bot. Made by `logged_in`."""

    def __init__(self, client: "discord.Client", patience: Patience) -> None:
        self.client, self.patience = client, patience

    @property
    def bot_id(self) -> str:
        return str(self.client.user.id) if self.client.user else ""

    async def ask(self, method: str, path: str, *, doing: str, needs: str = "", **given: Any) -> Any:
        """The answer to one question that may be asked twice, as JSON.

        Args:
            doing: what is done, as the start of an error's sentence.
            needs: the permissions that a 403 means are missing.
            given: `params`, `json`, and what the path names (`channel_id`, ...).

        Raises:
            DiscordError: refused, or no answer after all tries.
        """
        return await repeat(self.patience, doing, lambda: self.once(method, path, doing=doing, needs=needs, **given))

    async def once(self, method: str, path: str, *, doing: str, needs: str = "", **given: Any) -> Any:
        """One try of `ask`; what may be tried again is a Trouble."""
        from discord.http import Route

        sent = {key: given.pop(key) for key in ("params", "json") if key in given}
        async with failures(doing, needs):
            answer = await self.client.http.request(Route(method, path, **given), **sent)
        if not isinstance(answer, dict | list):
            raise Trouble("the answer was no JSON", arrived=True)
        return answer


async def repeat(patience: Patience, doing: str, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `attempt()` answers; after a Trouble again, with growing waits.

    Raises:
        Unreachable, ToldToWait: it is the last try, or the wait is too long.
    """
    for tried in range(1, patience.tries + 1):
        try:
            return await attempt()
        except Trouble as trouble:
            await pause(patience, doing, tried, trouble)
    raise AssertionError("the last try raises")


async def pause(patience: Patience, doing: str, tried: int, trouble: Trouble) -> None:
    """Wait after the try with that number; the last one, or a limit that is too long, raises."""
    if trouble.wait is not None and trouble.wait > patience.limit_seconds:
        raise ToldToWait(doing, trouble.wait) from trouble
    if tried >= patience.tries:
        raise Unreachable(doing, tried, trouble.why) from trouble
    await asyncio.sleep(max(trouble.wait or 0.0, patience.wait(tried)))


@asynccontextmanager
async def failures(doing: str, needs: str = "") -> AsyncIterator[None]:
    """Every way in which discord.py and aiohttp fail, as a Trouble or a DiscordError."""
    import aiohttp
    import discord

    try:
        yield
    except discord.LoginFailure as error:
        raise TokenRefused from error
    except discord.RateLimited as error:
        raise Trouble("of a rate limit", arrived=False, wait=error.retry_after) from error
    except discord.HTTPException as error:
        raise _answered(error, doing, needs) from error
    except aiohttp.ClientConnectorError as error:
        raise Trouble("no connection could be made", arrived=False) from error
    except TimeoutError as error:
        raise Trouble("no answer came in time", arrived=True) from error
    except (aiohttp.ClientError, OSError) as error:
        raise Trouble("the connection broke", arrived=True) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Trouble("the answer was cut", arrived=True) from error


def _answered(error: "discord.HTTPException", doing: str, needs: str) -> Exception:
    """What an answer other than 2xx means."""
    if error.status == 401:
        return TokenRefused()
    if error.status == 429:  # discord.py gave up, or the answer came from Cloudflare and has no body that it knows
        after = error.response.headers.get("Retry-After", "")
        wait = float(after) if after.replace(".", "", 1).isdigit() else None
        return Trouble("of a rate limit (429)", arrived=False, wait=wait)
    if error.status >= 500:
        return Trouble(f"Discord answers {error.status}", arrived=True)
    return Refused(doing, error.status, " ".join(error.text.split())[:200], needs=needs)


@asynccontextmanager
async def logged_in(
    token: str | None, *, api: str | None = None, patience: Patience | None = None
) -> AsyncIterator[Session]:
    """A session of the bot with that token.

    Args:
        api: another address than Discord's; None takes the environment's, if it has one.

    Raises:
        ExtraMissing: discord.py is not installed.
        TokenMissing, TokenRefused: no token, or not a good one.
        DiscordError: Discord could not be reached.
    """
    if not (token or "").strip():
        raise TokenMissing
    patience = patience or Patience()
    with pointed_at(api):
        client = await repeat(patience, "Logging in", lambda: _login(token or "", patience))
        try:
            yield Session(client, patience)
        finally:
            await _close(client)


async def _login(token: str, patience: Patience) -> "discord.Client":
    """A client of its own for each try: a failed login of discord.py leaves its connection open."""
    import discord

    client = discord.Client(intents=discord.Intents(guilds=True), max_ratelimit_timeout=LONGEST_LIMIT)
    limit_answers(client, patience)
    try:
        async with failures("Logging in"):
            await client.login(token)
        return client
    except BaseException:
        await _close(client)
        raise


def limit_answers(client: "discord.Client", patience: Patience) -> None:
    """Give every single answer `answer_seconds`; discord.py has no setting for it and waits five minutes."""
    from aiohttp import ClientTimeout

    limited = partial(client.http.request, timeout=ClientTimeout(total=patience.answer_seconds))
    setattr(client.http, "request", limited)  # noqa: B010


async def _close(client: "discord.Client") -> None:
    await client.close()
    await asyncio.sleep(0)  # lets the transports close before the loop does


def needs_discord(needed_for: str) -> None:
    """Raises ExtraMissing where discord.py is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the standard library's audioop, for voice
            import discord
    except ImportError as error:
        raise ExtraMissing("discord", needed_for=needed_for) from error
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here


@contextmanager
def pointed_at(api: str | None) -> Iterator[str]:
    """Have discord.py ask `api` (None: what the environment says, else Discord) inside the block; gives the address.

    Raises:
        ExtraMissing: discord.py is not installed.
        InputError: an address to which a token must not be sent: neither https nor this machine.
    """
    needs_discord("Talking to Discord")
    from discord.http import Route

    api = (api or os.environ.get(API, "")).rstrip("/")
    if api and not _safe(api):
        raise InputError(f"{api!r} is neither https nor this machine; the bot's token is not sent there. Check {API}.")
    before = Route.BASE
    Route.BASE = api or before
    try:
        yield Route.BASE
    finally:
        Route.BASE = before


def _safe(api: str) -> bool:
    parts = urlsplit(api)
    if parts.scheme == "https":
        return bool(parts.hostname)
    try:
        return parts.scheme == "http" and ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.scheme == "http" and parts.hostname == "localhost"
