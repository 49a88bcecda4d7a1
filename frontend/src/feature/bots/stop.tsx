/** The stop in the top bar of every page: all bots, and on the page of one that one. Thrown, it is where it is cleared. */

import { answersRequests } from "../../bot/asked";
import { ClearAll, ClearOwn } from "../../bot/controls";
import { KILL_PROMISE } from "../../bot/promise";
import { ALL_BOTS, throwKill } from "../../lib/ask";
import { useMayAsk } from "../../lib/role";
import { botNamed, type Roster } from "../../lib/roster";
import { ConfirmButton } from "../../ui/confirm";
import "./stop.css";

interface Props {
  /** Absent before the first data: stopping needs none. */
  roster: Roster | undefined;
  /** Of whom the page is. */
  name: string | undefined;
  /** Of which kind, where two have that name. */
  kind?: string | null | undefined;
}

export function Stop({ roster, name, kind }: Props) {
  const mayAsk = useMayAsk();
  if (!mayAsk) return null;
  if (roster?.asked?.kill) {
    return (
      <div className="stops">
        <ClearAll
          bots={roster.bots}
          label={roster.clock?.killed ? "Stopped" : "Stopping"}
          className="button stop thrown"
        />
      </div>
    );
  }
  const bot = name === undefined || !roster ? undefined : botNamed(roster, name, kind);
  const one = bot && answersRequests(bot) ? bot.bot : undefined;
  const isThrown = one !== undefined && bot?.asked?.kill !== undefined;
  const offersOne = one !== undefined && !isThrown;
  return (
    <div className="stops">
      {isThrown && bot && (
        <ClearOwn
          bot={bot}
          all={roster?.asked}
          label={bot?.state === "stopped" ? "Stopped" : "Stopping"}
          className="button stop thrown"
        />
      )}
      <ConfirmButton
        label="Stop"
        of={offersOne ? `all bots or ${one}` : "all bots"}
        title={offersOne ? `Stop all bots, or only ${one}?` : "Stop all bots?"}
        confirm="Stop all bots"
        className="button stop"
        also={offersOne ? { confirm: `Stop ${one}`, run: (reason) => throwKill(one, reason) } : undefined}
        run={(reason) => throwKill(ALL_BOTS, reason)}
      >
        <p>{KILL_PROMISE}</p>
      </ConfirmButton>
    </div>
  );
}
