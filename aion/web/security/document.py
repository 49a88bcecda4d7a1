"""What the desk answers of sessions, tokens and who did what, as pydantic models."""

from typing import Literal

from pydantic import AwareDatetime, Field

from aion.scalar import Name
from aion.store.document.base import Document


class SessionAnswer(Document):
    """Who asks."""

    who: str = Field(description="`admin`, `viewer`, `token:<name>`, `local` without a password, `nobody`.")
    role: Literal["admin", "viewer", "none"]
    ends_at: AwareDatetime | None = Field(None, description="When the session or token ends.")


class LogoutAnswer(SessionAnswer):
    """What a logout ended, and what still lets somebody in; names of tokens for an admin alone."""

    sessions_ended: int = Field(0, ge=0)
    sessions_kept: int | None = Field(None, ge=0, description="Of others, after a logout everywhere by an admin.")
    tokens_revoked: list[str] | None = None
    tokens_kept: list[str] | None = None


class TokenLine(Document):
    """One bearer token, without its secret."""

    role: Literal["admin", "viewer"]
    created_at: AwareDatetime
    ends_at: AwareDatetime


class TokenList(Document):
    """All bearer tokens."""

    tokens: dict[Name, TokenLine] = Field(default_factory=dict, description="By name.")


class TokenAnswer(Document):
    """A new bearer token, shown this once."""

    name: Name
    role: Literal["admin", "viewer"]
    token: str = Field(description="Sent as `Authorization: Bearer <token>`.")


class AuditLine(Document):
    """One thing that somebody did."""

    at: AwareDatetime
    who: str
    address: str
    what: str
    desk: str | None = Field(None, description="On which desk, where several share their logins.")
    before: dict[str, bool | float | str] | None = None
    after: dict[str, bool | float | str] | None = None


class AuditList(Document):
    """Who did what."""

    lines: list[AuditLine] = Field(default_factory=list, description="Newest first.")
