/** The entry: what is kept stands in the first frame, and is verified from there. */

import "uplot/dist/uPlot.min.css";
import "./style/token.css";
import "./style/base.css";
import { render } from "preact";
import { App } from "./app";
import { followUptime } from "./feature/system/use-uptime";
import { sealKept } from "./first/seal";
import { afterPaint } from "./lib/after-paint";
import { warmCache } from "./lib/clientCache";
import { followDeskTime } from "./lib/desk-time";
import { fetchParts, keepPage } from "./lib/part";
import { followLogOut } from "./lib/role";
import { keepRoom } from "./lib/room";
import { warmZones } from "./lib/time";
import { Fault } from "./ui/fault";
import { followTerms } from "./ui/term";
import "./style/print.css";

const KEEP_AFTER = 10_000; // ms after that: who only looks in keeps nothing
const WARM_AFTER = 500; // ms after the load: the first page is painted and verified before the others are fetched

sealKept();

const root = document.getElementById("root");
if (root) {
  keepRoom();
  render(
    <Fault>
      <App />
    </Fault>,
    root,
  );
  followDeskTime();
  followUptime();
  followLogOut();
  followTerms();
  afterPaint(performance.now(), warmZones); // while the first answer is on its way
  const warm = (): void => {
    setTimeout(() => void warmCache().then(fetchParts), WARM_AFTER);
    setTimeout(keepPage, KEEP_AFTER);
  };
  if (document.readyState === "complete") warm();
  else addEventListener("load", warm);
}
