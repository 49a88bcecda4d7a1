import { describe, expect, it } from "vitest";
import type { BotsIndex } from "../api/schema";
import { type Bot, cardId, keyOf, newestFill } from "./bot";
import { bundleFixture, random } from "./fixture";
import { botNamed, makeJoiner, type Part, type Sources, type Told, viewOf } from "./roster";
import { cardsOf, indexOf } from "./roster-fixture";

const WALL = Date.parse("2026-11-24T09:00:00Z");
const KEY = "intraday/orb_ny";
const NOTHING: ReadonlyMap<string, Told> = new Map();

const INDEX = indexOf(bundleFixture(WALL));
const ROW = INDEX.bots[KEY] as BotsIndex["bots"][string];
const VIEW = cardsOf(bundleFixture(WALL)).get(KEY)?.part.bot as Bot;

function indexAt(version: number, equity: number): BotsIndex {
  return { ...INDEX, version, bots: { ...INDEX.bots, [KEY]: { ...ROW, equity } } };
}

function told(version: number, equity: number, isFresh: boolean): ReadonlyMap<string, Told> {
  const bot = { ...VIEW, equity };
  return new Map([[KEY, { part: { version, errors: {}, bot }, isFresh }]]);
}

const equity = (sources: Partial<Sources> & { index: BotsIndex }): number | undefined =>
  makeJoiner()({ rows: NOTHING, cards: NOTHING, ...sources }).byKey.get(KEY)?.equity;

describe("of what is known of a bot", () => {
  it("what a stream verifies wins, however old its version", () => {
    expect(equity({ index: indexAt(9, 9), rows: told(3, 3, true) })).toBe(3);
    expect(equity({ index: indexAt(9, 9), cards: told(3, 3, true) })).toBe(3);
    expect(equity({ index: indexAt(9, 9), rows: told(5, 5, true), cards: told(3, 3, true) })).toBe(5);
    expect(equity({ index: indexAt(9, 9), rows: told(3, 3, true), cards: told(5, 5, true) })).toBe(5);
  });

  it("what index and totals both say of the desk is the same object, so that no state is sought anew for it", () => {
    const join = makeJoiner();
    const sources = { index: INDEX, rows: NOTHING, cards: NOTHING };
    const { sessions, clock } = join(sources);
    const { bots: _, ...totals } = structuredClone(INDEX);
    const next = join({ ...sources, totals, isFresh: true });
    expect(next.sessions).toBe(sessions);
    expect(next.clock).toBe(clock);
  });

  it("what was let go stands until an index has overtaken it", () => {
    expect(equity({ index: indexAt(4, 4), rows: told(5, 5, false) })).toBe(5);
    expect(equity({ index: indexAt(5, 6), rows: told(5, 5, false) })).toBe(6);
    expect(equity({ index: indexAt(4, 4), cards: told(5, 5, false) })).toBe(5);
  });

  it("no figure steps back, whatever is looked at and let go, and however late the index is", () => {
    const next = random(7);
    const join = makeJoiner();
    let [index, row, card] = [0, 0, 0];
    let [isRow, isCard] = [false, false];
    let shown = 0;
    for (let now = 1; now < 2000; now += 1) {
      // each version is the figure: what is looked at follows at once, the index when its time comes
      if (next() < 0.2) isRow = !isRow;
      if (next() < 0.2) isCard = !isCard;
      if (isRow) row = now;
      if (isCard) card = now;
      if (next() < 0.1) index = now;
      const found = join({
        index: indexAt(index, index),
        rows: told(row, row, isRow),
        cards: told(card, card, isCard),
      });
      const value = found.byKey.get(KEY)?.equity as number;
      expect(value).toBe(Math.max(index, row, card));
      expect(value).toBeGreaterThanOrEqual(shown);
      shown = value;
    }
  });

  it("a row without a bot hides nothing", () => {
    expect(equity({ index: indexAt(9, 9), rows: new Map([[KEY, { part: { version: 10 }, isFresh: true }]]) })).toBe(9);
  });
});

