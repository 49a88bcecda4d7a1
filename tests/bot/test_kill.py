from pathlib import Path

from tests.bot.kill import kill_often


def test_process_killed_at_random_moments_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    outcome = kill_often(tmp_path, kills=8, seed=1)
    assert outcome.kills == 8
    assert outcome.kills_with_fills >= 4
    assert outcome.differences == ()
