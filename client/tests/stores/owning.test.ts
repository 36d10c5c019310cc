// @vitest-environment happy-dom
import { keep, kept } from "@/stores/keeping";
import { beforeEach, describe, expect, it, vi } from "vitest";

/** Locks as browsers have them: whoever comes later waits until the one before has settled. */
class Locks {
  private readonly queues = new Map<string, Promise<unknown>>();

  request(name: string, granted: () => unknown): Promise<unknown> {
    const turn = (this.queues.get(name) ?? Promise.resolve()).then(granted);
    this.queues.set(name, turn);
    return turn;
  }

  /** What a page does that is open until it is closed. */
  open(page: string): () => void {
    let close!: () => void;
    void this.request(`parley.page.${page}`, () => new Promise<void>((resolve) => (close = resolve)));
    return () => close();
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const goOn = vi.fn();
let locks: Locks;

/** Another page of the same browser. */
async function page() {
  vi.resetModules();
  return import("@/stores/owning");
}

beforeEach(() => {
  locks = new Locks();
  vi.stubGlobal("navigator", { locks });
  localStorage.clear();
  goOn.mockReset();
});

describe("what a page keeps as its own", () => {
  it("is left to it while it is open", async () => {
    const first = await page();
    first.keepAsMine("asked", "u", "a", { text: "Why?" });
    const second = await page();
    second.inherit("asked", "u", goOn);
    await settled();
    expect(goOn).not.toHaveBeenCalled();
    first.keepAsMine("asked", "u", "a", null);
    expect(kept("asked", "u")).toEqual([]);
  });

  it("is inherited once that is closed, as it is by then, and by one page", async () => {
    keep("asked", "u", "a", { text: "Why?", page: "p" });
    const close = locks.open("p");
    const [second, third] = [await page(), await page()];
    second.inherit("asked", "u", goOn);
    third.inherit("asked", "u", goOn);
    await settled();
    expect(goOn).not.toHaveBeenCalled();
    keep("asked", "u", "a", { text: "Why not?", page: "p" });
    close();
    await settled();
    expect(goOn).toHaveBeenCalledExactlyOnceWith("a", { text: "Why not?", page: "p" });
    const [[, value]] = kept("asked", "u") as [[string, { text: string; page: string }]];
    expect(value.text).toBe("Why not?");
    expect(value.page).not.toBe("p");
  });

  it("is not inherited when it was done meanwhile", async () => {
    keep("asked", "u", "a", { page: "p" });
    const close = locks.open("p");
    (await page()).inherit("asked", "u", goOn);
    await settled();
    keep("asked", "u", "a", null);
    close();
    await settled();
    expect(goOn).not.toHaveBeenCalled();
  });

  it("is inherited by whoever is logged in then", async () => {
    keep("asked", "u", "a", { page: "p" });
    const close = locks.open("p");
    const { inherit, stopInheriting } = await page();
    const before = vi.fn();
    inherit("asked", "u", before);
    stopInheriting();
    inherit("asked", "u", goOn);
    await settled();
    close();
    await settled();
    expect(before).not.toHaveBeenCalled();
    expect(goOn).toHaveBeenCalledOnce();
  });

  it("is gone on with by the page itself after a log-out, and by any where a browser knows no locks", async () => {
    const { inherit, keepAsMine } = await page();
    keepAsMine("asked", "u", "a", {});
    inherit("asked", "u", goOn);
    expect(goOn).toHaveBeenCalledOnce();
    vi.stubGlobal("navigator", {});
    (await page()).inherit("asked", "u", goOn);
    expect(goOn).toHaveBeenCalledTimes(2);
  });
});