it("bots that are as before are the same objects, in the same list", () => {
  const join = makeJoiner();
  const index = indexAt(1, 1);
  const first = join({ index, rows: NOTHING, cards: NOTHING });
  expect(join({ index: { ...index, version: 2 }, rows: NOTHING, cards: NOTHING }).bots).toBe(first.bots);
  const bots = { ...index.bots, [KEY]: { ...(index.bots[KEY] as BotsIndex["bots"][string]), equity: 2 } };
  const next = join({ index: { ...index, version: 3, bots }, rows: NOTHING, cards: NOTHING });
  expect(next.bots.map((bot, at) => bot === first.bots[at])).toEqual([false, true, true, true, true, true]);
  const { [KEY]: _, ...others } = index.bots;
  expect(join({ index: { ...index, bots: others }, rows: NOTHING, cards: NOTHING }).bots).toHaveLength(5);
});

it("what is joined of what was joined before is what is joined anew", () => {
  const next = random(11);
  const join = makeJoiner();
  const keys = [...Object.keys(INDEX.bots), "swing/nobody"];
  const [rows, cards] = [new Map<string, Told>(), new Map<string, Told>()];
  let index = INDEX;
  for (let version = INDEX.version; version < INDEX.version + 150; version += 1) {
    const key = keys[Math.floor(next() * keys.length)] as string;
    const row = index.bots[key] ?? ROW;
    const bot = { ...row, equity: version, currency: next() < 0.1 ? "HKD" : row.currency };
    const seen = next() < 0.5 ? rows : cards;
    if (next() < 0.3) seen.delete(key);
    else seen.set(key, { part: { version, errors: {}, bot }, isFresh: next() < 0.5 });
    if (next() < 0.1) index = { ...index, version, bots: { ...index.bots, [keyOf(row)]: bot } };
    const sources = { index, rows: new Map(rows), cards: new Map(cards) };
    const [found, anew] = [join(sources), makeJoiner()(sources)];
    expect(found.bots).toEqual(anew.bots);
    expect([...found.byKey.values()]).toEqual([...anew.byKey.values()]);
  }
});

it("the newest of totals and index says what the whole desk does", () => {
  const { bots: _, ...head } = indexAt(5, 1);
  const join = (totals: number, isFresh: boolean): string | undefined =>
    makeJoiner()({
      index: indexAt(4, 1),
      totals: { ...head, version: totals, run: "new" },
      isFresh,
      rows: NOTHING,
      cards: NOTHING,
    }).run;
  expect([join(5, false), join(3, true)]).toEqual(["new", "new"]);
  expect(join(3, false)).not.toBe("new");
});

it("a card shows its own figures while it is the newest, else those of the row beside its lists", () => {
  const card = told(5, 5, false).get(KEY)?.part as Part;
  const at = (version: number): Bot =>
    makeJoiner()({
      index: indexAt(version, version),
      rows: NOTHING,
      cards: new Map([[KEY, { part: card, isFresh: false }]]),
    }).byKey.get(KEY) as Bot;
  expect(viewOf(card, at(4))?.equity).toBe(5);
  const behind = viewOf(card, at(6));
  expect(behind?.equity).toBe(6);
  expect(behind?.positions).toBe(card.bot?.positions);
  expect(viewOf(card, at(6))).toEqual(behind);
  expect(viewOf(undefined, at(6))).toBeUndefined();
});

it("of two bots of one name each has a key, an address and a card of its own", () => {
  const [orb] = [...cardsOf(bundleFixture(WALL)).values()];
  const day = orb?.part.bot as Bot;
  const swing: Bot = {
    ...day,
    kind: "swing",
    errors: { "swing.orb_ny": { kind: "same_name", file: "x", reason: "y" } },
  };
  const byKey = new Map([day, swing].map((bot) => [keyOf(bot), bot]));
  expect(botNamed({ byKey }, day.bot)).toBe(day);
  expect(botNamed({ byKey }, day.bot, "swing")).toBe(swing);
  expect(botNamed({ byKey: new Map([["swing/a", swing]]) }, "a")).toBe(swing);
  expect(botNamed({ byKey }, "nobody")).toBeUndefined();
  expect([cardId(day), cardId(swing)]).toEqual(["orb_ny", "swing/orb_ny"]);
});

it("the newest fill is what the row says, or the last of the card", () => {
  const [orb] = [...cardsOf(bundleFixture(WALL)).values()];
  const view = orb?.part.bot as Bot;
  expect(newestFill(view)?.id).toBe(Object.keys(view.fills ?? {}).at(-1));
  const row = indexOf(bundleFixture(WALL)).bots[KEY] as Bot;
  expect(newestFill(row)).toMatchObject({ id: newestFill(view)?.id, price: newestFill(view)?.price });
  expect(newestFill({ ...view, fills: {} })).toBeUndefined();
});
