/** What `src/live` takes of React, whose hooks any page of React can use: here Preact runs them. */

export { useEffect, useRef, useState } from "preact/hooks";
export { useStore as useSyncExternalStore } from "./use-store";
