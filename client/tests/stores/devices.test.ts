// @vitest-environment happy-dom
import * as http from "@/http/devices";
import { useDevices } from "@/stores/devices";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

vi.mock("@/http/devices");
const asked = vi.mocked(http.devices);

function device(id: string, kind: http.Device["kind"] = "browser"): http.Device {
  const at = "2026-03-10T12:00:00Z";
  return { id, device: id, kind, created_at: at, last_seen_at: at, current: false };
}

beforeEach(() => {
  vi.resetAllMocks();
  setActivePinia(createPinia());
});

describe("devices", () => {
  it("are here by the socket's events, whether or not anybody looks", () => {
    const devices = useDevices();
    devices.synced([{ id: "a" }, { id: "b" }]);
    devices.opened("c");
    devices.closed("a");
    expect([...devices.here]).toEqual(["b", "c"]);
    expect(asked).not.toHaveBeenCalled();
  });

  it("are asked for again with each event while somebody looks, and not after that", async () => {
    asked.mockResolvedValueOnce([device("a"), device("b"), device("t", "token")]).mockResolvedValueOnce([device("a")]);
    const devices = useDevices();
    const leave = devices.watch();
    await devices.load();
    expect(devices.browsers.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(devices.tokens.map(({ id }) => id)).toEqual(["t"]);
    devices.closed("b");
    await vi.waitFor(() => expect(devices.browsers.map(({ id }) => id)).toEqual(["a"]));
    leave();
    expect(devices.all).toBeNull();
    devices.closed("a");
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("are asked for once more when something happens while the answer is on its way", async () => {
    let answer: (list: http.Device[]) => void = () => undefined;
    asked.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve))).mockResolvedValue([device("new")]);
    const devices = useDevices();
    devices.watch();
    const loaded = devices.load();
    devices.opened("new");
    devices.opened("newer");
    answer([device("old")]);
    await loaded;
    expect(devices.browsers.map(({ id }) => id)).toEqual(["new"]);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("give the token that was made, even if the list cannot be had", async () => {
    vi.mocked(http.makeToken).mockResolvedValue({ session: device("t", "token"), token: "parley_x" });
    asked.mockRejectedValue(new Error("away"));
    expect(await useDevices().make("script", 30)).toBe("parley_x");
    expect(http.makeToken).toHaveBeenCalledWith("script", 30);
  });
});
