import { type Device, devices, endOtherSessions, endSession, makeToken } from "@/http/devices";
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

/** Where the user is logged in. Who is here at this moment is known from the socket; all of them only when asked for. */
export const useDevices = defineStore("devices", () => {
  /** Login sessions with an open socket. */
  const here = ref(new Set<string>());
  const all = shallowRef<Device[] | null>(null);
  const browsers = computed(() => all.value?.filter(({ kind }) => kind === "browser") ?? []);
  const tokens = computed(() => all.value?.filter(({ kind }) => kind === "token") ?? []);
  let watchers = 0;
  let asking: Promise<void> | null = null;
  let stale = false;

  /** What is asked for while an answer is on its way is asked once more after it: that answer may be too old. */
  function load(): Promise<void> {
    stale = asking !== null;
    asking ??= ask().finally(() => (asking = null));
    return asking;
  }

  async function ask(): Promise<void> {
    do {
      stale = false;
      all.value = await devices();
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- `load` sets it meanwhile
    } while (stale);
  }

  /** Somebody looks at the list, until they do not any more: it is kept up to date. */
  function watch(): () => void {
    watchers += 1;
    return () => {
      watchers -= 1;
      if (watchers === 0) all.value = null;
    };
  }

  /** The next event, or the next look, brings what cannot be had now. */
  function refresh(): void {
    if (watchers > 0) load().catch(() => undefined);
  }

  function synced(sessions: { id: string }[]): void {
    here.value = new Set(sessions.map(({ id }) => id));
    refresh();
  }

  function opened(id: string): void {
    here.value.add(id);
    refresh();
  }

  function closed(id: string): void {
    here.value.delete(id);
    refresh();
  }

  async function end(id: string): Promise<void> {
    await endSession(id);
    await load();
  }

  async function endOthers(): Promise<void> {
    await endOtherSessions();
    await load();
  }

  /** Returns the token, which nobody can be shown again. */
  async function make(name: string, days?: number): Promise<string> {
    const { token } = await makeToken(name, days);
    await load().catch(() => undefined); // the token is what matters
    return token;
  }

  return { here, all, browsers, tokens, load, watch, refresh, synced, opened, closed, end, endOthers, make };
});
