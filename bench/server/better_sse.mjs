// Broadcast with better-sse: one channel, filled by POST /publish.
import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";

const channel = createChannel();

const server = createServer(async (request, response) => {
  if (request.method === "GET") {
    const session = await createSession(request, response, { keepAlive: null, serializer: (data) => data });
    session.push("{}", "hello");
    channel.register(session);
    return;
  }
  const parts = [];
  for await (const part of request) parts.push(part);
  channel.broadcast(Buffer.concat(parts).toString(), "bots");
  response.end();
});
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
