import { useState } from "preact/hooks";

let made = 0;

/** An id that no other element of the page has; Preact's own may come twice where a part of the tree was drawn anew. */
export function useId(): string {
  const [id] = useState(() => {
    made += 1;
    return `id-${made}`;
  });
  return id;
}
