/** What the bots of each currency made in each span, and what of that is not known. */

import type { CurrencyTotal } from "../../api/schema";
import { moneyIn, plural } from "../../lib/money";
import { isoDay, UTC } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Net, NetPercent } from "../../ui/number";
import { Term } from "../../ui/term";
import { modeText, SPANS, spanNotes } from "./words";

function Total({ total }: { total: CurrencyTotal }) {
  const { market, still } = useDesk();
  // at a weekend, or before its market has opened, the newest day of a currency is an earlier one
  const isToday = market === undefined || total.day === isoDay(market, UTC);
  return (
    <section className="panel bot-panel" aria-label={`${total.currency} result`}>
      <header>
        <h2>{total.currency}</h2>
        <small>
          {plural(total.bots, "bot")} ({modeText(total.mode)}), worth {moneyIn(total.equity, total)}
        </small>
      </header>
      <dl className="spans">
        {SPANS.map(([name, title]) => {
          const span = total.spans?.[name];
          return (
            <div key={name}>
              <dt>{name === "today" ? <Term name="Net">{isToday ? title : "Last market day"}, net</Term> : title}</dt>
              <dd>
                {span?.net === undefined ? (
                  <span className="soft">not known</span>
                ) : (
                  <span className="big">
                    <Net of={total} value={span.net} still={still} />
                  </span>
                )}{" "}
                {span?.net_return !== undefined && <NetPercent value={span.net_return} />}
                {span && spanNotes(span, market).map((note) => <small key={note}>{note}</small>)}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

export function TotalPanels({ totals }: { totals: readonly CurrencyTotal[] }) {
  return (
    <>
      {totals.map((total) => (
        <Total key={`${total.mode} ${total.currency}`} total={total} />
      ))}
      {totals.length > 1 && <p className="soft">Currencies are not added together, nor is real money with paper.</p>}
    </>
  );
}
