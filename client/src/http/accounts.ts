import type { User } from "@/protocol/frames.gen";
import { call, HttpError } from "@/http/call";

export interface SignedIn {
  user: User;
  expires_in: number;
}

export function register(account: { email: string; username: string; password: string }): Promise<SignedIn> {
  return call("POST", "/api/auth/register", account);
}

export function logIn(credentials: { login: string; password: string }): Promise<SignedIn> {
  return call("POST", "/api/auth/login", credentials);
}

export function refresh(): Promise<SignedIn> {
  return call("POST", "/api/auth/refresh");
}

export function logOut(): Promise<void> {
  return call("POST", "/api/auth/logout");
}

export async function me(): Promise<User> {
  return (await renewing(() => call<{ user: User }>("GET", "/api/auth/me"))).user;
}

export async function changeMe(change: {
  username?: string;
  email?: string;
  current_password?: string;
}): Promise<User> {
  return (await renewing(() => call<{ user: User }>("PATCH", "/api/auth/me", change))).user;
}

export function changePassword(change: { current_password: string; new_password: string }): Promise<SignedIn> {
  return renewing(() => call("POST", "/api/auth/password", change));
}

export function deleteMe(current_password: string): Promise<void> {
  return renewing(() => call("POST", "/api/auth/delete", { current_password }));
}

/** The access token lives for minutes: a call that finds it expired renews it and tries once more. */
export async function renewing<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 401 || error.code === "bad_credentials") throw error;
    await refresh();
    return attempt();
  }
}
