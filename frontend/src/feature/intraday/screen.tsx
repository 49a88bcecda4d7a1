/** The Intraday page with its data: all symbols, or the one that the address names. */

import type { IntradaySnapshot } from "../../api/schema";
import { usePath, useQuery } from "../../lib/route";
import { isSnapshot } from "../../lib/sound";
import { troubleText } from "../../lib/trouble";
import { useShared } from "../../lib/use-shared";
import { wear } from "../../lib/wear";
import { useSnapshot } from "../../live";
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
  if (snapshot && symbol) return <SymbolPage key={symbol} snapshot={snapshot} symbol={symbol} day={day} />;
  if (snapshot) return <IntradayPage snapshot={snapshot} />;
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
