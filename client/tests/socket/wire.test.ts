import { type SocketClass, Wire, type WireEvents } from "@/socket/wire";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const BEAT_S = 25;
const HOUR_MS = 3_600_000;

/** Takes everything, and nothing comes of it until the test says so. */
class Silent {
  static last: Silent;
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly sent: string[] = [];
  onmessage: ((event: { data: string }) => void) | undefined;

  constructor() {
    Silent.last = this;
  }

  send(frame: string): void {
    this.sent.push(frame);
  }

  close(): void {
    // Nobody is there to answer it.
  }
}

const closed = vi.fn<WireEvents["closed"]>();

beforeEach(() => {
  vi.useFakeTimers();
  closed.mockReset();
  const wire = new Wire("ws://nowhere", { frame: () => undefined, closed }, Silent as unknown as SocketClass);
  wire.keepAlive(BEAT_S);
});
afterEach(() => void vi.useRealTimers());

/** All timers stand still meanwhile, and the first beat comes when they go on. */
function sleep(): void {
  vi.setSystemTime(Date.now() + HOUR_MS);
  vi.advanceTimersByTime(BEAT_S * 1000);
}

it("gives a line up at once when the machine has slept and nothing comes of it", () => {
  sleep();
  expect(Silent.last.sent).toHaveLength(1);
  vi.advanceTimersByTime(4_000);
  expect(closed).toHaveBeenCalledExactlyOnceWith(1006);
});

it("stays with a line that has outlived the sleep", () => {
  sleep();
  Silent.last.onmessage?.({ data: '{"type":"reply","id":"ping","data":{}}' });
  vi.advanceTimersByTime(4_000);
  expect(closed).not.toHaveBeenCalled();
});

it("does not take beats for late that come in time", () => {
  vi.advanceTimersByTime(BEAT_S * 1000 + 4_000);
  expect(closed).not.toHaveBeenCalled();
});
