/** The few calls that a socket cannot make. Cookies travel by themselves; the origin is the page's own. */

export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: { code: string; message: string; field?: string }, retryAfter?: number) {
    super(problem.message);
    this.name = "HttpError";
    this.status = status;
    this.code = problem.code;
    this.field = problem.field;
    this.retryAfter = retryAfter;
  }
}

interface Problem {
  error: { code: string; message: string; field?: string };
}

/** A line that died without a word, as lines do while a machine sleeps, would keep a call for many minutes. */
const ANSWER_WITHIN_MS = 20_000;

/** Throws HttpError for what the server refuses; code `unreachable` where there was no answer to be had. */
export async function call<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch {
    throw new HttpError(0, { code: "unreachable", message: "The server cannot be reached." });
  }
  if (response.status === 204) return undefined as T;
  const content = (await response.json().catch(() => null)) as T | Problem | null;
  if (response.ok && content !== null) return content as T;
  throw toError(response, content as Problem | null);
}

/** A proxy in front of a server that is down answers with a page, not with an error of ours. */
function toError(response: Response, content: Problem | null): HttpError {
  const problem = content?.error ?? { code: "unreachable", message: response.statusText };
  const retryAfter = Number(response.headers.get("Retry-After"));
  return new HttpError(response.status, problem, retryAfter > 0 ? retryAfter : undefined);
}
