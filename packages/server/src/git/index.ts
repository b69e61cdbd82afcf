/**
 * Git repositories, through the real binary. This room knows repositories by an id of ours, objects and references;
 * accounts, names, permissions and events are its callers' matter.
 */
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { archiveZip } from './archive.ts';
import { checkout } from './checkout.ts';
import type { CheckoutOptions } from './checkout.ts';
import { pointHeadAt, repositoryFolders } from './folders.ts';
import { objectReaders } from './objects.ts';
import { breakReferenceLocks } from './locks.ts';
import { mergeBench, scratchBench } from './merge.ts';
import type { MergeBench } from './merge.ts';
import type { RefCommand } from './pkt-line.ts';
import { repositoryReader } from './read.ts';
import { fetchRemote, pushRemote, remoteHead } from './remote.ts';
import type { Remote, RemotePush } from './remote.ts';
import type { RepositoryReader } from './read.ts';
import { moveReferences } from './refs.ts';
import type { RefGuard } from './refs.ts';
import { tidy } from './tidy.ts';
import { advertise, converse, receivePack, uploadPack } from './smart-http.ts';
import type { Exchange, GitService, Push } from './smart-http.ts';
import { repositoryWriter } from './write.ts';
import type { RepositoryWriter } from './write.ts';

export type { CheckoutOptions } from './checkout.ts';
export { cloneRemote, submoduleFolder, submodulesOf, VersionNotFound } from './clone-remote.ts';
export type { CloneRemoteOptions, Submodule } from './clone-remote.ts';
export { mergeTexts } from './merge.ts';
export type { LineChange, MergeBench, MergeStage, TreeMerge } from './merge.ts';
export { branchReference, isBranchName, isObjectId, isReferenceName, NO_OBJECT, pathParts } from './names.ts';
export { MODES } from './parse.ts';
export type { Commit, Signature, TreeEntry } from './parse.ts';
export { canReport, FLUSH, MalformedPush, packetLine, refusalReport } from './pkt-line.ts';
export type { PushHead, RefCommand } from './pkt-line.ts';
export type { GitSources, SourceRequest } from './ports.ts';
export { endProcess, GitFailed } from './process.ts';
export type { Branch, RepositoryReader } from './read.ts';
export { ReferenceMoved } from './refs.ts';
export { MIRRORED } from './remote.ts';
export type { Remote } from './remote.ts';
export type { RefGuard } from './refs.ts';
export type { GitService } from './smart-http.ts';
export { treeChanges } from './tree-changes.ts';
export type { FileAt, TreeChange } from './tree-changes.ts';
export { ObjectsRefused } from './draft.ts';
export type { Draft, NewCommit, TreeEdits } from './draft.ts';
export type { RepositoryWriter } from './write.ts';

/** Life: `createGit` → repositories as they are asked for → `close`. */
export interface Git {
  /** A handle; an unknown id is an empty repository, made on disk when first used. */
  repository(id: string): Repository;
  /** Deletes the repository's files; nothing to delete is fine. */
  remove(id: string): Promise<void>;
  /** Ends the processes kept for reading. */
  close(): Promise<void>;
}

export interface Repository {
  readonly id: string;
  readonly read: RepositoryReader;
  readonly write: RepositoryWriter;
  /** What a clone checks out; git itself refuses to delete it. */
  setHead(branch: string): Promise<void>;
  /** All or none, each from its expected old value. Throws `ReferenceMoved`. */
  move(commands: readonly RefCommand[], guard: RefGuard): Promise<void>;
  /** Merging whose results can be committed. */
  merging(): Promise<MergeBench>;
  /** Merging that leaves nothing behind. */
  triedOut<T>(work: (bench: MergeBench) => Promise<T>): Promise<T>;
  archive(commit: string): Promise<Readable>;
  checkout(commit: string, options: CheckoutOptions): Promise<void>;
  advertise(service: GitService, exchange: Omit<Exchange, 'body'>): Promise<void>;
  uploadPack(exchange: Exchange): Promise<void>;
  /** A fetch over one connection in both directions. */
  converse(exchange: Exchange): Promise<void>;
  receivePack(push: Push): Promise<void>;
  /** Brings what a remote has under `refs/slipway/mirror/`. */
  fetchRemote(remote: Remote, signal: AbortSignal): Promise<void>;
  remoteHead(remote: Remote, signal: AbortSignal): Promise<string | undefined>;
  pushRemote(remote: Remote, options: { force: boolean; signal: AbortSignal }): Promise<RemotePush>;
  /** Packs what has piled up, where git finds that there is enough; beside pushes, API commits and readers. */
  tidy(signal: AbortSignal, guard: RefGuard): Promise<void>;
  /** Removes what killed processes have left locked. Only while no process moves or packs the repository's references. */
  breakLocks(refs: readonly string[]): void;
}

/** `largestFile`: of a push, in bytes; CodeCommit's where it is not given. */
export function createGit({ folder, idleMs, largestFile }: { folder: string; idleMs?: number; largestFile?: number }): Git {
  const folders = repositoryFolders(resolve(folder));
  const objects = objectReaders(idleMs === undefined ? {} : { idleMs });
  return {
    repository(id) {
      const path = (): Promise<string> => folders.path(id);
      const read = repositoryReader(path, objects);
      return {
        id,
        read,
        write: repositoryWriter(path, read),
        setHead: async (branch) => pointHeadAt(await path(), branch),
        move: async (commands, guard) => moveReferences(await path(), commands, guard),
        merging: async () => mergeBench(await path()),
        triedOut: async (work) => scratchBench(await path(), work),
        archive: async (commit) => archiveZip(await path(), commit),
        checkout: async (commit, options) => checkout(await path(), commit, options),
        advertise: async (service, exchange) => advertise(await path(), service, exchange),
        uploadPack: async (exchange) => uploadPack(await path(), exchange),
        converse: async (exchange) => converse(await path(), exchange),
        receivePack: async (push) => receivePack(await path(), push, largestFile),
        fetchRemote: async (remote, signal) => fetchRemote(await path(), remote, signal),
        remoteHead,
        pushRemote: async (remote, options) => pushRemote(await path(), remote, options),
        tidy: async (signal, guard) => tidy(await path(), signal, guard),
        breakLocks: (refs) => breakReferenceLocks(folders.locate(id), refs),
      };
    },

    async remove(id) {
      objects.release(folders.locate(id));
      await folders.remove(id);
    },

    async close() {
      objects.close();
    },
  };
}
