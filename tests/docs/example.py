"""All examples of all documents, found by themselves: a new one is proved by test_examples.py or named there."""

import re
import shlex
from dataclasses import dataclass

from .text import ROOT, blocks, read

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "frontend/src/**/*.md", "aion/**/*.md", "bench/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md" and "node_modules" not in path.parts
)
"""What people read; the change log tells of what was."""
SHELL = ("sh", "console", "bash", "shell")
_INDENTED = re.compile(r"^    (?:\$ )?(?P<line>\S.*)$")
_STARTS = re.compile(
    r"(?:[A-Z_]+=\S+ )*(?:\S*/bin/)?(?:aion|make|python3?|pip|curl|docker|export|git|systemctl|journalctl|cp|mv|"
    r"mkdir|install|useradd|sudo|kill|uvicorn|pytest)\b(?! ?[:=])"
)


@dataclass(frozen=True)
class Fenced:
    """A code block of a document."""

    document: str
    number: int
    """Among those of its language, from 1 on."""
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.language or 'plain'}:{self.number}"


def fenced() -> list[Fenced]:
    """Return all code blocks of all documents."""
    found = []
    for document in DOCUMENTS:
        counts: dict[str, int] = {}
        for block in blocks(read(document)):
            counts[block.language] = number = counts.get(block.language, 0) + 1
            found.append(Fenced(document, number, block.language, block.code))
    return found


def lines_of(document: str) -> list[str]:
    """Return the lines that a reader types: of shell blocks, and indented ones that begin with a program."""
    text = read(document)
    typed = []
    for block in blocks(text):
        if block.language in SHELL and "<<" not in block.code:
            typed += [line.removeprefix("$ ") for line in block.code.splitlines() if line.strip()]
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for line in plain.splitlines():
        match = _INDENTED.match(line)
        if match and (line.startswith("    $ ") or _STARTS.match(match["line"])):
            typed.append(match["line"])
    return typed


def commands_of(line: str) -> list[list[str]]:
    """Return the commands of a line without assignments before them, what they write to, and the comment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    found: list[list[str]] = [[]]
    words = iter(lexer)
    for word in words:
        if word in ("&&", "|", ";", "||", "&"):
            found.append([])
        elif word in (">", ">>", "<"):
            next(words)
        else:
            found[-1].append(word)
    return [without_assignments(command) for command in found if command]


def without_assignments(words: list[str]) -> list[str]:
    """Return a command without the variables that are set for it, `sudo` and `env`."""
    rest = list(words)
    while rest and (re.match(r"[A-Z_]+=", rest[0]) or rest[0] in ("env", "sudo", "-u")):
        if rest.pop(0) == "-u":
            rest.pop(0)
    return rest
