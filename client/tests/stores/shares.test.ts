// @vitest-environment happy-dom
import type { Share } from "@/protocol/frames.gen";
import { useLink } from "@/stores/link";
import { useShares } from "@/stores/shares";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, it, vi } from "vitest";

const share = (id: string, url = `/s/${id}`): Share => ({
  id, conversation: "c", url, created_at: "2026-03-10T12:00:00Z", expires_at: null,
});

beforeEach(() => setActivePinia(createPinia()));

it("are those of one conversation, newest first, until they are taken back", async () => {
  const shares = useShares();
  const request = vi.spyOn(useLink(), "request");
  request.mockResolvedValueOnce({ shares: [share("a")] });
  await shares.load("c");
  request.mockResolvedValueOnce({ share: share("b") });
  await shares.create("c", 60);
  expect(request).toHaveBeenLastCalledWith({ type: "share.create", conversation: "c", expires_in: 60 });
  expect(shares.list.map(({ id }) => id)).toEqual(["b", "a"]);
  request.mockResolvedValueOnce({});
  await shares.takeBack("a");
  expect(shares.list.map(({ id }) => id)).toEqual(["b"]);
});

it("have the address of this page's server, or the one that the server gives", () => {
  const shares = useShares();
  expect(shares.address(share("a"))).toBe(`${location.origin}/s/a`);
  expect(shares.address(share("a", "https://chat.example.org/s/a"))).toBe("https://chat.example.org/s/a");
});
