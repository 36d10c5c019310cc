import * as accounts from "@/http/accounts";
import { HttpError } from "@/http/call";
import type { User } from "@/protocol/frames.gen";
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

const RETRY_MS = 2_000;

/** Who uses this tab. `unknown` until the server was asked. */
export const useAccount = defineStore("account", () => {
  const user = shallowRef<User | null>(null);
  const known = ref(false);
  const unreachable = ref(false);
  let identification: Promise<void> | null = null;

  const signedIn = computed(() => user.value !== null);

  /** Asks once who is signed in, for as long as it takes to get an answer. */
  function identify(): Promise<void> {
    identification ??= ask();
    return identification;
  }

  async function ask(): Promise<void> {
    while (!known.value) {
      try {
        become(await accounts.me());
      } catch (error) {
        if (error instanceof HttpError && (error.status === 401 || error.status === 403)) become(null);
        else {
          unreachable.value = true;
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    }
    unreachable.value = false;
  }

  function become(someone: User | null): void {
    user.value = someone;
    known.value = true;
  }

  async function register(account: { email: string; username: string; password: string }): Promise<void> {
    become((await accounts.register(account)).user);
  }

  async function logIn(credentials: { login: string; password: string }): Promise<void> {
    become((await accounts.logIn(credentials)).user);
  }

  async function logOut(): Promise<void> {
    await accounts.logOut().catch((error: unknown) => {
      // A session that has ended already is as good as a log-out.
      if (!(error instanceof HttpError) || error.status !== 401) throw error;
    });
    become(null);
  }

  async function renewToken(): Promise<"renewed" | "denied" | "unreachable"> {
    try {
      await accounts.refresh();
      return "renewed";
    } catch (error) {
      const denied = error instanceof HttpError && [400, 401, 403].includes(error.status);
      return denied ? "denied" : "unreachable";
    }
  }

  async function change(fields: { username?: string; email?: string; current_password?: string }): Promise<void> {
    become(await accounts.changeMe(fields));
  }

  async function changePassword(current: string, fresh: string): Promise<void> {
    await accounts.changePassword({ current_password: current, new_password: fresh });
  }

  /** For good. */
  async function leave(password: string): Promise<void> {
    await accounts.deleteMe(password);
    become(null);
  }

  return { user, known, unreachable, signedIn, identify, become, register, logIn, logOut, renewToken, change, changePassword, leave };
});
