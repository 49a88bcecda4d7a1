"""docs/images: every page in every size and theme, small enough to load, and a picture that moves."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from tools.screenshots import IMAGES, PAGES, SIZES, STATES, THEMES, moving

MOVING = tuple(IMAGES / name for name in ("bots.webp", "thousand.webp", "attach.webp"))
SHOWN = (*PAGES, *STATES)
STILLS = [IMAGES / f"{page}-{size}-{theme}.webp" for page in SHOWN for size in SIZES for theme in THEMES]


def frames(file: bytes) -> list[tuple[int, Image.Image]]:
    """Return duration in ms and picture of each frame of a moving WebP."""
    with Image.open(io.BytesIO(file)) as image:
        assert image.format == "WEBP"
        found = [(frame.convert("RGB"), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
    return [(duration_ms, picture) for picture, duration_ms in found]


@pytest.mark.parametrize("file", STILLS, ids=[file.name for file in STILLS])
def test_picture_of_each_page_is_there_and_small(file: Path) -> None:
    data = file.read_bytes()
    assert len(data) < 300_000
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    viewport = SIZES[file.stem.split("-")[-2]]["viewport"]
    assert width / height == pytest.approx(viewport["width"] / viewport["height"], rel=0.01)


@pytest.mark.parametrize("file", MOVING, ids=[file.name for file in MOVING])
def test_moving_picture_moves_for_some_seconds_and_is_small(file: Path) -> None:
    data = file.read_bytes()
    found = frames(data)
    assert len(data) < 1_500_000
    assert len({picture.tobytes() for _, picture in found}) >= 20
    assert 5_000 < sum(duration for duration, _ in found) < 30_000


def test_animation_holds_the_stills_it_was_made_of_for_their_time() -> None:
    stills = []
    for colour in ("red", "green", "blue"):
        file = io.BytesIO()
        Image.new("RGB", (40, 20), colour).save(file, "png")
        stills.append(file.getvalue())
    found = frames(moving(stills, (300, 500, 200)))
    assert [duration for duration, _ in found] == [300, 500, 200]
    for (_, picture), still in zip(found, stills, strict=True):
        with Image.open(io.BytesIO(still)) as given:
            both = zip(picture.getpixel((20, 10)), given.getpixel((20, 10)), strict=True)  # type: ignore[arg-type]
        assert all(abs(one - other) < 8 for one, other in both)
