/** The page of one bot as it was at a recorded moment: a slider over the day, and nothing live beside it. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BotPast, PastMoments } from "../../api/schema";
import { at } from "../../lib/base";
import { plural } from "../../lib/money";
import { navigate, setQuery, useQuery } from "../../lib/route";
import { useNow } from "../../lib/ticker";
import { instant } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { wear } from "../../lib/wear";
import { follow } from "../../ui/frame/top-bar";
import { FetchState } from "../../ui/panel";
import { clockOf, type Hole, holeAt, indexAt, NEWEST, placeOf, placeText, played, SPEEDS, stepped } from "./past";
import { PastBot } from "./past-bot";
import css from "./rewind.css?inline";
import { useMoment } from "./use-moment";

wear(css);

const SETTLED_MS = 300; // after which the address has the moment
const AGAIN_MS = 30_000; // between two looks at what is recorded today
const NONE: readonly number[] = [];

/** Leave the past. */
function leave(event: { preventDefault: () => void }): void {
  event.preventDefault();
  const query = new URLSearchParams(location.search);
  query.delete("past");
  const text = query.toString();
  navigate(`${location.pathname}${text && `?${text}`}`);
}

function BackToLive() {
  return (
    <a className="button" href={location.pathname} onClick={leave}>
      Back to live
    </a>
  );
}

export default function Rewind({ name, kind }: { name: string; kind: string | null }) {
  const wanted = useQuery().get("past") ?? "";
  const place = placeOf(wanted);
  const route = `/api/bots/${encodeURIComponent(name)}/past`;
  const ofKind = kind ? `kind=${encodeURIComponent(kind)}` : "";
  const past = useFetched<BotPast>(`${route}?${ofKind}`, "");
  const days = Object.keys(past.data?.days ?? {});
  const day = place?.day ?? days[0];
  const now = useNow(AGAIN_MS);
  const again = day === new Date(now).toISOString().slice(0, 10) ? `${now}` : "";
  const recorded = useFetched<PastMoments>(place && day ? `${route}/${day}?${ofKind}` : undefined, again);
  return (
    <div className="rewind">
      <nav className="crumbs" aria-label="You are here">
        <a className="quiet" href={at("/bots")} onClick={follow}>
          Bots
        </a>{" "}
        / {name}
      </nav>
      {!place ? (
        <Nothing title="No such moment">
          “{wanted.slice(0, 40)}” is no moment: use one such as 2026-11-30T14:03:20Z, or open Rewind from the bot's
          page.
        </Nothing>
      ) : past.data && days.length === 0 ? (
        <Nothing title={`Nothing is recorded of ${name} yet`}>
          {past.data.recorder_seen_at
            ? "The recorder runs. The first state is recorded when the bot writes one."
            : "No recorder has run here. `aion up` starts one unless past = false is set."}
        </Nothing>
      ) : recorded.status === 404 && !recorded.data ? (
        <Nothing title={`Nothing is recorded on ${day}`}>
          <Days days={past.data} day="" /> {past.data ? "Choose another day." : `${recorded.error}.`}
        </Nothing>
      ) : recorded.data && day ? (
        <Day
          key={day}
          at={place.ms}
          recorded={recorded.data}
          past={past.data}
          route={`${route}/${day}/state?${ofKind}&at=`}
        />
      ) : (
        <Nothing title={`The past of ${name}`}>
          <FetchState fetched={past.error ? past : recorded} what="recorded states" />
        </Nothing>
      )}
    </div>
  );
}

function Nothing({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <section className="panel empty-desk">
      <h1>{title}</h1>
      <div>{children}</div>
      <p>
        <BackToLive />
      </p>
    </section>
  );
}

