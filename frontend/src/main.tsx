import { createRoot } from "react-dom/client";
import { App } from "./app";
import { followDeskTime } from "./lib/desk-time";
import "./style/page.css";

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
followDeskTime();
