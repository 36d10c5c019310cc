// @vitest-environment happy-dom
import { speak } from "@/i18n";
import type { Conversation } from "@/protocol/frames.gen";
import { useConversations } from "@/stores/conversations";
import { useNotices } from "@/stores/notices";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const postMessage = vi.fn();
const shown = [
  { data: { conversation: "c1" }, close: vi.fn() },
  { data: { conversation: "c2" }, close: vi.fn() },
];
const registration = { active: { postMessage }, getNotifications: () => Promise.resolve(shown) };

function browser(answer: NotificationPermission): void {
  vi.stubGlobal("Notification", { permission: "default", requestPermission: () => Promise.resolve(answer) });
  vi.stubGlobal("navigator", { serviceWorker: { getRegistration: () => Promise.resolve(registration) } });
}

/** A page of the same browser, which has what the others keep. */
async function page(unread = true) {
  setActivePinia(createPinia());
  useConversations().put({ id: "c1", title: "Physics", unread } as Conversation);
  const notices = useNotices();
  notices.begin("ann");
  await notices.turnOn();
  return notices;
}

beforeAll(() => speak("en"));

beforeEach(() => {
  localStorage.clear();
  vi.clearAllMocks();
  vi.useFakeTimers();
  browser("granted");
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a notice", () => {
  it("tells once of an answer that was asked here, however many pages there are", async () => {
    const asking = await page();
    asking.expect("t1", "c1");
    const other = await page();
    for (const notices of [asking, other]) {
      notices.turnChanged("t1", "streaming");
      notices.turnChanged("t1", "complete");
      notices.turnChanged("t2", "complete");
    }
    await vi.runAllTimersAsync();
    expect(postMessage).toHaveBeenCalledOnce();
    expect(postMessage).toHaveBeenCalledWith({
      type: "notice",
      title: "Physics",
      body: "The answer is done.",
      turn: "t1",
      conversation: "c1",
    });
    other.synced(new Set());
    await vi.runAllTimersAsync();
    expect(postMessage).toHaveBeenCalledOnce();
  });

  it("says when an answer failed, and nothing when it was stopped or is read by then", async () => {
    const notices = await page();
    notices.expect("t1", "c1");
    notices.turnChanged("t1", "stopped");
    await vi.runAllTimersAsync();
    expect(postMessage).not.toHaveBeenCalled();

    notices.expect("t2", "c1");
    notices.turnChanged("t2", "failed");
    await vi.runAllTimersAsync();
    expect(postMessage).toHaveBeenCalledWith(expect.objectContaining({ body: "The answer could not be finished." }));

    notices.expect("t3", "c1");
    notices.turnChanged("t3", "complete");
    useConversations().put({ id: "c1", title: "Physics", unread: false } as Conversation);
    await vi.runAllTimersAsync();
    expect(postMessage).toHaveBeenCalledOnce();
  });

  it("tells of what ended while there was no line, but not of what still runs", async () => {
    const notices = await page();
    notices.expect("t1", "c1");
    notices.expect("t2", "c1");
    notices.synced(new Set(["t2"]));
    await vi.runAllTimersAsync();
    expect(postMessage.mock.calls.map(([{ turn }]) => turn as string)).toEqual(["t1"]);
  });

  it("is withdrawn when its conversation is read", async () => {
    await (await page()).withdraw("c1");
    expect(shown.map(({ close }) => close.mock.calls.length)).toEqual([1, 0]);
  });

  it("is not there unless it is wanted and allowed", async () => {
    const notices = await page();
    notices.turnOff();
    notices.expect("t1", "c1");
    notices.turnChanged("t1", "complete");
    await vi.runAllTimersAsync();
    expect(postMessage).not.toHaveBeenCalled();

    browser("denied");
    const refused = await page();
    expect([refused.on, refused.blocked]).toEqual([false, true]);
  });
});
