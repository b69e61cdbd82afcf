import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { KeyedHash, Seal } from '../../kernel/seal.ts';
import type { Pages } from './pages.ts';
import type { ResourceTags } from './resource-tags.ts';

export interface IamDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** For access keys' secrets. */
  readonly seal: Seal;
  /** For Git passwords, which are only compared. */
  readonly hash: KeyedHash;
  readonly paging: Paging;
}

/** What the resources' files share. */
export interface IamContext extends Omit<IamDeps, 'paging'> {
  /** Every change runs here: it makes cached decisions of the account be taken anew, on every server. */
  write<T>(account: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
  readonly pages: Pages;
  readonly tags: ResourceTags;
}
