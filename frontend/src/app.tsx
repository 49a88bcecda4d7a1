/** The app: which page, with which data. The only place where pages meet the live library. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import { type States, useStates } from "./bot/states";
import { Announcer } from "./feature/bots/announcer";
import { BotsPage, openPositions } from "./feature/bots/page";
import { Stop } from "./feature/bots/stop";
import { at } from "./lib/base";
import type { Bot } from "./lib/bot";
import "./lib/clientCache"; // the routes of the desk, before anything asks for one
import { countAge } from "./lib/data-age";
import { doubtDeskTime } from "./lib/desk-time";
import { later } from "./lib/later";
import { usePollEvery } from "./lib/preference";
import { heldBots, heldNow, stepsIn } from "./lib/proof";
import type { Roster } from "./lib/roster";
import { usePath, useQuery } from "./lib/route";
import { useNext } from "./lib/steps";
import { useTicking, wallNow } from "./lib/ticker";
import { instant } from "./lib/time";
import { useTitle } from "./lib/title";
import { troubleText } from "./lib/trouble";
import { useBots } from "./lib/use-roster";
import { lapsedSince, verifiedAt } from "./lib/verified";
import { getConnection, type LinkStatus, pageNow, useLink } from "./live";
import { Fault } from "./ui/fault";
import { Frame } from "./ui/frame/frame";
import type { Link } from "./ui/frame/link-chip";
import type { Heartbeat } from "./ui/frame/link-panel";
import { follow, PAGES, type PageId } from "./ui/frame/top-bar";
import { Lacking } from "./ui/lacking";
import { NewBuild } from "./ui/new-build";
import { Skeleton } from "./ui/skeleton";
import { WatchLine } from "./ui/watch-line";

const lacking = () => <Lacking />;
const AlertsScreen = later(() => import("./feature/alerts/screen"), lacking);
const BotScreen = later(() => import("./feature/bot/screen"), lacking);
const IntradayScreen = later(() => import("./feature/intraday/screen"), lacking);
const LogsScreen = later(() => import("./feature/logs/screen"), lacking);
const PortfolioScreen = later(() => import("./feature/portfolio/screen"), lacking);
const SystemScreen = later(() => import("./feature/system/screen"), lacking);

const NONE: readonly Bot[] = [];
const NOTHING = {};

/** Page of a path: `/bots` and what lies under it. */
export function pageOf(path: string): PageId | undefined {
  return PAGES.find(({ href }) => path === href || path.startsWith(`${href}/`))?.id;
}

const NOTE_MS = 15_000; // how long the chip tells what the link did last

/** What a path `/<page>/<name>` names: a bot, a symbol; undefined for any other. */
export function namedBy(path: string, page: PageId): string | undefined {
  const [, first, name, more] = path.split("/");
  if (first !== page || !name || more !== undefined) return undefined;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a broken escape names nothing, and the page says so
  }
}

/** The chip's view of the link. */
export function linkOf(status: LinkStatus): Link {
  return {
    state: status.state,
    verifiedAt: verifiedAt(status, pageNow()),
    held: heldNow(status, pageNow()),
    since: status.state === "offline" ? status.since : undefined,
    pollEvery: status.pollEvery / 1000,
    reason: status.state === "streaming" ? undefined : status.reason,
    note: pageNow() - (status.notedAt ?? 0) < NOTE_MS ? status.note : undefined,
  };
}

/** The newest write of any bot, and the soonest that one of those on schedule owes. */
export function heartbeatOf(bots: readonly Bot[]): Heartbeat {
  const out: Heartbeat = {};
  for (const bot of bots) {
    const written = instant(bot.written_at);
    const due = instant(bot.due_at);
    if (written !== undefined && written > (out.writtenAt ?? 0)) out.writtenAt = written;
    if (due !== undefined && due < (out.dueAt ?? Number.POSITIVE_INFINITY)) {
      out.dueAt = due;
      out.bot = bot.bot;
    }
  }
  return out;
}

/** The roster by the clock of `machine`: the market time of one that is held is no time now. */
function withClock(roster: Roster | undefined, machine: string): Roster | undefined {
  const line = roster?.machines?.[machine];
  if (!roster || !line) return roster;
  return { ...roster, clock: line.clock, sessions: line.sessions ?? {} };
}

function LoggedOut() {
  return (
    <>
      Your session has ended and the copy in this browser was deleted.{" "}
      <a href={`${at("/login")}?next=${encodeURIComponent(location.pathname + location.search)}`}>Log in again</a>.
    </>
  );
}

