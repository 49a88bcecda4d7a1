// Answers one JSON line a JSON line, as a browser would: ["write", text] or ["apply", held, event].
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { applyDelta, crc32 } = await import(pathToFileURL(process.argv[2]));

const does = {
  write: (text) => [JSON.stringify(JSON.parse(text)), crc32(JSON.stringify(JSON.parse(text)))],
  apply: (held, event) => {
    const before = JSON.parse(held);
    const [topic, data] = applyDelta(event, (_, etag) => (before?.etag === etag ? before : undefined));
    return [topic, JSON.stringify(data), JSON.stringify(before)];
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...rest] = JSON.parse(line);
  let answer;
  try {
    answer = does[name](...rest);
  } catch (error) {
    answer = { error: error.message };
  }
  console.log(JSON.stringify(answer));
}
