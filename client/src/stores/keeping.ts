/**
 * What this browser keeps of a user's until the server has it. One entry of the storage each, so that tabs which write
 * at the same time do not undo each other.
 */

const PREFIX = "parley.kept";

/** The entries of a kind, by the names they were kept under. What cannot be read is passed over. */
export function kept(kind: string, user: string): [name: string, value: unknown][] {
  const start = `${PREFIX}.${kind}.${user}.`;
  const keys = attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(start)), []);
  return keys.flatMap((key): [string, unknown][] => {
    const name = key.slice(start.length);
    const value = keptOne(kind, user, name);
    return value === null ? [] : [[name, value]];
  });
}

/** Null: nothing that can be read. */
export function keptOne(kind: string, user: string, name: string): unknown {
  return attempt((): unknown => JSON.parse(localStorage.getItem(`${PREFIX}.${kind}.${user}.${name}`) ?? "null"), null);
}

/** Null: nothing is to be kept any more. */
export function keep(kind: string, user: string, name: string, value: object | string | null): void {
  const key = `${PREFIX}.${kind}.${user}.${name}`;
  attempt(() => {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  }, undefined);
}

/** A browser may have its storage switched off, or full: then there is what the server has. */
function attempt<T>(access: () => T, otherwise: T): T {
  try {
    return access();
  } catch {
    return otherwise;
  }
}
