import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Lets the code of a screen come beside the entry, not after it: it is named to `theme.js`, which knows the path. */
function preload(): Plugin {
  return {
    name: "preload",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) => {
        const chunks = Object.values(bundle ?? {}).flatMap((each) => (each.type === "chunk" ? [each] : []));
        const screens = chunks.flatMap(({ facadeModuleId, fileName }) => {
          const name = /feature\/(\w+)\/screen\.tsx$/.exec(facadeModuleId ?? "")?.[1];
          return name ? [`${name} /${fileName}`] : [];
        });
        const parts = chunks.filter(({ isEntry }) => !isEntry).map(({ fileName }) => `/${fileName}`);
        return html.replace(
          'src="/theme.js"',
          `$& data-screens="${screens.sort().join(", ")}" data-parts="${parts.sort().join(" ")}"`,
        );
      },
    },
  };
}

/** What uPlot does as soon as it is imported, which throws for a browser whose language is no tag, such as `C`. */
const UPLOT_LOCALE = "new Intl.NumberFormat(domEnv ? nav.language : 'en-US')";

/** Lets uPlot format its numbers in English, as the page does everywhere. */
function tameLocale(): Plugin {
  return {
    name: "tame-locale",
    transform(code, id) {
      if (!id.includes("uPlot.esm")) return;
      if (!code.includes(UPLOT_LOCALE)) this.error("uPlot takes the browser's language in another way than it did");
      return { code: code.replace(UPLOT_LOCALE, "new Intl.NumberFormat('en-US')"), map: null };
    },
  };
}

/** All but what only pages that come later share. */
const OF_FIRST_PAGE =
  /^(?!.*\/src\/(ui\/panel|lib\/use-fetched|lib\/(use-held-machines|wear)|ui\/chart\/colour)\.tsx?$)/;

export default defineConfig({
  plugins: [preload(), tameLocale()],
  // `src/live` is for any page, and so takes its hooks from React; here Preact runs them.
  resolve: { alias: { react: `${import.meta.dirname}/src/lib/react.ts` } },
  build: {
    outDir: "../aion/web/static",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // One stylesheet, and what the first frame needs in the entry: it is one round trip behind the page's HTML. Sheets of
    // pages that come later are in their scripts (`wear`).
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // what the first page shares with others is one file, not six: each is a request of its own
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 2, test: OF_FIRST_PAGE }] } },
    },
  },
  // a script names others by where it lies itself: the desk may stand below a path
  experimental: {
    renderBuiltUrl: (filename, { hostType }) => (hostType === "js" ? { relative: true } : `/${filename}`),
  },
  server: { proxy: { "/api": "http://127.0.0.1:3000", "/events": "http://127.0.0.1:3000" } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    // One page for all files of a worker: to make one takes longer than the tests in it.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    server: { deps: { inline: ["@testing-library/preact"] } },
  },
});