/** The recorded days; another one begins with its last moment. */
function Days({ days, day }: { days: BotPast | undefined; day: string }) {
  const all = Object.entries(days?.days ?? {});
  return (
    <label className="choice">
      <span>Day</span>{" "}
      <select
        className="button"
        value={day}
        onChange={(event) => setQuery({ past: event.currentTarget.value || NEWEST })}
      >
        {!days?.days[day] && <option value={day}>{day || "choose"}</option>}
        {all.map(([each, { states, error }]) => (
          <option key={each} value={each}>
            {each} · {error ? "damaged" : plural(states, "state")}
          </option>
        ))}
      </select>
    </label>
  );
}

interface DayProps {
  at: number | undefined;
  recorded: PastMoments;
  past: BotPast | undefined;
  route: string;
}

function Day({ at: asked, recorded, past, route }: DayProps) {
  const { day, about } = recorded;
  const moments = recorded.moments ?? NONE;
  const start = Date.parse(recorded.start);
  const holes = useMemo<Hole[]>(
    () =>
      (about.holes ?? []).map(({ start: from, end, why }) => ({
        start: Date.parse(from) - start,
        end: Date.parse(end) - start,
        why,
      })),
    [about, start],
  );
  const first = moments[0] ?? 0;
  const last = Math.max(moments.at(-1) ?? 0, (instant(about.last) ?? start) - start);
  const [ms, setMs] = useState(asked ?? last);
  const [speed, setSpeed] = useState<number>(60);
  const isPlaying = usePlaying(ms, setMs, { holes, moments, last }, speed);
  useAddress(day, ms, asked, setMs);

  const hole = holeAt(holes, moments, ms);
  const index = hole || ms < first || ms > last ? -1 : indexAt(moments, ms);
  const urlOf = useCallback((each: number) => route + placeText(day, moments[each] ?? 0), [route, day, moments]);
  const moment = useMoment(urlOf, moments.length, index);
  const state = moment.state;
  const isHere = index >= 0 && moment.index === index;
  const error = isHere ? moment.error : "";
  return (
    <>
      <section className="past-bar" aria-label="Rewind">
        <div className="past-line">
          <strong>
            Past: {day} {clockOf(ms)} <abbr title="Coordinated Universal Time">UTC</abbr>
          </strong>
          <span className="past-mark">not live</span>
          <small>
            {hole
              ? "nothing is recorded of this moment"
              : index >= 0
                ? `state ${index + 1} of ${moments.length}, recorded ${clockOf(moments[index] ?? 0)}`
                : `recorded from ${clockOf(first)} to ${clockOf(last)}`}
          </small>
          <BackToLive />
        </div>
        <div className="past-tools">
          <Days days={past} day={day} />
          <button
            type="button"
            className="button"
            onClick={() => {
              if (!isPlaying.value && ms >= last) setMs(first);
              isPlaying.set(!isPlaying.value);
            }}
          >
            {isPlaying.value ? "Pause" : "Play"}
          </button>
          <label className="choice">
            <span>Speed</span>{" "}
            <select className="button" value={speed} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
              {SPEEDS.map((each) => (
                <option key={each} value={each}>
                  {each}×
                </option>
              ))}
            </select>
          </label>
          <Slider
            {...{ ms, first, last, moments, holes }}
            text={`${clockOf(ms)}, ${hole ? hole.why : index >= 0 ? `state ${index + 1} of ${moments.length}` : "nothing recorded"}`}
            onMove={setMs}
          />
        </div>
        {(holes.length > 0 || about.error) && <Holes holes={holes} error={about.error ?? ""} />}
      </section>
      {hole ? (
        <Blank title="Nothing is recorded of this moment">
          From {clockOf(hole.start)} to {clockOf(hole.end)} UTC, {hole.why}. What the bot did then is not known here.
        </Blank>
      ) : index < 0 ? (
        <Blank title="Outside of what is recorded">
          {moments.length === 0
            ? `${about.error || "No state of this day can be read"}. Choose another day.`
            : `On ${day}, states are recorded from ${clockOf(first)} to ${clockOf(last)} UTC. Move the slider.`}
        </Blank>
      ) : error ? (
        <Blank title="This state cannot be shown">{error}. Other moments of the day can be.</Blank>
      ) : state ? (
        <PastBot state={state} isLoading={!isHere} />
      ) : (
        <Blank title="Loading">The state of {clockOf(ms)} UTC.</Blank>
      )}
    </>
  );
}

