/** The Intraday page with its data: all symbols, or the one that the address names. */

import type { IntradaySnapshot } from "../../api/schema";
import { heldBots } from "../../lib/proof";
import { usePath, useQuery } from "../../lib/route";
import { isSnapshot } from "../../lib/sound";
import { onDesk, useTicking } from "../../lib/ticker";
import { clock } from "../../lib/time";
import { troubleText } from "../../lib/trouble";
import { useShared } from "../../lib/use-shared";
import { wear } from "../../lib/wear";
import { getConnection, pageNow, useSnapshot } from "../../live";
import { Skeleton } from "../../ui/skeleton";
import { IntradayPage } from "./page";
import css from "./screen.css?inline";
import { SymbolPage } from "./symbol-page";

wear(css);

/** The symbol of a path's piece, as it is where it cannot be decoded. */
export function decodeSymbol(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return piece;
  }
}

/** Says that the symbols are of a machine that is not heard of. */
function Silent({ machine }: { machine: string }) {
  const since = useTicking(() => String(heldBots(getConnection().status, pageNow()).since(machine)));
  if (since === "undefined") return null;
  const at = since === "NaN" ? "since this desk started" : `since ${clock(onDesk(Number(since)))}`;
  return (
    <p className="notice">
      <b>These symbols are not live.</b> They are of machine {machine}: no word from it {at}.
    </p>
  );
}

interface Props {
  /** True once the desk's clock and sessions are known, or cannot be had. */
  isReady: boolean;
}

export default function IntradayScreen({ isReady }: Props) {
  const { data, error } = useSnapshot<IntradaySnapshot>("intraday", "/api/intraday/snapshot", { accepts: isSnapshot });
  const newest = useShared(data);
  const snapshot = isReady ? newest : undefined;
  const path = usePath();
  const day = useQuery().get("day") ?? "";
  const symbol = decodeSymbol(path.split("/")[2] ?? "");
  if (snapshot)
    return (
      <>
        {snapshot.machine && <Silent machine={snapshot.machine} />}
        {symbol ? (
          <SymbolPage key={symbol} snapshot={snapshot} symbol={symbol} day={day} />
        ) : (
          <IntradayPage snapshot={snapshot} />
        )}
      </>
    );
  return (
    <>
      {error && (
        <p className="notice" role="alert">
          <b>Could not load the symbols.</b> {troubleText(error)}
        </p>
      )}
      <Skeleton />
    </>
  );
}
