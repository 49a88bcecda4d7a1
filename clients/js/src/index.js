export { Bot } from "./bot.js";
export { ClientError, NameTakenError } from "./errors.js";
