"""A local stand-in for Discord's REST API: real HTTP on loopback, and failures by a plan.

What it does is what Discord's documentation says of version 10: pagination, nonces, threads, webhooks, rate limits. It
says nothing about the gateway. Ids are snowflakes of times, so that they sort as Discord's do.
"""

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from aiohttp import web

from slmigrate.agents.live.client import needs_discord

TOKEN = "MTA.stand-in.token"
BOT, APPLICATION, GUILD = "9001", "9002", "7001"
WEBHOOK, WEBHOOK_TOKEN = "8001", "secret-of-the-webhook"
START_MS = 1_778_580_000_000 - 1_420_070_400_000  # 12 May 2026, since Discord's epoch
RETRY_AFTER = 0.01
KINDS = ("429", "429 global", "429 cloudflare", "500", "502", "503", "cut before", "cut inside")
AFTERWARDS = ("500 afterwards", "cut before afterwards", "cut inside afterwards")
"""Failures of a POST that come when the message is there already."""
Json = dict[str, Any]


@dataclass
class Faults:
    """Which requests fail, and how; the same seed, the same faults."""

    share: float = 0.0
    seed: int = 0
    kinds: tuple[str, ...] = KINDS + AFTERWARDS
    most: int = 1_000_000
    planned: list[str] = field(default_factory=list)
    """Taken first, one for each request; "" is none."""
    happened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next(self, method: str) -> str:
        kind = ""
        if self.planned:
            kind = self.planned.pop(0)
        elif len(self.happened) < self.most and self._random.random() < self.share:
            kind = self._random.choice(self.kinds)
            kind = kind if method == "POST" else kind.removesuffix(" afterwards")
        if kind:
            self.happened.append(kind)
        return kind


