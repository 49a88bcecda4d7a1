from pathlib import Path

from tests.engine.kill import kill_amid_requests, kill_often


def test_process_killed_at_random_moments_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    outcome = kill_often(tmp_path, kills=8, seed=1)
    assert outcome.kills >= 8
    assert outcome.kills_with_fills >= 4
    assert outcome.differences == ()


def test_requests_of_the_desk_around_kills_are_carried_out_once(tmp_path: Path) -> None:
    asked, wrong = kill_amid_requests(tmp_path / "asked", kills=5, seed=2)
    assert asked == 5 and wrong == ()
