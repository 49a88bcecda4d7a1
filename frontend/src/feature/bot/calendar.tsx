/** Net result of each market day of a month, in weeks: sign, figure and ground, so that no one of them says it alone. */

import { useState } from "preact/hooks";
import { abbreviated, decimal, MINUS, moneyChange, type Unit, way } from "../../lib/money";
import { monthTitle } from "../../lib/time";
import { Icon } from "../../ui/icon";
import { Net } from "../../ui/number";
import { type Column, Table } from "../../ui/table";
import { type CalendarDay, hasWeekends, layOut, monthsOf } from "./month";
import type { DayBar } from "./span";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const LONG = 10_000; // from here on a cell has no room for all digits; the title has them

/** `+771.47`, `−1,771`, `+12 k`. */
export function cellText(net: number, unit: Unit): string {
  const size = Math.abs(net);
  if (size < 1000) return moneyChange(net, unit);
  if (size < LONG) return decimal(net, 0, true);
  return (net < 0 ? MINUS : "+") + abbreviated(size);
}

/** How strong the ground of a day is: 1 to 3 by its share of the month's largest result. */
export function strength(net: number, most: number): 1 | 2 | 3 {
  const part = most > 0 ? Math.abs(net) / most : 0;
  return part > 2 / 3 ? 3 : part > 1 / 3 ? 2 : 1;
}

const TONE = { [-1]: "down", 0: "even", 1: "up" } as const;

function classOf({ bar }: CalendarDay, unit: Unit, most: number, chosen: boolean): string {
  if (!bar) return "soft";
  const { net } = bar;
  const tone = net === undefined ? "missing" : `${TONE[way(net, unit)]} strength-${strength(net, most)}`;
  return chosen ? `${tone} chosen` : tone;
}

interface DayProps {
  unit: Unit;
  found: CalendarDay;
  onDay: (day: string) => void;
}

function Day({ found: { day, date, bar }, unit, onDay }: DayProps) {
  if (!bar) return <>{date}</>;
  const { net } = bar;
  return (
    <button
      type="button"
      title={`${day}: ${net === undefined ? bar.error || "no result" : moneyChange(net, unit)}`}
      onClick={() => onDay(day)}
    >
      <small>{date}</small>
      <span className="figure">
        {net === undefined ? (bar.error ? "unreadable" : "no result") : cellText(net, unit)}
      </span>
      <span className="spoken">: show its rows</span>
    </button>
  );
}

interface Props {
  bars: DayBar[];
  unit: Unit;
  /** Day whose rows are shown below, if one is chosen. */
  day: string;
  onDay: (day: string) => void;
}

type Week = ReturnType<typeof layOut>["weeks"][number];

export function Calendar({ bars, unit, day, onDay }: Props) {
  const months = monthsOf(bars);
  const [wanted, setWanted] = useState<string>();
  const at = wanted !== undefined && months.includes(wanted) ? months.indexOf(wanted) : months.length - 1;
  const month = months[at];
  if (month === undefined) return null;
  const length = hasWeekends(bars) ? 7 : 5;
  const { weeks, net, ups, downs, most } = layOut(bars, month, length);
  const turn = (step: number, words: string, icon: "back" | "forth") => (
    <button
      type="button"
      className="button"
      aria-label={words}
      disabled={months[at + step] === undefined}
      onClick={() => setWanted(months[at + step])}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <div className="calendar-box">
      <div className="calendar-head">
        {turn(-1, "Previous month", "back")}
        <b aria-live="polite">{monthTitle(month)}</b>
        {turn(1, "Next month", "forth")}
        <span className="calendar-sum">
          {net === undefined ? (
            <span className="soft">no trading day</span>
          ) : (
            <>
              <Net of={unit} value={net} /> {unit.currency}{" "}
              <small>
                {ups} up, {downs} down
              </small>
            </>
          )}
        </span>
      </div>
      <Table
        className="calendar"
        hasRowHeads={false}
        caption={`Net results of ${monthTitle(month)} in ${unit.currency}`}
        rows={weeks}
        keyOf={(week, index) => week.days.find(Boolean)?.day ?? index}
        columns={[
          ...WEEKDAYS.slice(0, length).map(
            (name, index): Column<Week> => ({
              name,
              head: <abbr title={name}>{name.slice(0, 3)}</abbr>,
              cellClass: ({ days }) => days[index] && classOf(days[index], unit, most, days[index].day === day),
              cell: ({ days }) =>
                days[index] && <Day key={days[index].day} found={days[index]} unit={unit} onDay={onDay} />,
            }),
          ),
          {
            name: "Week",
            cellClass: "week",
            tip: (week) => (week.net === undefined ? undefined : moneyChange(week.net, unit)),
            cell: (week) => week.net !== undefined && cellText(week.net, unit),
          },
        ]}
      />
    </div>
  );
}
