// @vitest-environment happy-dom
import { useToday } from "@/composables/useToday";
import { lastCode } from "@/composables/useCopyLast";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope } from "vue";

beforeEach(() => vi.useFakeTimers({ now: new Date(2026, 2, 28, 23, 59, 30) }));
afterEach(() => vi.useRealTimers());

describe("today", () => {
  it("ends at midnight, night after night", () => {
    const scope = effectScope();
    const today = scope.run(useToday);
    expect(today?.value).toEqual(new Date(2026, 2, 28));
    vi.advanceTimersByTime(29_000);
    expect(today?.value).toEqual(new Date(2026, 2, 28));
    vi.advanceTimersByTime(1_000);
    expect(today?.value).toEqual(new Date(2026, 2, 29));
    vi.advanceTimersByTime(25 * 3600_000);
    expect(today?.value).toEqual(new Date(2026, 2, 30));
    scope.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is another one for a page that slept", () => {
    const scope = effectScope();
    const today = scope.run(useToday);
    vi.setSystemTime(new Date(2026, 3, 2, 8));
    window.dispatchEvent(new Event("focus"));
    expect(today?.value).toEqual(new Date(2026, 3, 2));
    scope.stop();
  });
});

describe("the last code", () => {
  it("is found in the HTML of an answer, without its colours", () => {
    expect(lastCode("<pre>a\n</pre><p>x</p><pre><code><span>b</span> = 1\n</code></pre>")).toBe("b = 1");
    expect(lastCode("<p>none</p>")).toBeNull();
  });
});
