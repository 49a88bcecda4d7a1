"""Lines of growing files as they are pushed: each as its writer ended it."""

from pathlib import Path

import orjson

from aion.live.tail import TailReader


def test_lines_when_their_texts_hold_other_separators_then_only_a_newline_ends_one(tmp_path: Path) -> None:
    log = tmp_path / "bots.jsonl"
    log.write_bytes(b"")
    reader = TailReader(tmp_path)
    reader.start()
    texts = ["first\u2028second", "next \x85 line", "a\x0bb\x0cc", "\x1c\x1d\x1e\u2029", "plain"]
    with log.open("ab") as file:
        for text in texts:
            file.write(orjson.dumps({"event": text}) + b"\n")
        file.write(b"of Windows\r\n\nhalf")
    found = reader.read()
    assert found is not None
    part = found["parts"][0]
    assert [orjson.loads(line)["event"] for line in part["lines"][:-2]] == texts
    assert part["lines"][-2:] == ["of Windows", ""]
    assert part["to"] == log.stat().st_size - len(b"half")
