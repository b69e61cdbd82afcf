import type { Readable } from 'node:stream';
import type { Caller } from '../kernel/caller.ts';
import type { CheckoutOptions } from './checkout.ts';

/** Names a repository as one account and region know it. */
export interface SourceRequest {
  readonly caller: Caller;
  readonly account: string;
  readonly region: string;
  readonly repositoryName: string;
}

/**
 * What builds and pipelines need of a CodeCommit repository beyond its API. Bound in `main`, answered by CodeCommit's
 * room. Each verb is authorised once, when it is called; the errors are CodeCommit's (`RepositoryDoesNotExistException`,
 * `CommitDoesNotExistException`, `AccessDeniedException`).
 */
export interface GitSources {
  /**
   * The commit behind a branch, tag, full reference, commit id or `refs/heads/b^{commit id}`; the default branch's when
   * no version is given. Allowed by `codecommit:GitPull`.
   */
  resolve(request: SourceRequest & { version?: string }): Promise<string>;
  /** A commit's files as a zip, without `.git`. Allowed by `codecommit:UploadArchive`. */
  openArchive(request: SourceRequest & { commitId: string }): Promise<Readable>;
  /** A commit in a working tree of its own. Allowed by `codecommit:GitPull`. */
  checkout(request: SourceRequest & { commitId: string } & CheckoutOptions): Promise<void>;
}
