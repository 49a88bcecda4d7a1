/** The entry: what is kept stands in the first frame, then React takes over. */

import { App } from "./app";
import { showKept } from "./first/kept";
import "./style/page.css";
import { Fault } from "./ui/fault";

const page = (
  <Fault>
    <App />
  </Fault>
);

function Incomplete() {
  return (
    <p className="notice" role="alert">
      A part of this page did not arrive: it shows what this browser kept, and does not go on.{" "}
      <a href={location.href}>Load it again</a>.
    </p>
  );
}

const root = document.getElementById("root");
if (root) {
  const stop = showKept(root, page);
  import("./start").then(
    ({ start }) => {
      stop();
      start(root, page);
    },
    () => {
      stop();
      showKept(
        root,
        <>
          <Incomplete />
          {page}
        </>,
      );
    },
  );
}
