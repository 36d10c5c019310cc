// @vitest-environment happy-dom
import { importFile, type ImportProgress } from "@/http/carrying";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let answer: Handler;

beforeEach(async () => {
  server = createServer((request, response) => {
    if (request.url === "/api/auth/me") response.end('{"user":{"id":"u"}}');
    else request.resume().on("end", () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(`http://127.0.0.1:${String(port)}/`);
});
afterEach(() => void server.close());

it("tells how far it is, and what came of it", async () => {
  const result = { imported: 2, skipped: 1, failed: [{ title: "潮汐", code: "foreign", reason: "Why" }] };
  answer = (_, response) => {
    response.write('{"done":1,"to');
    response.write('tal":3}\n{"done":3,"total":3}\n');
    response.end(`${JSON.stringify(result)}\n`);
  };
  const told: ImportProgress[] = [];
  expect(await importFile(new Blob(["x"]), (now) => told.push(now))).toEqual(result);
  expect(told.filter(({ phase }) => phase === "reading").map(({ done }) => done)).toEqual([1, 3]);
});

it.each([
  [200, '{"done":1,"total":3}\n', "unreachable"],
  [200, '{"done":1,"total":3}\n{"error":{"code":"unavailable","message":"m"}}\n', "unavailable"],
  [409, '{"error":{"code":"busy","message":"m"}}', "busy"],
  [413, "<html>", "too_large"],
  [502, "<html>", "unreachable"],
])("says what went wrong: %i %s", async (status, body, code) => {
  answer = (_, response) => response.writeHead(status).end(body);
  await expect(importFile(new Blob(["x"]), () => undefined)).rejects.toMatchObject({ code });
});
