/** The stop in the top bar of every page: all bots, and on the page of one that one. Thrown, it is where it is cleared. */

import type { BotsPageBundle } from "../../api/schema";
import { answersRequests } from "../../bot/asked";
import { ClearAll, ClearOwn } from "../../bot/controls";
import { KILL_PROMISE } from "../../bot/promise";
import { botsOf } from "../../bot/states";
import { ALL_BOTS, throwKill } from "../../lib/ask";
import { useMayAsk } from "../../lib/role";
import { ConfirmButton } from "../../ui/confirm";
import "./stop.css";

interface Props {
  /** Absent before the first data: stopping needs none. */
  bundle: BotsPageBundle | undefined;
  /** Of whom the page is. */
  name: string | undefined;
}

export function Stop({ bundle, name }: Props) {
  const mayAsk = useMayAsk();
  if (!mayAsk) return null;
  if (bundle?.asked?.kill) {
    return (
      <div className="stops">
        <ClearAll
          bots={botsOf(bundle)}
          label={bundle.clock?.killed ? "Stopped" : "Stopping"}
          className="button stop thrown"
        />
      </div>
    );
  }
  const bot = name === undefined ? undefined : (bundle?.intraday?.bots?.[name] ?? bundle?.swing?.bots?.[name]);
  const one = bot && answersRequests(bot) ? bot.bot : undefined;
  const isThrown = one !== undefined && bot?.asked?.kill !== undefined;
  const offersOne = one !== undefined && !isThrown;
  return (
    <div className="stops">
      {isThrown && bot && (
        <ClearOwn
          bot={bot}
          all={bundle?.asked}
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
