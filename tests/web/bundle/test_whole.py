"""Routes that answer with whole documents: few at once, so that many readers cost no more memory than a few."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.responses import Response

from aion.web.router.bot_parts import bot_parts_router
from aion.web.router.common import WHOLE_AT_ONCE, whole

MANY = 5 * WHOLE_AT_ONCE


def test_whole_documents_when_many_ask_at_once_then_few_are_made_at_a_time_and_all_are_answered() -> None:
    inside = most = 0
    lock = threading.Lock()
    is_full, may_go = threading.Event(), threading.Event()

    @whole
    def answers(number: int) -> Response:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if inside == WHOLE_AT_ONCE:
                is_full.set()
        assert may_go.wait(60)
        with lock:
            inside -= 1
        if number % 3 == 0:
            raise ValueError("it cannot be made")  # gives its place back too
        return Response(str(number))

    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(answers, number) for number in range(MANY)]
        assert is_full.wait(60)
        assert sum(each.done() for each in asked) == 0
        may_go.set()
        for number, each in enumerate(asked):
            if number % 3 == 0:
                with pytest.raises(ValueError, match="cannot be made"):
                    each.result(60)
            else:
                assert each.result(60).body == str(number).encode()
    assert most == WHOLE_AT_ONCE and inside == 0


def test_each_route_of_a_whole_document_is_one_of_the_few() -> None:
    routes = [route for route in bot_parts_router.routes if "{bot}" in getattr(route, "path", "")]
    assert len(routes) >= 4
    assert [route.path for route in routes if not hasattr(route.endpoint, "__wrapped__")] == []
