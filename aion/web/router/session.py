"""Logging in and out, bearer tokens and the audit."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from aion.clock import iso
from aion.errors import ConfigError, ConflictError, NotFoundError
from aion.store.layout import check_name
from aion.web.http.answer import answer
from aion.web.router.common import NOT_FOUND, desk_of, store_of
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.document import AuditList, LogoutAnswer, SessionAnswer, TokenAnswer, TokenList
from aion.web.security.login import address_of
from aion.web.security.page import safe_next
from aion.web.security.password import BusyError, is_password
from aion.web.security.store import ROLES, SESSION_S, TOKEN_WHO, DeskStore, Identity, Role
from aion.web.status.document import ErrorAnswer

MAX_BODY = 8 << 10
REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorAnswer, "description": "Not logged in, or not the password."},
    429: {"model": ErrorAnswer, "description": "Too many tries; `Retry-After` says when to come back."},
}

NO_SESSION: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer, "description": "Asked with a bearer token, which has no session."}
}

_LOGIN_SCHEMA = {
    "type": "object",
    "properties": {"password": {"type": "string"}, "next": {"type": "string"}},
    "required": ["password"],
}
_LOGIN_BODY = {
    "required": True,
    "content": {
        kind: {"schema": _LOGIN_SCHEMA} for kind in ("application/json", "application/x-www-form-urlencoded")
    },
}

session_router = APIRouter(prefix="/api", tags=["session"], responses={**NOT_FOUND, **REFUSED})


class _Login(BaseModel):
    model_config = ConfigDict(extra="ignore")
    password: str = Field(min_length=1, max_length=1024)
    next: str = ""


class NewToken(BaseModel):
    """A bearer token to be made."""

    name: str = Field(max_length=64, description="For people; letters, digits, `.`, `_`, `-`.")
    role: Role = "viewer"
    days: float = Field(90, gt=0, le=3650, description="Days until it ends.")


@session_router.get("/session", response_model=SessionAnswer)
async def session(request: Request) -> Response:
    """Return who asks; on a desk without a password that is `local`, who may do everything."""
    identity: Identity | None = request.scope["aion.identity"]
    if identity is None:
        detail = {"error": "LoginNeeded", "detail": "log in at /login, or send a bearer token"}
        return JSONResponse(detail, status_code=401)
    found = {"who": identity.who, "role": identity.role}
    if identity.ends_at != float("inf"):
        found["ends_at"] = _time(identity.ends_at)
    return JSONResponse(found)


@session_router.post("/session", response_model=SessionAnswer, openapi_extra={"requestBody": _LOGIN_BODY})
async def log_in(request: Request) -> Response:
    """Log in with a password; the answer sets the session's cookie.

    JSON is answered with JSON, the login page's form with a redirect to `next`.
    """
    desk, address = desk_of(request), address_of(request.scope)
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    given = await _read_login(request, is_form=is_form)
    base = desk.settings.base_path
    after = base + safe_next(given.next.removeprefix(base) if given.next.startswith(f"{base}/") else given.next)
    store, tries = desk.store, desk.tries
    if store is None or tries is None or not store.has_password:
        raise NotFoundError("this desk has no password; it answers its own machine only")
    jar = CookieJar(store.desk_id, base)
    device = jar.value(jar.device, request.scope)
    sender = (address, device) if device else (address,)
    wait_s = await run_in_threadpool(tries.take, *sender)
    if wait_s > 0:
        if tries.is_news(address):  # once: a flood would push everything else out of the audit
            await run_in_threadpool(store.record_refusal, address, "too many tries")
        return _refused(
            429, "TooManyTries", "too many tries: wait and try again", is_form, "wait", after, base, wait_s
        )
    is_admin = await run_in_threadpool(tries.role_of, *sender) == "admin"
    try:
        found = await run_in_threadpool(_role_of, store, given.password, is_admin=is_admin)
    except BusyError as error:
        await run_in_threadpool(tries.give_back, *sender)
        return _refused(429, "Busy", str(error), is_form, "wait", after, base, 5.0)
    key = await run_in_threadpool(store.open_session, found[0], address, found[1]) if found else ""
    if found is None or not key:
        await run_in_threadpool(store.record_refusal, address, "wrong password")
        desk.log.warning(f"a login from {address} gave a wrong password")
        return _refused(401, "WrongPassword", "that is not the password", is_form, "wrong", after, base, 0.0)
    role = found[0]
    await run_in_threadpool(tries.forgive, address, role, device)
    done: Response = RedirectResponse(after, 303) if is_form else JSONResponse({"who": role, "role": role})
    kept = jar.kept(request.scope)
    if jar.value(kept, request.scope):  # what was kept for another login is not for this one
        done.raw_headers.append(jar.header(kept, "", request.scope, 0, is_readable=True))
    done.raw_headers.append(jar.header(jar.session, key, request.scope, SESSION_S))
    return done


@session_router.delete("/session", response_model=LogoutAnswer, responses=NO_SESSION)
async def log_out(
    request: Request,
    everywhere: Annotated[bool, Query(description="True ends all sessions of the role.")] = False,
    tokens: Annotated[
        bool, Query(description="False keeps the bearer tokens, which `everywhere` of an admin revokes as well.")
    ] = True,
) -> Response:
    """Log out; the browser is told to forget what it kept, and the streams of the session end."""
    desk = desk_of(request)
    identity: Identity | None = request.scope["aion.identity"]
    if identity is not None and identity.who.startswith(TOKEN_WHO):
        raise ConflictError("a token has no session to end; an admin revokes it with DELETE /api/tokens/{name}")
    said: dict[str, Any] = {"who": "nobody", "role": "none", "sessions_ended": 0}
    if identity is not None and identity.key and desk.store is not None:
        ended = await run_in_threadpool(
            desk.store.end_session,
            identity,
            address_of(request.scope),
            everywhere=everywhere,
            revoke_tokens=tokens,
        )
        said["sessions_ended"] = ended.sessions
        if everywhere and identity.role == "admin":
            said |= {
                "sessions_kept": ended.kept_sessions,
                "tokens_revoked": ended.tokens,
                "tokens_kept": ended.kept_tokens,
            }
        await desk.streams_watch.check()
    # below a path the origin's storage is not this desk's alone: the page clears what is its own
    forget = {} if desk.settings.base_path else {"clear-site-data": '"cache", "storage"'}
    done = JSONResponse(said, headers=forget)
    if desk.store is not None:
        jar = CookieJar(desk.store.desk_id, desk.settings.base_path)
        done.raw_headers += jar.forgetting(request.scope) or [jar.header(jar.session, "", request.scope, 0)]
    return done


@session_router.get("/tokens", response_model=TokenList)
def tokens(request: Request) -> Response:
    """Return all bearer tokens, without their secrets."""
    found = {
        each["name"]: {
            "role": each["role"], "created_at": _time(each["created_at"]), "ends_at": _time(each["ends_at"]),
        }
        for each in store_of(request).tokens()
    }  # fmt: skip
    return answer(request, {"tokens": found})


@session_router.post("/tokens", response_model=TokenAnswer)
def make_token(request: Request, given: NewToken) -> Response:
    """Make a bearer token for a script; it is shown this once."""
    identity: Identity = request.scope["aion.identity"]
    check_name("token", given.name)
    token = store_of(request).make_token(
        given.name, given.role, given.days, identity.who, address_of(request.scope), asked_with=identity.key
    )
    return JSONResponse({"name": given.name, "role": given.role, "token": token})


@session_router.delete("/tokens/{name}", response_model=TokenList)
def revoke_token(request: Request, name: str) -> Response:
    """End a bearer token at once."""
    identity: Identity = request.scope["aion.identity"]
    store_of(request).revoke_token(check_name("token", name), identity.who, address_of(request.scope))
    return tokens(request)


@session_router.get("/audit", response_model=AuditList)
def audit(request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> Response:
    """Return who did what, the newest first."""
    lines = [line | {"at": _time(line["at"])} for line in store_of(request).audit(limit)]
    return answer(request, {"lines": lines})


async def _read_login(request: Request, *, is_form: bool) -> _Login:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise ConfigError(f"a login has at most {MAX_BODY} bytes")
    try:
        if is_form:
            fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=8)
            return _Login.model_validate({name: values[0] for name, values in fields.items()})
        return _Login.model_validate(orjson.loads(body))
    except (ValidationError, ValueError):
        raise ConfigError('a login is {"password": "..."}, or a form with that field') from None


def _role_of(store: DeskStore, password: str, *, is_admin: bool) -> tuple[Role, str] | None:
    """Return the role whose password it is, and the hash that it fits."""
    for role in reversed(ROLES):
        hashed = store.password_hash(role)
        if hashed is not None and is_password(password, hashed, is_admin=is_admin):
            return role, hashed
    return None


def _refused(
    status: int, error: str, detail: str, is_form: bool, why: str, after: str, base: str, wait_s: float
) -> Response:
    if is_form:
        return RedirectResponse(f"{base}/login?why={why}&next={quote(after.removeprefix(base), safe='/')}", 303)
    headers = {"retry-after": str(int(wait_s) + 1)} if wait_s else {}
    return JSONResponse({"error": error, "detail": detail}, status_code=status, headers=headers)


def _time(at_s: float) -> str:
    return iso(datetime.fromtimestamp(int(at_s), UTC))
