// @vitest-environment happy-dom
import { keep, kept } from "@/stores/keeping";
import { inherit, keepAsMine, letGoOfAll } from "@/stores/owning";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

/** Locks as browsers have them: whoever comes later waits until the one before has settled. */
class Locks {
  private readonly queues = new Map<string, Promise<unknown>>();

  request(name: string, granted: () => Promise<unknown>): Promise<unknown> {
    const turn = (this.queues.get(name) ?? Promise.resolve()).then(granted);
    this.queues.set(name, turn);
    return turn;
  }

  /** Another page, which has it until it is closed. */
  holdElsewhere(name: string): () => void {
    let close!: () => void;
    void this.request(name, () => new Promise<void>((resolve) => (close = resolve)));
    return () => close();
  }
}

const LOCK = "parley.page.asked.a";
const settled = () => new Promise((resolve) => setTimeout(resolve));
const goOn = vi.fn();
let locks: Locks;

beforeEach(() => {
  locks = new Locks();
  vi.stubGlobal("navigator", { locks });
  goOn.mockReset();
});
afterEach(() => {
  letGoOfAll();
  localStorage.clear();
  vi.unstubAllGlobals();
});

describe("what a page keeps as its own", () => {
  it("is nobody else's until it is kept no more", async () => {
    keepAsMine("asked", "u", "a", { text: "Why?" });
    const other = vi.fn(() => Promise.resolve());
    void locks.request(LOCK, other);
    await settled();
    expect(other).not.toHaveBeenCalled();
    expect(kept("asked", "u")).toEqual([["a", { text: "Why?" }]]);
    keepAsMine("asked", "u", "a", null);
    await settled();
    expect(other).toHaveBeenCalledOnce();
    expect(kept("asked", "u")).toEqual([]);
  });

  it("is inherited once its page is gone, as it is by then", async () => {
    keep("asked", "u", "a", { text: "Why?" });
    const close = locks.holdElsewhere(LOCK);
    inherit("asked", "u", goOn);
    await settled();
    expect(goOn).not.toHaveBeenCalled();
    keep("asked", "u", "a", { text: "Why not?" });
    close();
    await settled();
    expect(goOn.mock.calls).toEqual([["a", { text: "Why not?" }]]);
  });

  it("is not inherited when it was done meanwhile", async () => {
    keep("asked", "u", "a", {});
    const close = locks.holdElsewhere(LOCK);
    inherit("asked", "u", goOn);
    await settled();
    keep("asked", "u", "a", null);
    close();
    await settled();
    expect(goOn).not.toHaveBeenCalled();
  });

  it("is inherited once, by whoever is logged in last", async () => {
    keep("asked", "u", "a", {});
    const close = locks.holdElsewhere(LOCK);
    const before = vi.fn();
    inherit("asked", "u", before);
    letGoOfAll();
    inherit("asked", "u", goOn);
    await settled();
    close();
    await settled();
    expect(before).not.toHaveBeenCalled();
    expect(goOn).toHaveBeenCalledOnce();
  });

  it("is inherited at once where a browser knows no locks", () => {
    vi.stubGlobal("navigator", {});
    keep("asked", "u", "a", {});
    inherit("asked", "u", goOn);
    expect(goOn).toHaveBeenCalledOnce();
  });
});
