import { afterEach, expect, test } from "vitest";
import { clearAllCache, peekCached, sealRecords, setCached } from "../live";
import { chacha20, keyOf, open, seal, sealKept } from "./seal";

const KEY = "A".repeat(43);
const OTHER = "B".repeat(43);
const BUNDLE = { bots: { orb_ny: { equity: 101_234.5, note: "ünïcode € 🟢" } } };

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function log(value: string | undefined): void {
  // biome-ignore lint/suspicious/noDocumentCookie: what a browser does with the desk's header
  document.cookie = `aion_kept_${location.port}=${value ?? ""}; max-age=${value ? 60 : 0}`;
}

afterEach(() => {
  clearAllCache();
  localStorage.clear();
  log(undefined);
  sealRecords({ seal: (data) => data, open: (data) => data });
});

test("the key stream is that of RFC 8439, section 2.4.2", () => {
  const text = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const padded = new Uint8Array(128);
  padded.set(text);
  const key = new Uint32Array(Uint8Array.from({ length: 32 }, (_, at) => at).buffer);
  const nonce = new Uint32Array(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0x4a, 0, 0, 0, 0]).buffer);
  chacha20(padded, key, nonce, 1);
  expect(hex(padded.subarray(0, text.length))).toBe(
    "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b357" +
      "1639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736" +
      "5af90bbf74a35be6b40b8eedf2785e42874d",
  );
});

test("what was sealed opens under its own key alone, and is never the same twice", () => {
  const key = keyOf(`a=1; __Host-aion_kept_443=${KEY}; b=2`, "443") as Uint32Array;
  const other = keyOf(`aion_kept_443=${OTHER}`, "443") as Uint32Array;
  const sealed = seal(BUNDLE, key);
  expect(sealed).not.toContain("orb");
  expect(seal(BUNDLE, key)).not.toBe(sealed);
  expect(open(sealed, key)).toEqual(BUNDLE);
  expect(() => open(sealed, other)).toThrow();
  expect(() => open(sealed.slice(4), key)).toThrow();
  expect(() => open(BUNDLE, key)).toThrow();
  for (const cookies of [
    "",
    `aion_kept_80=${KEY}`,
    `xaion_kept_443=${KEY}`,
    `aion_kept_443=${KEY}A`,
    "aion_kept_443=",
  ]) {
    expect(keyOf(cookies, "443")).toBeUndefined();
  }
});

test("a record of a session is noise, and gone once its key is", () => {
  log(KEY);
  sealKept();
  setCached("/api/bots/page", BUNDLE);
  const record = localStorage.getItem("aion_cache_api:/api/bots/page") as string;
  expect(record).not.toContain("orb_ny");
  expect(Object.keys(JSON.parse(record))).toEqual(expect.arrayContaining(["data", "timestamp", "ttl"]));

  for (const [key, isThere] of [
    [KEY, true],
    [OTHER, false],
    [undefined, false],
  ] as const) {
    clearAllCache(); // another page load has nothing in memory
    localStorage.setItem("aion_cache_api:/api/bots/page", record);
    log(key);
    sealKept();
    expect(peekCached("/api/bots/page")?.data).toEqual(isThere ? BUNDLE : undefined);
    expect(localStorage.getItem("aion_cache_api:/api/bots/page") !== null).toBe(isThere);
  }
});

test("a page whose session ends under it keeps nothing more", () => {
  log(KEY);
  sealKept();
  log(undefined);
  setCached("/api/bots/page", BUNDLE);
  expect(JSON.stringify(localStorage)).not.toContain("orb_ny");
});

test("what was kept plain, before there was a password, is not shown to a session", () => {
  sealKept();
  setCached("/api/bots/page", BUNDLE);
  const plain = localStorage.getItem("aion_cache_api:/api/bots/page") as string;
  expect(JSON.parse(plain).data).toEqual(BUNDLE);
  clearAllCache();
  localStorage.setItem("aion_cache_api:/api/bots/page", plain);
  log(KEY);
  sealKept();
  expect(peekCached("/api/bots/page")).toBeNull();
  expect(localStorage.getItem("aion_cache_api:/api/bots/page")).toBeNull();
});
