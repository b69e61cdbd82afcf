import { AsyncLocalStorage } from 'node:async_hooks';

interface Scope {
  open: boolean;
}

const scopes = new AsyncLocalStorage<Scope>();
let open = 0;

/**
 * Whether the running code belongs to a transaction's `work`. Calls to other rooms refuse then: they could wait for
 * the very lock that this transaction holds, and they would be repeated with it.
 */
export function insideTransaction(): boolean {
  return scopes.getStore()?.open === true;
}

export function refuseNested(): void {
  if (insideTransaction()) throw new Error('A transaction was begun inside a transaction: pass the Transaction down instead');
}

/**
 * What `work` starts and does not await (timers, listeners) outlives the scope; closing it by hand keeps those from counting as inside.
 * While a storage is in use, every promise of the process pays for it, so with the last scope it is put away.
 */
export async function inScope<T>(work: () => Promise<T>): Promise<T> {
  const scope: Scope = { open: true };
  open += 1;
  try {
    return await scopes.run(scope, work);
  } finally {
    scope.open = false;
    open -= 1;
    if (open === 0) scopes.disable();
  }
}
