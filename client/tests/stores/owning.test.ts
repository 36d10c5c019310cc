// @vitest-environment happy-dom
import { letGo, letGoOfAll, take } from "@/stores/owning";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

/** Locks as browsers have them: whoever comes later waits until the one before has settled. */
class Locks {
  private readonly queues = new Map<string, Promise<unknown>>();

  request(name: string, granted: () => Promise<unknown>): Promise<unknown> {
    const turn = (this.queues.get(name) ?? Promise.resolve()).then(granted);
    this.queues.set(name, turn);
    return turn;
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("what a page has to itself", () => {
  let locks: Locks;

  beforeEach(() => {
    locks = new Locks();
    vi.stubGlobal("navigator", { locks });
  });
  afterEach(() => {
    letGoOfAll();
    vi.unstubAllGlobals();
  });

  it("is its own at once where nobody else has it, and stays so", async () => {
    const taken = vi.fn();
    take("a", taken);
    await settled();
    take("a", taken);
    expect(taken).toHaveBeenCalledTimes(2);
    const other = vi.fn(() => Promise.resolve());
    void locks.request("parley.page.a", other);
    await settled();
    expect(other).not.toHaveBeenCalled();
    letGo("a");
    await settled();
    expect(other).toHaveBeenCalledOnce();
  });

  it("is waited for while another page has it", async () => {
    let close!: () => void;
    void locks.request("parley.page.a", () => new Promise<void>((resolve) => (close = resolve)));
    const taken = vi.fn();
    take("a", taken);
    await settled();
    expect(taken).not.toHaveBeenCalled();
    close();
    await settled();
    expect(taken).toHaveBeenCalledOnce();
  });

  it("is taken once, by whoever wants it last, when it was let go of while it was waited for", async () => {
    let close!: () => void;
    void locks.request("parley.page.a", () => new Promise<void>((resolve) => (close = resolve)));
    const before = vi.fn();
    const after = vi.fn();
    take("a", before);
    letGoOfAll();
    take("a", after);
    await settled();
    close();
    await settled();
    expect(before).not.toHaveBeenCalled();
    expect(after).toHaveBeenCalledOnce();
  });

  it("is taken at once where a browser knows no locks", () => {
    vi.stubGlobal("navigator", {});
    const taken = vi.fn();
    take("a", taken);
    expect(taken).toHaveBeenCalledOnce();
  });
});
