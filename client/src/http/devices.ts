import { renewing } from "@/http/accounts";
import { call } from "@/http/call";

/** A login session: a browser that is logged in, or a program with a token. */
export interface Device {
  id: string;
  device: string;
  kind: "browser" | "token";
  /** Of a token. */
  name?: string;
  created_at: string;
  last_seen_at: string;
  /** Of a token that does not stay good for ever. */
  expires_at?: string;
  current: boolean;
}

export async function devices(): Promise<Device[]> {
  return (await renewing(() => call<{ sessions: Device[] }>("GET", "/api/auth/sessions"))).sessions;
}

export function endSession(id: string): Promise<void> {
  return renewing(() => call("DELETE", `/api/auth/sessions/${encodeURIComponent(id)}`));
}

/** Of all browsers but this one. */
export function endOtherSessions(): Promise<void> {
  return renewing(() => call("DELETE", "/api/auth/sessions"));
}

/** Without `days` it is good until it is revoked. */
export function makeToken(name: string, days?: number): Promise<{ session: Device; token: string }> {
  return renewing(() => call("POST", "/api/auth/tokens", days === undefined ? { name } : { name, days }));
}
