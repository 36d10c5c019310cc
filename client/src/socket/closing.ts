/** What a closed socket asks of the client: the table of close codes of the wire contract. */

export type Recovery =
  /** The server moves on; everyone at once would be a stampede. */
  | { kind: "reconnect"; withinMs: number }
  /** `strained`: the server took the connection and gave it up again, so being connected was no success. */
  | { kind: "backOff"; strained: boolean }
  | { kind: "reauthenticate" }
  /** Coming back would change nothing. */
  | { kind: "refused"; why: "protocol" | "cutOff" };

export const TOO_LARGE = 1009;
export const LINE_LOST = 1006;

const RECOVERIES = new Map<number, Recovery>([
  [1001, { kind: "reconnect", withinMs: 2000 }],
  [1012, { kind: "reconnect", withinMs: 2000 }],
  [1013, { kind: "backOff", strained: true }],
  [4400, { kind: "refused", why: "protocol" }],
  [4401, { kind: "reauthenticate" }],
  [4403, { kind: "refused", why: "cutOff" }],
  [4408, { kind: "reconnect", withinMs: 500 }],
  [4429, { kind: "backOff", strained: true }],
]);

export function recoveryFrom(code: number): Recovery {
  return RECOVERIES.get(code) ?? { kind: "backOff", strained: false };
}
