import { createRoot } from "react-dom/client";
import { App } from "./app";
import { followUptime } from "./feature/system/use-uptime";
import { followDeskTime } from "./lib/desk-time";
import { warmCache } from "./live";
import "./style/page.css";
import { Fault } from "./ui/fault";

const WARM_AFTER = 500; // ms after the load: the first page is painted and verified before the others are fetched

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <Fault data={undefined}>
      <App />
    </Fault>,
  );
followDeskTime();
followUptime();
addEventListener("load", () => setTimeout(() => void warmCache(), WARM_AFTER));
