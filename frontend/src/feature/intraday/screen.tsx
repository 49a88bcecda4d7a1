/** The Intraday page with its data. */

import type { IntradaySnapshot } from "../../api/schema";
import { useShared } from "../../lib/use-shared";
import { useSnapshot } from "../../live";
import { Skeleton } from "../bots/skeleton";
import { IntradayPage } from "./page";

/** Whether data has the form of a snapshot: that of another program, or of a much older desk, has not. */
function isSnapshot({ symbols, bots }: IntradaySnapshot): boolean {
  return symbols instanceof Object && bots instanceof Object;
}

export default function IntradayScreen() {
  const { data } = useSnapshot<IntradaySnapshot>("intraday", "/api/intraday/snapshot", { accepts: isSnapshot });
  const snapshot = useShared(data);
  return snapshot ? <IntradayPage snapshot={snapshot} /> : <Skeleton />;
}
