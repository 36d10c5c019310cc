import { call } from "@/http/call";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, vi } from "vitest";

it("gives up a call that nobody answers", async () => {
  const patience = new AbortController();
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(patience.signal);
  const server = createServer(() => patience.abort());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await expect(call("POST", `http://127.0.0.1:${String(port)}/`)).rejects.toMatchObject({ code: "unreachable" });
  server.close();
});