class StandIn:
    """`with StandIn() as discord:`; `discord.api` is its address."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.token = TOKEN
        self.flags = 1 << 19
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.active: list[Json] = []
        self.archived: dict[str, list[Json]] = {}
        self.nonces: dict[str, Json] = {}
        self.commands: list[Json] = []
        self.answered: list[Json] = []
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Json] = []
        self.hidden: set[str] = set()
        """Channels that the bot may not read."""
        self.slow_seconds = 5.0
        self.remember_nonces = True
        self.kill: tuple[int, bool, int] | None = None
        """Number of a request from 1, whether to kill after it was done, and the process to kill."""
        self.impatient = 0
        """Requests that came before a rate limit was over."""
        self._limited: dict[str, float] = {}
        self._ids = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    # What tests fill in.

    def id_at(self, seconds: float) -> str:
        """A new id, `seconds` after the stand-in's morning."""
        self._ids += 1
        return str((int(START_MS + seconds * 1000) << 22) + self._ids)

    def add_channel(self, channel_id: str, name: str, kind: int = 0) -> None:
        self.channels[channel_id] = {"id": channel_id, "type": kind, "name": name, "guild_id": GUILD}
        self.messages[channel_id] = []

    def add_thread(self, thread_id: str, parent: str, name: str, *, archived: bool = False) -> None:
        self.add_channel(thread_id, name, 11)
        thread = self.channels[thread_id]
        day = f"2026-05-{1 + len(self.archived.get(parent, ())) % 28:02}T00:00:00+00:00"
        thread |= {"parent_id": parent, "thread_metadata": {"archived": archived, "archive_timestamp": day}}
        if archived:
            self.archived.setdefault(parent, []).append(thread)
        else:
            self.active.append(thread)

    def say(self, channel_id: str, content: str, *, seconds: float, by: str = "anna", **more: Any) -> str:
        message = self._message(channel_id, content, {"id": f"1{len(by)}{ord(by[0])}", "username": by}, seconds)
        message |= more
        self.messages[channel_id].append(message)
        if channel_id in self.channels:
            self.channels[channel_id]["last_message_id"] = message["id"]
        return str(message["id"])

    def _message(self, channel_id: str, content: str, author: Json, seconds: float) -> Json:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_778_580_000 + seconds)) + ".000000+00:00"
        return {
            "id": self.id_at(seconds),
            "channel_id": channel_id,
            "type": 0,
            "content": content,
            "author": author,
            "timestamp": stamp,
            "edited_timestamp": None,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
        }

    def posted(self, channel_id: str) -> list[str]:
        """What the bot or the webhook wrote there."""
        return [m["content"] for m in self.messages[channel_id] if m["author"].get("bot") or m.get("webhook_id")]

    # Running.

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def webhook(self) -> str:
        return f"{self.api}/webhooks/{WEBHOOK}/{WEBHOOK_TOKEN}"

    def __enter__(self) -> "StandIn":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        application = web.Application()
        application.router.add_route("*", "/api/v10/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.requests.append((request.method, path))
        if time.monotonic() < max(self._limited.get(path, 0), self._limited.get("*", 0)):
            self.impatient += 1
        killed = self.kill if self.kill and self.kill[0] == len(self.requests) else None
        if killed and not killed[1]:
            os.kill(killed[2], signal.SIGKILL)
            return await _cut(request, b"", 0)
        body = await request.json() if request.can_read_body else {}
        fault = self.faults.next(request.method)
        if fault and not fault.endswith(" afterwards"):
            return await self._fail(request, path, fault, lambda: self._route(request, path, body))
        answer = await self._route(request, path, body)
        if killed:
            os.kill(killed[2], signal.SIGKILL)
            return await _cut(request, b"", 0)
        if fault:
            return await self._fail(request, path, fault.removesuffix(" afterwards"), lambda: _same(answer))
        return answer

    async def _fail(
        self, request: web.Request, path: str, fault: str, route: Callable[[], Awaitable[web.Response]]
    ) -> web.StreamResponse:
        if fault.startswith("429"):
            everywhere = fault.endswith("global")
            self._limited["*" if everywhere else path] = time.monotonic() + RETRY_AFTER * 0.9
            if fault.endswith("cloudflare"):
                return web.Response(status=429, text="error code: 1015", headers={"Retry-After": str(RETRY_AFTER)})
            headers = {"Via": "1.1 stand-in", "Retry-After": "1"} | (
                {"X-RateLimit-Global": "true"} if everywhere else {}
            )
            limited = {"message": "You are being rate limited.", "retry_after": RETRY_AFTER, "global": everywhere}
            return _json(limited, 429, headers)
        if fault == "slow":
            await asyncio.sleep(self.slow_seconds)
            return await _cut(request, b"", 0)
        if fault == "cut before":
            return await _cut(request, b"", 0)
        if fault == "cut inside":
            whole = (await route()).body
            assert isinstance(whole, bytes)
            return await _cut(request, whole[: len(whole) // 2], len(whole))
        if fault == "401":
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        return web.Response(status=int(fault), text="<html>an error</html>", content_type="text/html")

    # What Discord answers.

    async def _route(self, request: web.Request, path: str, body: Json) -> web.Response:
        parts = path.split("/")
        method = request.method
        if parts[0] == "webhooks":
            return self._webhook(request, parts[1:], body)
        if parts[0] == "interactions":
            self.answered.append({"callback": body})
            return _json({"interaction": {"id": parts[1], "type": 2}, "resource": {"type": 5}})
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        match [method, *parts]:
            case ["GET", "users", "@me"]:
                return _json(_user(BOT, "digest-bot", bot=True))
            case ["GET", "oauth2", "applications", "@me"] | ["GET", "applications", "@me"]:
                return _json(self._application())
            case ["PUT", "applications", _, "commands"]:
                return self._commands(body)
            case ["GET", "guilds", _, "threads", "active"]:
                return _json({"threads": self.active, "members": [], "has_more": False})
            case [_, "channels", channel, *rest]:
                if channel not in self.channels:
                    return _json({"message": "Unknown Channel", "code": 10003}, 404)
                if channel in self.hidden:
                    return _json({"message": "Missing Access", "code": 50001}, 403)
                return self._channel(request, channel, rest, body)
        return _json({"message": "404: Not Found", "code": 0}, 404)

    def _commands(self, body: Any) -> web.Response:
        more = {"application_id": APPLICATION, "version": "1", "default_member_permissions": None}
        self.commands = [{**entry, **more, "id": self.id_at(0)} for entry in body]
        return _json(self.commands)

    def _channel(self, request: web.Request, channel: str, rest: list[str], body: Json) -> web.Response:
        match [request.method, *rest]:
            case ["GET"]:
                return _json(self.channels[channel])
            case ["GET", "messages"]:
                headers = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "4", "X-RateLimit-Reset-After": "0.001"}
                found = page(self.messages[channel], dict(request.query))
                return _json(found, headers=headers | {"X-RateLimit-Bucket": "messages"})
            case ["POST", "messages"]:
                return self._post(channel, body)
            case ["GET", "threads", "archived", "public"]:
                return _json(self._archived(channel, dict(request.query)))
        return _json({"message": "404: Not Found", "code": 0}, 404)

    def _archived(self, channel: str, query: dict[str, str]) -> Json:
        def when(thread: Json) -> str:
            return str(thread["thread_metadata"]["archive_timestamp"])

        found = sorted(self.archived.get(channel, ()), key=when, reverse=True)
        older = [thread for thread in found if "before" not in query or when(thread) < query["before"]]
        limit = int(query.get("limit", 50))
        return {"threads": older[:limit], "members": [], "has_more": len(older) > limit}

    def _post(self, channel: str, body: Json) -> web.Response:
        refused = self._unfit(body)
        if refused is not None:
            return refused
        known = self.nonces.get(f"{channel} {body.get('nonce')}")
        if body.get("enforce_nonce") and known is not None and self.remember_nonces:
            return _json(known)
        message = self._message(channel, body["content"].strip(), _user(BOT, "digest-bot", bot=True), _now())
        self.messages[channel].append(message)
        self.nonces[f"{channel} {body.get('nonce')}"] = message
        return _json(message | {"nonce": body.get("nonce")})

    def _unfit(self, body: Json) -> web.Response | None:
        """Keeps what was sent; Discord counts code points."""
        self.bodies.append(body)
        content = body.get("content", "")
        if not content.strip() or len(content) > 2000 or len(str(body.get("nonce", ""))) > 25:
            errors = {
                "content": {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": "Must be 1 to 2000 in length."}]}
            }
            return _json({"message": "Invalid Form Body", "code": 50035, "errors": errors}, 400)
        return None

    def _webhook(self, request: web.Request, parts: list[str], body: Json) -> web.Response:
        if parts[0] == APPLICATION:  # follows up an interaction
            self.answered.append({"followup": body})
            message = self._message("0", body["content"], _user(BOT, "digest-bot", bot=True), _now())
            return _json(message)
        if parts[0] != WEBHOOK:
            return _json({"message": "Unknown Webhook", "code": 10015}, 404)
        if parts[1] != WEBHOOK_TOKEN:
            return _json({"message": "Invalid Webhook Token", "code": 50027}, 401)
        channel = request.query.get("thread_id") or next(iter(self.channels))
        if request.method == "GET":
            return _json({"id": WEBHOOK, "type": 1, "channel_id": next(iter(self.channels)), "name": "digest"})
        refused = self._unfit(body)
        if refused is not None:
            return refused
        message = self._message(channel, body["content"].strip(), _user(WEBHOOK, "digest", bot=True), _now())
        message["webhook_id"] = WEBHOOK
        self.messages[channel].append(message)
        return _json(message) if request.query.get("wait") == "true" else web.Response(status=204)

    def _application(self) -> Json:
        return {
            "id": APPLICATION,
            "name": "digest-bot",
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "00",
            "flags": self.flags,
            "owner": _user("5", "owner"),
        }


def page(messages: list[Json], query: dict[str, str]) -> list[Json]:
    """Newest first, at most 100. With `after` the oldest ones behind it, with `before` the newest ones ahead of it."""
    limit = int(query.get("limit", 50))
    assert 1 <= limit <= 100
    ordered = sorted(messages, key=lambda message: int(message["id"]))
    if "after" in query:
        found = [message for message in ordered if int(message["id"]) > int(query["after"])][:limit]
    elif "before" in query:
        found = [message for message in ordered if int(message["id"]) < int(query["before"])][-limit:]
    elif "around" in query:
        near = sorted(ordered, key=lambda message: abs(int(message["id"]) - int(query["around"])))[:limit]
        found = sorted(near, key=lambda message: int(message["id"]))
    else:
        found = ordered[-limit:]
    return found[::-1]


@contextmanager
def hurried() -> Iterator[None]:
    """discord.py waits 1, 3, 5, ... seconds after a 5xx, and has no setting for it: waits of a second or more are cut
    to milliseconds there, and nothing else is changed."""
    needs_discord("The test")
    import discord.http
    import discord.webhook.async_

    class Hurried(ModuleType):
        def __getattr__(self, name: str) -> Any:
            return getattr(asyncio, name)

        @staticmethod
        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds if seconds < 1 else seconds / 1000)

    modules: list[Any] = [discord.http, discord.webhook.async_]
    for module in modules:
        module.asyncio = Hurried("asyncio")
    try:
        yield
    finally:
        for module in modules:
            module.asyncio = asyncio


async def _same(answer: web.Response) -> web.Response:
    return answer


async def _cut(request: web.Request, start: bytes, length: int) -> web.StreamResponse:
    """Send the start of an answer, then break the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(length)})
    if start:
        await response.prepare(request)
        await response.write(start)
    if request.transport is not None:
        request.transport.close()
    return response


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Discord's content type has no charset, and discord.py reads JSON only where it is exactly that."""
    import json

    return web.Response(
        body=json.dumps(document).encode(),
        status=status,
        headers={"Content-Type": "application/json", "Via": "1.1 stand-in"} | (headers or {}),
    )


def _user(user_id: str, name: str, *, bot: bool = False) -> Json:
    return {"id": user_id, "username": name, "discriminator": "0", "global_name": None, "avatar": None, "bot": bot}


def _now() -> float:
    """Seconds since the stand-in's morning: what is posted is posted now."""
    return time.time() - 1_778_580_000
