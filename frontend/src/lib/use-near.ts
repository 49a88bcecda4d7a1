/** Whether an element is in the window or near it: what is far away is not worth drawing yet. */

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

const NEAR = "300px"; // around the window: drawn before it is scrolled to

/** True while the element is near the window; always where the browser cannot tell. */
export function useNear(host: RefObject<Element | null>): boolean {
  const [isNear, setNear] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    const element = host.current;
    if (!element || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver((seen) => setNear(seen.at(-1)?.isIntersecting === true), {
      rootMargin: NEAR,
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [host]);
  return isNear;
}
