/**
 * What this browser keeps for the one page that does something about it, among all that are open. When that page is
 * gone, another one goes on with it.
 *
 * A page has a lock from its beginning to its end. It does not take one for each thing that it keeps: other pages could
 * see the thing before they see the lock, or still after it was let go of.
 */
import { newClientId } from "@/socket/clientId";
import { keep, kept, keptOne } from "@/stores/keeping";

interface Owned {
  page: string;
}

const PAGE = newClientId();
/** Over plain HTTP browsers have none. */
const locks = () => navigator.locks as LockManager | undefined;
void locks()?.request(lockOf(PAGE), () => new Promise(() => undefined));

let heirs = 0;

/** Null: nothing is to be kept any more. */
export function keepAsMine(kind: string, user: string, name: string, value: object | null): void {
  keep(kind, user, name, value && ({ ...value, page: PAGE } satisfies Owned));
}

/** Calls back with each thing that other pages keep, once its page is gone, if it is kept then; it is this page's now. */
export function inherit(kind: string, user: string, goOn: (name: string, value: unknown) => void): void {
  const heir = heirs;
  for (const [name, { page }] of kept(kind, user) as [string, Owned][]) {
    whenGone(page, () => {
      const value = keptOne(kind, user, name) as Owned | null;
      if (heir !== heirs || value?.page !== page) return; // nobody waits for it, it was done, or another page has it
      keepAsMine(kind, user, name, value);
      goOn(name, value);
    });
  }
}

/** Whoever uses this page next may be somebody else. */
export function stopInheriting(): void {
  heirs += 1;
}

/** Without locks no page knows of another: then it is taken for gone. */
function whenGone(page: string, gone: () => void): void {
  const known = locks();
  if (known && page !== PAGE) void known.request(lockOf(page), gone);
  else gone();
}

function lockOf(page: string): string {
  return `parley.page.${page}`;
}
