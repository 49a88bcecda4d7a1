/** Several machines on the Bots page: one of them to look at, and totals of those that are heard of. */

import type { MachineLine } from "../../api/schema";
import type { States } from "../../bot/states";
import type { Bot } from "../../lib/bot";
import { totalsWithout } from "../../lib/machines";
import { count, plural } from "../../lib/money";
import type { Roster } from "../../lib/roster";
import { setQuery } from "../../lib/route";
import { onDesk } from "../../lib/ticker";
import { clock } from "../../lib/time";
import { useHeldMachines } from "../../lib/use-held-machines";
import { Icon } from "../../ui/icon";
import { Totals } from "./totals";
import "./machines.css";

/** In place of a machine's name in an address: the desk's own folder. */
export const OWN = ".";

interface Props {
  roster: Roster;
  /** Machine that is looked at, `OWN` for the desk's own; empty for all. */
  machine: string;
  /** Its bots. */
  bots: readonly Bot[];
  states: States;
}

/** Why a machine is in no total: how many bots that concerns, and since when nothing is heard of it. */
function Silent({ name, line, since }: { name: string; line: MachineLine | undefined; since: number }) {
  const bots = line?.bots ?? 0;
  const { kill, request } = line?.asked ?? {};
  const asked = kill ? "kill switch" : request && request.state === undefined ? request.action : "";
  return (
    <p className="notice machine-silent">
      <Icon name="crossed" />
      <span>
        <b>
          {plural(bots, "bot")} of machine {name} {bots === 1 ? "is" : "are"} not in this total.
        </b>{" "}
        No word from it {Number.isNaN(since) ? "since this desk started" : `since ${clock(onDesk(since))}`}. Its cards
        show what is known; the others are live.
        {asked && ` The ${asked} of all bots is requested there; whether they follow is not known.`}
      </span>
    </p>
  );
}

export default function Machines({ roster, machine, bots, states }: Props) {
  const machines = roster.machines ?? {};
  const names = Object.keys(machines);
  const held = useHeldMachines(names);
  const own = roster.bots.filter((bot) => bot.machine === undefined).length;
  const choices: [string, string, number][] = [
    ["", "All machines", roster.bots.length],
    ...(own > 0 ? [[OWN, "This desk", own] as [string, string, number]] : []),
    ...names.map((name): [string, string, number] => [name, name, machines[name]?.bots ?? 0]),
  ];
  const left = machine === OWN ? names : machine ? [] : [...held.keys()];
  const all = machine && machine !== OWN ? machines[machine]?.totals : roster.totals;
  const silent = (machine ? [machine] : [...held.keys()]).filter((name) => held.has(name) && !machine);
  const gone = new Set(roster.bots.flatMap((bot) => (left.includes(bot.machine ?? "") ? [bot.bot] : [])));
  return (
    <>
      <fieldset className="machines">
        <legend className="spoken">Machine</legend>
        {choices.map(([name, text, number]) => (
          <button
            key={name}
            type="button"
            className={`button${held.has(name) ? " held-machine" : ""}`}
            aria-pressed={name === machine}
            onClick={() => setQuery({ machine: name })}
          >
            {held.has(name) && <Icon name="crossed" />}
            {text} <small>{held.has(name) ? `${count(number)}, held` : count(number)}</small>
          </button>
        ))}
      </fieldset>
      {silent.map((name) => (
        <Silent key={name} name={name} line={machines[name]} since={held.get(name) ?? Number.NaN} />
      ))}
      <Totals
        totals={totalsWithout(all ?? {}, machines, left, (bot) => gone.has(bot))}
        apart={machine && machine !== OWN ? undefined : roster.totals_apart}
        mode={roster.mode}
        bots={machine ? bots : bots.filter((bot) => !held.has(bot.machine ?? ""))}
        states={states}
      />
    </>
  );
}
