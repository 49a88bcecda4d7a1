/** Put a Brotli and a gzip form beside each built file that gets smaller: `node compress.mjs FOLDER`, after `vite build`. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TEXT = /\.(js|css|html|svg|json|webmanifest)$/;
const LEAST = 256; // bytes: below it the header of a coding is not worth it

const folder = process.argv[2];
for (const name of readdirSync(folder, { recursive: true })) {
  if (!TEXT.test(name)) continue;
  const path = join(folder, name);
  const body = readFileSync(path);
  if (body.length < LEAST) continue;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
  for (const [suffix, packed] of [
    [".br", brotliCompressSync(body, { params })],
    [".gz", gzipSync(body, { level: 9 })],
  ]) {
    if (packed.length < body.length) writeFileSync(path + suffix, packed);
  }
}
