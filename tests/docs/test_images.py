"""docs/images: every page in every size and theme, small enough to load, and a picture that moves."""

import struct
from pathlib import Path

import pytest

from tools.screenshots import IMAGES, PAGES, SIZES, STATES, THEMES
from tools.webp import animate, image_chunk, size_of

MOVING = IMAGES / "bots.webp"
SHOWN = (*PAGES, *STATES)
STILLS = [IMAGES / f"{page}-{size}-{theme}.webp" for page in SHOWN for size in SIZES for theme in THEMES]


def frames(file: bytes) -> list[tuple[int, bytes]]:
    """Return duration in ms and picture of each frame of a moving WebP."""
    assert file[:4] == b"RIFF" and file[8:12] == b"WEBP" and struct.unpack_from("<I", file, 4)[0] == len(file) - 8
    found, at = [], 12
    while at < len(file):
        name, size = file[at : at + 4], struct.unpack_from("<I", file, at + 4)[0]
        if name == b"ANMF":
            found.append((int.from_bytes(file[at + 20 : at + 23], "little"), file[at + 24 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


@pytest.mark.parametrize("file", STILLS, ids=[file.name for file in STILLS])
def test_picture_of_each_page_is_there_and_small(file: Path) -> None:
    data = file.read_bytes()
    assert len(data) < 300_000
    width, height = size_of(data)
    viewport = SIZES[file.stem.split("-")[-2]]["viewport"]
    assert width / height == pytest.approx(viewport["width"] / viewport["height"], rel=0.01)


def test_moving_picture_moves_for_some_seconds_and_is_small() -> None:
    data = MOVING.read_bytes()
    found = frames(data)
    assert len(data) < 1_500_000
    assert len({picture for _, picture in found}) >= 20
    assert 5_000 < sum(duration for duration, _ in found) < 30_000


def test_animation_holds_the_stills_it_was_made_of() -> None:
    stills = [file.read_bytes() for file in STILLS[:2]]
    made = animate(zip(stills, (300, 500), strict=True), *size_of(stills[0]))
    assert frames(made) == [(300, image_chunk(stills[0])), (500, image_chunk(stills[1]))]


def test_animation_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a WebP"):
        animate([(b"PNG", 1)], 1, 1)
