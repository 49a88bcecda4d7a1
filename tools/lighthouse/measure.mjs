/**
 * One Lighthouse run of one page, each in a fresh browser profile: `node measure.mjs CHROMIUM ADDRESS`.
 * Writes the figures as one line of JSON. The throttling is Lighthouse's own mobile profile.
 */

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [chromium, address, report] = process.argv.slice(2);
const browser = await launch({
  chromePath: chromium,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
});
try {
  const found = await lighthouse(address, {
    port: browser.port,
    logLevel: "error",
    output: "json",
    onlyCategories: ["performance", "accessibility", "best-practices"],
  });
  if (!found) throw new Error("Lighthouse gave no result");
  const { audits, categories, environment, runtimeError } = found.lhr;
  if (runtimeError) throw new Error(`${runtimeError.code}: ${runtimeError.message}`);
  const score = (name) => Math.round((categories[name].score ?? 0) * 100);
  const figure = (name) => audits[name].numericValue ?? null;
  if (report) (await import("node:fs")).writeFileSync(report, found.report);
  process.stdout.write(
    `${JSON.stringify({
      performance: score("performance"),
      accessibility: score("accessibility"),
      best_practices: score("best-practices"),
      cls: figure("cumulative-layout-shift"),
      tbt_ms: figure("total-blocking-time"),
      lcp_ms: figure("largest-contentful-paint"),
      fcp_ms: figure("first-contentful-paint"),
      speed_ms: figure("speed-index"),
      bytes: figure("total-byte-weight"),
      benchmark: environment.benchmarkIndex,
    })}\n`,
  );
} finally {
  await browser.kill();
}
