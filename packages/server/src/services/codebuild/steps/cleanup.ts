import { removeTree, sweep } from '@slipway/builder';

/** Ends what may be left of a build whose supervisor is gone, and removes its folder. Does nothing the second time. */
export async function cleanUp(folder: string): Promise<void> {
  await sweep(folder);
  await removeTree(folder);
}
