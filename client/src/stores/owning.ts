/** What one page of this browser has to itself, among all that are open. */

const PREFIX = "parley.page";
const lettingGo = new Map<string, () => void>();

/**
 * Calls back once no other page has that name, and then this page has it until it lets go or is closed. Over plain HTTP
 * browsers do not tell pages apart: there it calls back at once.
 */
export function take(name: string, taken: () => void): void {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks || lettingGo.has(name)) {
    taken();
    return;
  }
  let release!: () => void;
  const untilLetGo = new Promise<void>((resolve) => (release = resolve));
  lettingGo.set(name, release);
  void locks.request(`${PREFIX}.${name}`, () => {
    if (lettingGo.get(name) === release) taken(); // else it was let go of while it waited
    return untilLetGo;
  });
}

export function letGo(name: string): void {
  lettingGo.get(name)?.();
  lettingGo.delete(name);
}

export function letGoOfAll(): void {
  [...lettingGo.keys()].forEach(letGo);
}
