/** All bots together: did I make money, what do I hold, and every position and trade in one table. */

import type { Portfolio } from "../../api/schema";
import { plural } from "../../lib/money";
import type { Roster } from "../../lib/roster";
import { onDesk } from "../../lib/ticker";
import { clock } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { useHeldMachines } from "../../lib/use-held-machines";
import { wear } from "../../lib/wear";
import { Icon } from "../../ui/icon";
import { FetchState } from "../../ui/panel";
import { Skeleton } from "../../ui/skeleton";
import { ComparePanel } from "./compare";
import { ExposurePanel } from "./exposure";
import { PositionPanel, TradePanel } from "./rows";
import css from "./screen.css?inline";
import { TotalPanels } from "./totals";

wear(css);

interface Props {
  /** Undefined until the bots are known. */
  roster: Roster | undefined;
}

/** Which bots stand here with figures that may be other ones now. */
function Held({ roster }: { roster: Roster }) {
  const held = useHeldMachines(Object.keys(roster.machines ?? {}));
  return (
    <>
      {[...held].map(([name, since]) => (
        <p key={name} className="notice">
          <Icon name="crossed" />
          <span>
            <b>No word from machine {name} </b>
            {Number.isNaN(since) ? "since this desk started" : `since ${clock(onDesk(since))}`}. The figures of its{" "}
            {plural(roster.machines?.[name]?.bots ?? 0, "bot")} are counted here as they were then.
          </span>
        </p>
      ))}
    </>
  );
}

export default function PortfolioScreen({ roster }: Props) {
  const version = `${roster?.version}`; // not the bots' own times: one whose clock is behind writes too
  const fetched = useFetched<Portfolio>(roster && "/api/portfolio", version);
  if (!roster) return <Skeleton />;
  const found = fetched.data;
  return (
    <div className="portfolio">
      <h1 className="spoken">Portfolio</h1>
      <FetchState fetched={fetched} what="portfolio" />
      {found && found.totals.length === 0 && (
        <section className="panel">
          <p className="note">No bot has written a state yet, so there is nothing to add up.</p>
        </section>
      )}
      <Held roster={roster} />
      {found && <TotalPanels totals={found.totals} />}
      {found && found.totals.length > 0 && (
        <>
          <ComparePanel roster={roster} />
          <ExposurePanel exposure={found.exposure} total={found.exposure_total ?? 0} />
          <PositionPanel roster={roster} version={version} />
          <TradePanel roster={roster} version={version} />
        </>
      )}
    </div>
  );
}
