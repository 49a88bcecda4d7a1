"""The summary of a day or week: what all bots made since the one before, currency by currency."""

from collections.abc import Iterable, Mapping

from aion.watch.rule.facts import Facts

MOST_BOTS = 5
"""That are named: the best and the worst of a currency."""


def summary_of(facts: Iterable[Facts], before: Mapping[str, float], span: str) -> list[str]:
    """Return the sentences, one for each mode and currency; money of different ones is never added.

    Args:
        facts: of all bots.
        before: net result of each bot at the summary before, by id; of one that is not there all counts.
        span: which time it is about, such as `the last day`.
    """
    groups: dict[tuple[str, str], dict[str, float]] = {}
    unknown: list[str] = []
    for each in facts:
        if each.net is None:
            unknown.append(each.bot)
            continue
        groups.setdefault((each.mode, each.currency), {})[each.bot] = each.net - before.get(each.bot, 0.0)
    lines = []
    for (mode, currency), made in sorted(groups.items()):
        best = sorted(made.items(), key=lambda item: (-item[1], item[0]))
        named = best if len(best) <= MOST_BOTS else [*best[:2], *best[-2:]]
        bots = ", ".join(f"{bot} {net:+,.2f}" for bot, net in named)
        more = f", {len(best) - len(named)} others between them" if len(best) > len(named) else ""
        count = f"{len(made)} bot{'' if len(made) == 1 else 's'}"
        lines.append(
            f"{mode}, {currency or 'no currency'}: {sum(made.values()):+,.2f} in {span}, {count} ({bots}{more})"
        )
    if unknown:
        count = f"{len(unknown)} bot{'' if len(unknown) == 1 else 's'}"
        lines.append(f"{count} without a known result: {', '.join(sorted(unknown)[:MOST_BOTS])}")
    return lines
