/** The app: which page, with which data. The only place where pages meet the live library. */

import { lazy, Suspense } from "react";
import type { BotsPageBundle } from "./api/schema";
import { BotsPage } from "./feature/bots/page";
import { Skeleton } from "./feature/bots/skeleton";
import { usePath } from "./lib/route";
import { useShared } from "./lib/use-shared";
import { type FetchError, type LinkStatus, useLink, useSnapshot } from "./live";
import { Frame } from "./ui/frame/frame";
import type { Link } from "./ui/frame/link-chip";
import { follow, PAGES, type PageId } from "./ui/frame/top-bar";

const IntradayScreen = lazy(() => import("./feature/intraday/screen"));
const LogsScreen = lazy(() => import("./feature/logs/screen"));
const SystemScreen = lazy(() => import("./feature/system/screen"));

/** Page of a path: `/bots` and what lies under it. */
export function pageOf(path: string): PageId | undefined {
  return PAGES.find(({ href }) => path === href || path.startsWith(`${href}/`))?.id;
}

/** The chip's view of the link. */
export function linkOf(status: LinkStatus): Link {
  return {
    state: status.state,
    verifiedAt: status.verifiedAt,
    since: status.state === "offline" ? status.since : undefined,
    pollEvery: status.pollEvery / 1000,
  };
}

/** A sentence for a page that has no data at all. */
export function troubleText(error: FetchError | undefined): string {
  if (!error) return "";
  if (error.status === 0) return "The desk does not answer. The page tries again by itself.";
  return `The desk answered ${error.status}. The page tries again by itself.`;
}

function NotFound({ path }: { path: string }) {
  return (
    <section className="panel empty-desk">
      <h1>There is no page {path}</h1>
      <p>
        The pages are{" "}
        {PAGES.map(({ id, href, title }, index) => (
          <span key={id}>
            {index > 0 && ", "}
            <a className="quiet" href={href} onClick={follow}>
              {title}
            </a>
          </span>
        ))}
        .
      </p>
    </section>
  );
}

export function App() {
  const path = usePath();
  const page = pageOf(path);
  const link = useLink();
  const { data, keptAt, error } = useSnapshot<BotsPageBundle>("bots", "/api/bots/page");
  const bundle = useShared(data);
  return (
    <Frame page={page} data={bundle} keptAt={keptAt} link={linkOf(link)} trouble={bundle ? "" : troubleText(error)}>
      <Suspense fallback={null}>
        {page === "bots" && (bundle ? <BotsPage bundle={bundle} /> : <Skeleton />)}
        {page === "intraday" && <IntradayScreen />}
        {page === "logs" && <LogsScreen />}
        {page === "system" && <SystemScreen />}
        {page === undefined && <NotFound path={path} />}
      </Suspense>
    </Frame>
  );
}
