"""Who may change an open stream: whoever opened it, to what that one may see, from the desk's own pages."""

from collections.abc import Callable

import httpx
import pytest

from tests.web.conftest import RunningDesk
from tests.web.stream import events

PASSWORD = "a sentence that nobody guesses"
START = Callable[..., RunningDesk]


def head_of(desk: RunningDesk, name: str, role: str) -> dict[str, str]:
    assert desk.app.desk.store is not None
    return {"authorization": f"Bearer {desk.app.desk.store.make_token(name, role, 1, 'test', '')}"}  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/api/events", "/events", "/api/backend/events"])
def test_stream_when_a_viewer_changes_it_then_it_has_what_viewers_see_and_no_other_can(
    start_desk: START, path: str
) -> None:
    desk = start_desk(password=PASSWORD)
    viewer, other, admin = (head_of(desk, *of) for of in (("v", "viewer"), ("w", "viewer"), ("a", "admin")))
    with events(desk, "topics=intraday", viewer) as heard:
        stream = next(heard)[1]["stream"]

        def ask(headers: dict[str, str], *topics: str, **more: str) -> httpx.Response:
            body = {"stream": stream, "topics": list(topics)}
            return desk.client.post(path, json=body, headers={**headers, **more})

        assert ask({}, "bots").status_code == 401
        for stranger in (other, admin):
            answer = ask(stranger, "bots")
            assert (answer.status_code, answer.json()["error"]) == (404, "NotFound")
        answer = ask(viewer, "bots", "logs")
        assert (answer.status_code, answer.json()) == (
            403, {"error": "RoleNeeded", "detail": "this needs the role admin"},
        )  # fmt: skip
        for origin in ("https://elsewhere.example", "null"):
            assert ask(viewer, "bots", Origin=origin).json()["error"] == "WrongOrigin"
        assert ask(viewer, "bots", **{"Sec-Fetch-Site": "cross-site"}).json()["error"] == "WrongOrigin"
        found = ask(viewer, "bots", "nosuch", Origin=desk.url).json()
        assert (
            found["unknown"] == ["nosuch"]
            and found["tags"]["bots"] == desk.get("/api/bots/page", headers=viewer).headers["etag"]
        )
        while next(heard)[0] != "bots":
            pass
        desk.app.desk.store.revoke_token("v", "test", "")  # type: ignore[union-attr]
        assert [name for name, _ in heard][-1] == "bye"
        assert ask(viewer, "bots").status_code == 401


def test_stream_when_an_admin_adds_the_logs_then_they_come_and_a_million_names_do_not(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD)
    admin = head_of(desk, "a", "admin")
    with events(desk, "topics=bots", admin) as heard:
        stream = next(heard)[1]["stream"]
        asked = {"stream": stream, "topics": ["bots", "logs"]}
        assert desk.client.post("/api/events", json=asked, headers=admin).status_code == 200
        desk.app.desk.log.info("somebody reads this")
        while next(heard)[0] != "logs":
            pass
        asked["topics"] = [f"bot/swing/{number}" for number in range(1_000_000)]
        answer = desk.client.post("/api/events", json=asked, headers=admin)
        assert (answer.status_code, answer.json()["error"]) == (413, "TooLarge")
