import { later } from "../lib/later";

/** What a desk without bots shows in place of them; one with bots never needs its code. */
export const EmptyDesk = later(
  () => import("./empty"),
  () => null,
);
