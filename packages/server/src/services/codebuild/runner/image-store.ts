import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';

/** A repository of images that builds of an account have pulled with credentials. */
interface PrivateImageRow extends Place {
  /** With its registry: `registry.example.com/team/app`. */
  readonly repository: string;
}

type Tables = { codebuild_private_images: PrivateImageRow };

export async function notePrivateImage(tx: Transaction, { account, region }: Place, repository: string): Promise<void> {
  await tx.query.withTables<Tables>().insertInto('codebuild_private_images').values({ account, region, repository }).onConflict((conflict) => conflict.doNothing()).execute();
}

/** Whoever pulled it: the engine's copies are of all accounts. */
export async function isPrivateImage({ read }: Pick<Database, 'read'>, repository: string): Promise<boolean> {
  const row = await read.withTables<Tables>().selectFrom('codebuild_private_images').select('repository').where('repository', '=', repository).limit(1).executeTakeFirst();
  return row !== undefined;
}
