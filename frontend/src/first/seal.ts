/**
 * Seals what the cache keeps in localStorage, on a desk with a password: ChaCha20 (RFC 8439) under a key that the desk
 * gives with a page as a cookie, which ends with the session. Without that cookie the records are noise.
 *
 * A cipher of our own code, because the browser's is asynchronous and only there under https: the first frame needs an
 * answer at once, and a desk in a home network has no TLS.
 */

import { pack, unpack } from "../lib/pack";
import { BASE, sealRecords } from "../live";

const NONCE_WORDS = 3;
const BLOCK = 64;

/** XOR `bytes` (a multiple of 64 of them) with the key stream, in place. */
export function chacha20(bytes: Uint8Array, key: Uint32Array, nonce: Uint32Array, counter = 0): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const first = new Uint32Array([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...key, counter, ...nonce]);
  const x = new Uint32Array(16);
  const quarter = (i: number, j: number, k: number, l: number): void => {
    let a = x[i] as number;
    let b = x[j] as number;
    let c = x[k] as number;
    let d = x[l] as number;
    a = (a + b) | 0;
    d ^= a;
    d = (d << 16) | (d >>> 16);
    c = (c + d) | 0;
    b ^= c;
    b = (b << 12) | (b >>> 20);
    a = (a + b) | 0;
    d ^= a;
    d = (d << 8) | (d >>> 24);
    c = (c + d) | 0;
    b ^= c;
    x[i] = a;
    x[j] = (b << 7) | (b >>> 25);
    x[k] = c;
    x[l] = d;
  };
  for (let at = 0; at < words.length; at += 16) {
    x.set(first);
    for (let round = 0; round < 10; round += 1) {
      for (let i = 0; i < 4; i += 1) quarter(i, i + 4, i + 8, i + 12);
      for (let i = 0; i < 4; i += 1) quarter(i, ((i + 1) & 3) + 4, ((i + 2) & 3) + 8, ((i + 3) & 3) + 12);
    }
    for (let i = 0; i < 16; i += 1)
      words[at + i] = (words[at + i] as number) ^ ((x[i] as number) + (first[i] as number));
    first[12] = (first[12] as number) + 1;
  }
}

/** What the native methods of typed arrays for base64 look like, where a browser has them. */
interface Base64 {
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as Base64).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

/** The key that the desk gave this browser for its session: 32 bytes in a cookie of this port and path. */
export function keyOf(cookies: string, place: string): Uint32Array | undefined {
  const found = new RegExp(`(?:^|; )(?:__\\w+-)?aion_kept_${place}=([\\w-]{43})(?:;|$)`).exec(cookies)?.[1];
  return found ? new Uint32Array(fromBase64(`${found.replaceAll("-", "+").replaceAll("_", "/")}=`).buffer) : undefined;
}

/** `data` as noise that only `key` makes sense of. */
export function seal(data: unknown, key: Uint32Array): string {
  const text = new TextEncoder().encode(JSON.stringify(data));
  const size = Math.ceil((text.length + 1) / BLOCK) * BLOCK;
  const all = new Uint8Array(NONCE_WORDS * 4 + size).fill(32); // JSON may end in spaces
  const nonce = crypto.getRandomValues(new Uint32Array(NONCE_WORDS));
  all.set(text, NONCE_WORDS * 4);
  chacha20(all.subarray(NONCE_WORDS * 4), key, nonce);
  all.set(new Uint8Array(nonce.buffer));
  return toBase64(all);
}

/** What was sealed; throws where it was not, or under another key. */
export function open(sealed: unknown, key: Uint32Array): unknown {
  const all = fromBase64(sealed as string);
  const nonce = new Uint32Array(all.buffer, 0, NONCE_WORDS);
  const text = all.subarray(NONCE_WORDS * 4);
  chacha20(text, key, nonce);
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
}

/** Seal and open the cache's records from now on; on a desk without a password there is no key, and they stay plain. */
export function sealKept(): void {
  const read = (): Uint32Array | undefined =>
    keyOf(document.cookie, location.port + BASE.replace(/[^A-Za-z0-9]/g, "_"));
  const first = read();
  let held = first;
  sealRecords({
    seal(data) {
      held = read();
      if (held) return seal(pack(data), held);
      return first ? undefined : pack(data); // the session has ended under this page: nothing more is kept of it
    },
    open(data) {
      if (held) return unpack(open(data, held));
      if (typeof data === "string") throw new Error("sealed for a session that has ended");
      return unpack(data);
    },
  });
  // A page that comes back whole from the browser's memory must not show what its session may not see any more.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && read()?.join() !== first?.join()) location.reload();
  });
}
