/** A call that cannot be booked, or a bot that cannot be opened; the text names the argument and says what to change. */
export class ClientError extends Error {
  name = "ClientError";
}

/** Another running program reports under the same name. */
export class NameTakenError extends ClientError {
  name = "NameTakenError";
}
