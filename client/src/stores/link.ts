import type { Replies, Sent } from "@/protocol/frames.gen";
import type { Ask, CommandType } from "@/protocol/frames";
import { ConnectionLost } from "@/socket/errors";
import { Link, type LinkListener, type LinkOptions, type LinkStatus, type Refusal } from "@/socket/link";
import { defineStore } from "pinia";
import { ref } from "vue";

/** The line to the server, as the rest of the client sees it: its status, and a way to ask. */
export const useLink = defineStore("link", () => {
  const status = ref<LinkStatus>("idle");
  const refusal = ref<Refusal | null>(null);
  /** By `Date.now()`, while waiting. */
  const retryAt = ref<number | null>(null);
  /** How long a message may be, in Unicode code points. */
  const messageChars = ref(100_000);
  let link: Link | null = null;

  function connect(
    listener: Omit<LinkListener, "status">,
    reauthenticate: LinkOptions["reauthenticate"],
  ): void {
    link?.stop();
    link = new Link({
      url: `${location.origin.replace(/^http/, "ws")}/ws`,
      reauthenticate,
      listener: {
        ...listener,
        status(now, why, retryInMs) {
          status.value = now;
          refusal.value = why ?? null;
          retryAt.value = retryInMs === undefined ? null : Date.now() + retryInMs;
        },
        hello(hello) {
          messageChars.value = hello.limits.message_chars;
          listener.hello(hello);
        },
      },
    });
    link.start();
  }

  function disconnect(): void {
    link?.stop();
    link = null;
  }

  function request<T extends CommandType>(command: Ask<T>): Promise<Replies[T]> {
    return link ? link.request(command) : Promise.reject(new ConnectionLost());
  }

  function send(command: Ask<"send">): Promise<Sent> {
    return link ? link.send(command) : Promise.reject(new ConnectionLost());
  }

  return {
    status,
    refusal,
    retryAt,
    messageChars,
    connect,
    disconnect,
    request,
    send,
    follow: (conversation: string) => link?.follow(conversation),
    unfollow: (conversation: string) => link?.unfollow(conversation),
    forget: (conversation: string) => link?.forget(conversation),
    wake: () => link?.wake(),
  };
});