/** Tells what the bots do on pages that do not show it. */
function Teller({ roster, states, kept }: { roster: Roster; states: States; kept: boolean }) {
  const state = roster.clock?.state;
  const quiet = kept || state === "catching_up" || state === "starting";
  return <Announcer bots={roster.bots} states={states} quiet={quiet} toast />;
}

function NotFound({ path }: { path: string }) {
  return (
    <section className="panel empty-desk">
      <h1>There is no page {path}</h1>
      <p>
        The pages are{" "}
        {PAGES.map(({ id, href, title }, index) => (
          <span key={id}>
            {index > 0 && ", "}
            <a className="quiet" href={at(href)} onClick={follow}>
              {title}
            </a>
          </span>
        ))}
        .
      </p>
    </section>
  );
}

export function App() {
  const path = usePath();
  const page = pageOf(path);
  const bot = namedBy(path, "bots");
  const link = useLink();
  const kind = useQuery().get("kind");
  const held = useBots();
  const { cards, error } = held;
  const led = useTicking(() => (held.roster ? stepsIn(held.roster, heldBots(link, pageNow())) : ""));
  const roster = useMemo(() => withClock(held.roster, led), [held.roster, led]);
  // what the link has not verified for too long is kept data too, with the age of its last verification
  const [lapsed] = useTicking(() => `${lapsedSince(link, pageNow()) ?? ""} ${heldNow(link, pageNow())}`).split(" ");
  const keptAt = held.keptAt ?? (lapsed ? Number(lapsed) : undefined);
  const bots = roster?.bots ?? NONE;
  const states = useStates(bots, roster ?? NOTHING, keptAt !== undefined);
  const heartbeat = useMemo(() => heartbeatOf(bots), [bots]);
  const firstWrite = useRef<number>();
  useEffect(() => {
    const writtenAt = heartbeat.writtenAt;
    if (writtenAt === undefined) return;
    firstWrite.current ??= writtenAt; // it was there before this page
    if (writtenAt > firstWrite.current) countAge(wallNow() - writtenAt);
  }, [heartbeat.writtenAt]);
  useEffect(() => {
    if (heartbeat.writtenAt !== undefined) doubtDeskTime(heartbeat.writtenAt);
  }, [heartbeat]);
  const title = PAGES.find(({ id }) => id === page)?.title ?? "Not found";
  const name = bot ?? namedBy(path, "intraday");
  useTitle(name ?? (page === "bots" ? "" : title), roster ? openPositions(roster) : 0);
  // with clock, sessions and bots unknown, a page would be laid out otherwise than a moment later; the frame comes first
  const isReady = useNext(roster !== undefined || error !== undefined);
  const pollEvery = usePollEvery();
  useEffect(() => getConnection().setPollEvery(pollEvery * 1000), [pollEvery]);
  return (
    <Frame
      page={page}
      data={roster}
      keptAt={keptAt}
      link={linkOf(link)}
      heartbeat={heartbeat}
      stop={<Stop roster={roster} name={bot} kind={kind} />}
      trouble={link.reason === "answered 401" ? <LoggedOut /> : roster ? "" : troubleText(error)}
    >
      <NewBuild build={link.build} />
      <WatchLine watch={roster?.watch} />
      <Fault key={path} data={roster}>
        {bot !== undefined && (
          <BotScreen
            key={`${kind} ${bot}`}
            name={bot}
            kind={kind}
            roster={isReady ? roster : undefined}
            states={states}
            cards={cards}
          />
        )}
        {page === "bots" &&
          bot === undefined &&
          (roster && isReady ? <BotsPage roster={roster} states={states} cards={cards} /> : <Skeleton />)}
        {page === "portfolio" && <PortfolioScreen roster={isReady ? roster : undefined} />}
        {page === "intraday" && <IntradayScreen isReady={isReady} />}
        {page === "alerts" && <AlertsScreen roster={isReady ? roster : undefined} />}
        {page === "logs" && <LogsScreen />}
        {page === "system" && <SystemScreen isReady={isReady} roster={roster} />}
        {page === undefined && <NotFound path={path} />}
      </Fault>
      {roster && (page !== "bots" || bot !== undefined) && (
        <Teller roster={roster} states={states} kept={keptAt !== undefined} />
      )}
    </Frame>
  );
}
