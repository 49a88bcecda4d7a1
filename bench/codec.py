"""Trial of codecs for state files: `python -m bench.codec`, with msgspec installed beside.

Each reads the kept run's largest day file and account (`tests/kept`) and makes the JSON types of the bundles of them.
msgspec has structs made of the same models, without bounds and with times as texts: it does less than pydantic.
"""

import gzip
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import orjson

from aion.store.document.base import Document, to_json
from aion.store.document.state import SimLog, SwingRolling
from tests.kept.keep import unpack

FILES = {"intraday/sim_logs/2022-05-19_vwap_ldn.json": SimLog, "swing/rolling_swing_4w.json.gz": SwingRolling}
_structs: dict[type, type] = {}


def struct(model: type[Document]) -> type:
    """Return a msgspec struct with the fields of `model`."""
    if model not in _structs:
        given = []
        for name, each in model.model_fields.items():
            kind = plain(each.annotation)
            given.append((name, kind) if each.is_required() else (name, kind | msgspec.UnsetType, msgspec.UNSET))
        given.sort(key=len)
        aliases = {name: each.alias for name, each in model.model_fields.items() if each.alias}
        _structs[model] = msgspec.defstruct(model.__name__, given, rename=aliases, kw_only=True)
    return _structs[model]


def plain(kind: Any) -> Any:
    """Return a type without what pydantic alone understands."""
    if get_origin(kind) is Annotated:
        return plain(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, Document):
        return struct(kind)
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(plain(each) for each in get_args(kind))]  # noqa: UP007 - made at run time
    if get_origin(kind) in (dict, list, tuple):
        return get_origin(kind)[tuple(plain(each) for each in get_args(kind))]
    if get_origin(kind) is Literal or kind in (str, int, float, bool, type(None)):
        return kind
    return str  # msgspec reads no time without seconds, such as 2022-05-19T13:31Z, which our files have


def best(work: Callable[[], object]) -> float:
    """Return the least time of `work` in milliseconds."""
    return min(timeit.repeat(work, number=5, repeat=15)) / 5 * 1e3


def main() -> None:
    """Print a line a file."""
    with tempfile.TemporaryDirectory() as name:
        unpack(Path(name))
        for file, model in FILES.items():
            data = (Path(name) / file).read_bytes()
            data = gzip.decompress(data) if file.endswith(".gz") else data
            kind = struct(model)
            found = model.model_validate(orjson.loads(data))
            other = msgspec.convert(orjson.loads(data), kind, strict=False)
            times = {
                "pydantic check": best(lambda d=data, m=model: m.model_validate(orjson.loads(d))),
                "msgspec check": best(lambda d=data, k=kind: msgspec.json.decode(d, type=k)),
                "pydantic to JSON types": best(lambda f=found: to_json(f)),
                "msgspec to JSON types": best(lambda o=other: msgspec.to_builtins(o)),
            }
            told = ", ".join(f"{what} {value:.2f} ms" for what, value in times.items())
            print(f"{file}, {len(data) >> 10} KB: {told}")


if __name__ == "__main__":
    main()
