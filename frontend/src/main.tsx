/** The entry: what is kept stands in the first frame, then React takes over. */

import { App } from "./app";
import { showKept } from "./first/kept";
import { sealKept } from "./first/seal";
import "./style/page.css";
import { arrive } from "./lib/part";
import { Fault } from "./ui/fault";

sealKept();

const page = (
  <Fault>
    <App />
  </Fault>
);

function Incomplete() {
  return (
    <p className="notice" role="alert">
      A part of this page did not arrive. It shows what this browser kept and goes on as soon as the desk answers.{" "}
      <a href={location.href}>Load it again</a>.
    </p>
  );
}

const root = document.getElementById("root");
if (root) {
  let stop = showKept(root, page);
  const load = (): Promise<typeof import("./start")> => import("./start");
  const showIncomplete = (): void => {
    stop();
    stop = showKept(
      root,
      <>
        <Incomplete />
        {page}
      </>,
    );
  };
  load().catch(showIncomplete);
  arrive(load).then(({ start }) => {
    stop();
    start(root, page);
  }, showIncomplete);
}
