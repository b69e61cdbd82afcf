import { loadContract } from '@slipway/contracts';
import type { CodeCommitApi } from '@slipway/contracts';
import { describe, expect, it } from 'vitest';

/** A call that is refused with the error, or the reason why no call can be. */
export type Provocation<Scene> = ((scene: Scene) => Promise<unknown>) | string;

/** By operation and error, without its `Exception`. */
export type Provocations<Scene> = { readonly [Operation in keyof CodeCommitApi]?: Readonly<Record<string, Provocation<Scene>>> };

/** Errors that no operation of Slipway's gives, by the beginning of their names, and why. */
const NEVER: readonly (readonly [string, string])[] = [
  ['Encryption', 'contents are sealed by the data folder\'s own key, whatever key a repository names'],
];

/** A test for each error of each operation in the table, and one that none of the contract's errors is forgotten. */
export function describeErrors<Scene>(scene: () => Scene, table: Provocations<Scene>): void {
  const { operations } = loadContract('codecommit');
  for (const [operation, provocations] of Object.entries(table)) {
    describe(operation, () => {
      const names = (operations[operation]?.errors ?? []).map((error) => error.replace(/Exception$/, ''));
      const known = names.filter((name) => !NEVER.some(([beginning]) => name.startsWith(beginning)));

      it('has every error of the contract provoked or explained', () => {
        expect(Object.keys(provocations).toSorted()).toEqual(known.toSorted());
      });

      for (const [name, provoke] of Object.entries(provocations)) {
        if (typeof provoke === 'string') continue;
        it(`${name}Exception`, async () => {
          await expect(provoke(scene())).rejects.toMatchObject({ name: `${name}Exception` });
        });
      }
    });
  }
}
