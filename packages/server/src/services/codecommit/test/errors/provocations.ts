import { loadContract } from '@slipway/contracts';
import type { CodeCommitApi } from '@slipway/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notYet } from '../../not-yet.ts';

/** A call that is refused with the error, or the reason why no call can be. */
export type Provocation<Scene> = ((scene: Scene) => Promise<unknown>) | string;

/** By operation and error, without its `Exception`. */
export type Provocations<Scene> = { readonly [Operation in keyof CodeCommitApi]?: Readonly<Record<string, Provocation<Scene>>> };

/** Operations whose errors are provoked in one scene. */
export interface ErrorGroup<Scene> {
  open(): Promise<Scene>;
  close(scene: Scene): Promise<unknown>;
  readonly table: Provocations<Scene>;
}

/** The errors of keys that a repository would be encrypted with: there is no key service, so only the operation about keys gives any. */
const OF_KEYS = /^Encryption/;
const ABOUT_KEYS = 'UpdateRepositoryEncryptionKey';

/** Per operation that Slipway has: the errors of its contract that need a provocation or a reason of their own. */
export function errorsToProvoke(): Readonly<Record<string, readonly string[]>> {
  const { operations } = loadContract('codecommit');
  const ours = Object.entries(operations).filter(([operation]) => !(notYet as readonly string[]).includes(operation));
  return Object.fromEntries(ours.map(([operation, { errors }]) => [
    operation, errors.map((error) => error.replace(/Exception$/, '')).filter((name) => operation === ABOUT_KEYS || !OF_KEYS.test(name)).toSorted(),
  ]));
}

/** A test for each error of each operation in the group. */
export function describeErrors<Scene>(subject: string, { open, close, table }: ErrorGroup<Scene>): void {
  describe(subject, () => {
    let scene: Scene;
    beforeAll(async () => { scene = await open(); }, 60_000);
    afterAll(() => close(scene));

    for (const [operation, provocations] of Object.entries(table)) {
      for (const [name, provoke] of Object.entries(provocations)) {
        if (typeof provoke === 'string') continue;
        it(`${operation}: ${name}Exception`, async () => {
          await expect(provoke(scene)).rejects.toMatchObject({ name: `${name}Exception` });
        }, 60_000);
      }
    }
  });
}
