/**
 * What this browser keeps for the one page that does something about it, among all that are open. When that page is
 * gone, another one goes on with it.
 */
import { keep, kept, keptOne } from "@/stores/keeping";

const lettingGo = new Map<string, () => void>();

/** As something of this page. Null: nothing is to be kept any more. */
export function keepAsMine(kind: string, user: string, name: string, value: object | null): void {
  if (value !== null) take(`${kind}.${name}`, () => undefined);
  keep(kind, user, name, value);
  if (value === null) letGo(`${kind}.${name}`);
}

/** Calls back with each thing that other pages keep, once the page is gone, if it is kept then; it is this page's now. */
export function inherit(kind: string, user: string, goOn: (name: string, value: unknown) => void): void {
  for (const [name] of kept(kind, user)) {
    take(`${kind}.${name}`, () => {
      const value = keptOne(kind, user, name);
      if (value === null) letGo(`${kind}.${name}`);
      else goOn(name, value);
    });
  }
}

export function letGoOfAll(): void {
  [...lettingGo.keys()].forEach(letGo);
}

/** Calls back once no other page has it. Over plain HTTP browsers do not tell pages apart: there it does so at once. */
function take(thing: string, taken: () => void): void {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks || lettingGo.has(thing)) {
    taken();
    return;
  }
  let release!: () => void;
  const untilLetGo = new Promise<void>((resolve) => (release = resolve));
  lettingGo.set(thing, release);
  void locks.request(`parley.page.${thing}`, () => {
    if (lettingGo.get(thing) === release) taken(); // else it was let go of while it waited
    return untilLetGo;
  });
}

function letGo(thing: string): void {
  lettingGo.get(thing)?.();
  lettingGo.delete(thing);
}
