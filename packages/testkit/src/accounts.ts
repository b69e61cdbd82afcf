import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from './aws.ts';
import { Slipway } from './slipway.ts';

/** The root of an account beside the server's own. */
export const otherAccount: Credentials & { readonly account: string } = { account: '111111111111', accessKeyId: 'AKIAROOTOFANOTHERONE', secretAccessKey: 'another-secret-that-only-tests-know-012345' };

/** A server that knows `otherAccount` too; `stop` takes its data along. */
export async function startWithOtherAccount(): Promise<{ s: Slipway; stop(): Promise<void> }> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-accounts-'));
  // The first start makes the other account's root key, which the second finds.
  const first = await Slipway.start({ data, settings: { SLIPWAY_ACCOUNT_ID: otherAccount.account, SLIPWAY_ROOT_ACCESS_KEY_ID: otherAccount.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: otherAccount.secretAccessKey } });
  await first.stop();
  const s = await Slipway.start({ data });
  return {
    s,
    async stop() {
      await s.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
