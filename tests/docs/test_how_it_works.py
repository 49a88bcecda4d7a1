"""docs/how-it-works.md: the files of the walk exist and do what the sentence says."""

import pytest

from .text import ROOT, codes, read, rows

DOCUMENT = "docs/how-it-works.md"
STEPS = [(codes(row[1])[0], row[2]) for row in rows(read(DOCUMENT))]


def test_walk_is_about_seven_files_long() -> None:
    assert 6 <= len(STEPS) <= 9
    assert len({file for file, _ in STEPS}) == len(STEPS)


@pytest.mark.parametrize(("file", "sentence"), STEPS)
def test_file_of_the_walk_exists_and_has_a_sentence(file: str, sentence: str) -> None:
    assert (ROOT / file).is_file()
    assert sentence.endswith(".") and 40 < len(sentence) < 260


def test_every_other_file_named_exists() -> None:
    named = {code for code in codes(read(DOCUMENT)) if code.startswith(("aion/", "tests/", "frontend/"))}
    assert len(named) > len(STEPS)
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
