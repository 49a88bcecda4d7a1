// Books the cases of a file with the client for Node, each as a bot of its own: `node client.mjs CASES DATA`.
import fs from "node:fs";
import { Bot } from "../../clients/js/src/index.js";

const [cases, data] = process.argv.slice(2);
JSON.parse(fs.readFileSync(cases)).forEach(({ options, events }, number) => {
  for (const part of [events.slice(0, 1), events.slice(1)]) {
    const bot = new Bot(`case${number}`, { ...options, data, strict: true }); // the second time it goes on
    for (const [call, ...given] of part) bot[call](...given);
    bot.close();
  }
});