function Blank({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <section className="panel empty-desk">
      <h1>{title}</h1>
      <p>{children}</p>
    </section>
  );
}

function Holes({ holes, error }: { holes: readonly Hole[]; error: string }) {
  const some = holes.slice(0, 3).map(({ start, end, why }) => `${clockOf(start)} to ${clockOf(end)}, ${why}`);
  return (
    <p className="past-holes">
      {holes.length > 0 &&
        `${plural(holes.length, "hole")}: ${some.join("; ")}${holes.length > 3 ? " and more" : ""}. `}
      {error && <span className="attention-text">{error}.</span>}
    </p>
  );
}

interface SliderProps {
  ms: number;
  first: number;
  last: number;
  moments: readonly number[];
  holes: readonly Hole[];
  text: string;
  onMove: (ms: number) => void;
}

function Slider({ ms, first, last, moments, holes, text, onMove }: SliderProps) {
  const span = last - first || 1;
  const part = (at: number): string => `${(((Math.min(last, Math.max(first, at)) - first) / span) * 100).toFixed(3)}%`;
  const onKeyDown = (event: KeyboardEvent): void => {
    const tenth = span / 10;
    const to = {
      ArrowLeft: () => stepped(moments, ms, -1),
      ArrowDown: () => stepped(moments, ms, -1),
      ArrowRight: () => stepped(moments, ms, 1),
      ArrowUp: () => stepped(moments, ms, 1),
      PageDown: () => ms - tenth,
      PageUp: () => ms + tenth,
      Home: () => first,
      End: () => last,
    }[event.key];
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    onMove(Math.round(Math.min(last, Math.max(first, to()))));
  };
  return (
    <div className="past-slider">
      <div className="past-track" aria-hidden="true">
        {holes.map(({ start, end, why }) => (
          <i key={start} title={why} style={{ left: part(start), right: `calc(100% - ${part(end)})` }} />
        ))}
      </div>
      <input
        type="range"
        aria-label="Moment of the day"
        aria-valuetext={text}
        min={first}
        max={Math.max(last, first + 1)}
        step="any"
        value={ms}
        onKeyDown={onKeyDown}
        onInput={(event) => onMove(Math.round(event.currentTarget.valueAsNumber))}
      />
      <span className="past-ends" aria-hidden="true">
        <small>{clockOf(first)}</small>
        <small>{clockOf(last)}</small>
      </span>
    </div>
  );
}

interface Span {
  holes: readonly Hole[];
  moments: readonly number[];
  last: number;
}

/** Moves `ms` on while it plays, until the end of the day. */
function usePlaying(ms: number, setMs: (ms: number) => void, day: Span, speed: number) {
  const [value, set] = useState(false);
  const now = useRef({ ms, day, speed });
  now.current = { ms, day, speed };
  useEffect(() => {
    if (!value) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function move(time) {
      const { ms, day, speed } = now.current;
      const next = Math.round(played(day, ms, Math.max(0, time - before), speed));
      if (next > ms || speed > 1 || time - before > 50) {
        before = time;
        setMs(next);
      }
      if (next >= day.last) set(false);
      else frame = requestAnimationFrame(move);
    });
    return () => cancelAnimationFrame(frame);
  }, [value, setMs]);
  return { value, set };
}

/** Keeps the moment in the address once it stands still, and goes where the address is changed to. */
function useAddress(day: string, ms: number, asked: number | undefined, setMs: (ms: number) => void): void {
  const own = useRef(asked);
  useEffect(() => {
    if (asked === undefined || asked === own.current) return;
    own.current = asked;
    setMs(asked);
  }, [asked, setMs]);
  useEffect(() => {
    if (ms === own.current) return;
    const timer = setTimeout(() => {
      own.current = ms;
      setQuery({ past: placeText(day, ms) });
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [day, ms]);
}
