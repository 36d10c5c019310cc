import { backoffDelay } from "@/socket/backoff";
import { recoveryFrom } from "@/socket/closing";
import { describe, expect, it } from "vitest";

describe("back-off", () => {
  it("doubles up to 30 seconds, and never more", () => {
    const longest = Array.from({ length: 12 }, (_, attempt) => backoffDelay(attempt, () => 1));
    expect(longest.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
    expect(Math.max(...longest)).toBe(30_000);
    expect(backoffDelay(10_000, () => 1)).toBe(30_000);
  });

  it("is random by half", () => {
    expect(backoffDelay(3, () => 0)).toBe(2000);
    expect(backoffDelay(3, () => 0.5)).toBe(3000);
  });

  it("is what an unknown close code asks for", () => {
    expect(recoveryFrom(1006)).toEqual({ kind: "backOff", strained: false });
    expect(recoveryFrom(4999)).toEqual({ kind: "backOff", strained: false });
  });
});
