/** The Intraday page with its data. */

import type { IntradaySnapshot } from "../../api/schema";
import { useShared } from "../../lib/use-shared";
import { useSnapshot } from "../../live";
import { Skeleton } from "../bots/skeleton";
import { IntradayPage } from "./page";

export default function IntradayScreen() {
  const { data } = useSnapshot<IntradaySnapshot>("intraday", "/api/intraday/snapshot");
  const snapshot = useShared(data);
  return snapshot ? <IntradayPage snapshot={snapshot} /> : <Skeleton />;
}
