import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadContract } from '@slipway/contracts';
import type { CodeCommitApi } from '@slipway/contracts';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../limits.ts';
import { gitClient } from '../house.ts';

/** Every operation on contents with every error of its contract: how a caller gets it, or why nobody does. */

const repositoryName = 'errors';
const NOTHING = '1'.repeat(40);
const MEGABYTES = (count: number): Buffer => Buffer.alloc(count * 1_024 * 1_024, 'x');

const inEveryOperation = {
  RepositoryDoesNotExistException: { repositoryName: 'nothing' },
  RepositoryNameRequiredException: { repositoryName: '' },
  InvalidRepositoryNameException: { repositoryName: 'a b' },
} as const;

/** Contents are sealed by the data folder's own key, whatever key the repository names. */
const NO_KEYS = ['EncryptionIntegrityChecksFailedException', 'EncryptionKeyAccessDeniedException', 'EncryptionKeyDisabledException', 'EncryptionKeyNotFoundException', 'EncryptionKeyUnavailableException'] as const;

type Shared = keyof typeof inEveryOperation | (typeof NO_KEYS)[number];
type Operation =
  | 'CreateBranch' | 'GetBranch' | 'ListBranches' | 'DeleteBranch' | 'UpdateDefaultBranch' | 'GetFile' | 'GetFolder' | 'GetBlob' | 'GetBlobDifferences' | 'GetDifferences'
  | 'BatchGetCommits' | 'GetCommit' | 'ListFileCommitHistory' | 'GetMergeCommit' | 'GetMergeOptions' | 'GetMergeConflicts' | 'DescribeMergeConflicts' | 'BatchDescribeMergeConflicts'
  | 'CreateUnreferencedMergeCommit' | 'MergeBranchesByThreeWay' | 'MergeBranchesBySquash' | 'MergeBranchesByFastForward' | 'PutFile' | 'DeleteFile' | 'CreateCommit';

/** What is wrong in the input, or in words why the error cannot come. */
type Cases<O extends Operation> = { readonly [E in Exclude<CodeCommitApi[O]['errors'], Shared>]: Partial<Record<keyof CodeCommitApi[O]['input'], unknown>> | string };
type Table = { readonly [O in Operation]: { readonly input: CodeCommitApi[O]['input']; readonly errors: Cases<O> } };

/** Filled once the repository is there. */
const ids = { main: '', blob: '', big: '' };

const branchErrors = { BranchNameRequiredException: { branchName: '' }, InvalidBranchNameException: { branchName: '-x' } };
const specifierErrors = { CommitDoesNotExistException: { commitSpecifier: 'nothing' }, InvalidCommitException: { commitSpecifier: 'a..b' } };
const sideErrors = {
  CommitDoesNotExistException: { sourceCommitSpecifier: 'nothing' },
  CommitRequiredException: { sourceCommitSpecifier: '' },
  InvalidCommitException: { destinationCommitSpecifier: 'a..b' },
};
const termErrors = { InvalidConflictDetailLevelException: { conflictDetailLevel: 'X' }, InvalidConflictResolutionStrategyException: { conflictResolutionStrategy: 'X' } };
const comparisonErrors = {
  TipsDivergenceExceededException: { sourceCommitSpecifier: 'unrelated' },
  MaximumItemsToCompareExceededException: { destinationCommitSpecifier: 'wide' },
  MaximumFileContentToLoadExceededException: 'A page holds no more files than may be read, and a merge reads one at a time.',
};
const optionErrors = { MergeOptionRequiredException: { mergeOption: undefined }, InvalidMergeOptionException: { mergeOption: 'FAST_FORWARD_MERGE' } };
const wordErrors = {
  CommitMessageLengthExceededException: { commitMessage: 'x'.repeat(limits.commitMessageBytes + 1) },
  InvalidEmailException: { email: 'a<b' },
};
const authorErrors = { ...wordErrors, NameLengthExceededException: { authorName: 'x'.repeat(1_025) } };
const withResolution = (conflictResolution: object) => ({ conflictResolutionStrategy: 'AUTOMERGE', conflictResolution });
const replacing = (...entries: object[]) => withResolution({ replaceContents: entries.map((entry) => ({ filePath: 'file', replacementType: 'USE_NEW_CONTENT', ...entry })) });
const resolutionErrors = {
  ManualMergeRequiredException: {},
  InvalidConflictResolutionException: withResolution({ deleteFiles: [{ filePath: 'dir/inside' }] }),
  MaximumConflictResolutionEntriesExceededException: withResolution({ deleteFiles: Array.from({ length: 1_001 }, (_, index) => ({ filePath: `f${index}` })) }),
  MultipleConflictResolutionEntriesException: withResolution({ deleteFiles: [{ filePath: 'file' }], setFileModes: [{ filePath: 'file', fileMode: 'NORMAL' }] }),
  ReplacementTypeRequiredException: replacing({ replacementType: undefined }),
  InvalidReplacementTypeException: replacing({ replacementType: 'X' }),
  ReplacementContentRequiredException: replacing({}),
  InvalidReplacementContentException: replacing({ replacementType: 'KEEP_SOURCE', content: Buffer.from('x') }),
  FileContentSizeLimitExceededException: replacing({ content: Buffer.concat([MEGABYTES(6), Buffer.from('x')]) }),
  FolderContentSizeLimitExceededException: replacing({ filePath: 'a/b', content: MEGABYTES(4) }, { filePath: 'a/c', content: MEGABYTES(4) }),
  FileModeRequiredException: withResolution({ setFileModes: [{ filePath: 'file', fileMode: undefined }] }),
  InvalidFileModeException: replacing({ content: Buffer.from('x'), fileMode: 'X' }),
  InvalidPathException: withResolution({ deleteFiles: [{ filePath: '../x' }] }),
  PathRequiredException: withResolution({ deleteFiles: [{ filePath: '' }] }),
};
const targetErrors = {
  BranchDoesNotExistException: { targetBranch: 'nothing' },
  BranchNameIsTagNameException: { targetBranch: 'tagged' },
  BranchNameRequiredException: { targetBranch: '' },
  InvalidBranchNameException: { targetBranch: '-x' },
  InvalidTargetBranchException: { destinationCommitSpecifier: 'tagged' },
  ConcurrentReferenceUpdateException: { targetBranch: 'main' },
};
const parentErrors = {
  ParentCommitDoesNotExistException: { parentCommitId: NOTHING },
  ParentCommitIdRequiredException: { parentCommitId: '' },
  InvalidParentCommitIdException: { parentCommitId: 'main' },
  ParentCommitIdOutdatedException: { branchName: 'ahead' },
  BranchDoesNotExistException: { branchName: 'nothing' },
  BranchNameIsTagNameException: { branchName: 'tagged' },
};
const NO_WRONG_DELETION = 'keepEmptyFolders is true or false, neither of which is wrong.';

const put = (...putFiles: object[]) => ({ putFiles: putFiles.map((entry) => ({ filePath: 'new', ...entry })) });

const table = (): Table => {
  const sides = { repositoryName, sourceCommitSpecifier: 'source', destinationCommitSpecifier: 'destination' };
  const onMain = { repositoryName, branchName: 'main', parentCommitId: ids.main };
  const content = Buffer.from('new');
  return {
    CreateBranch: {
      input: { repositoryName, branchName: 'made', commitId: ids.main },
      errors: { ...branchErrors, BranchNameExistsException: { branchName: 'source' }, CommitDoesNotExistException: { commitId: NOTHING }, CommitIdRequiredException: { commitId: '' }, InvalidCommitIdException: { commitId: 'main' } },
    },
    GetBranch: { input: { repositoryName, branchName: 'main' }, errors: { ...branchErrors, BranchDoesNotExistException: { branchName: 'nothing' } } },
    ListBranches: { input: { repositoryName }, errors: { InvalidContinuationTokenException: { nextToken: 'foreign' } } },
    DeleteBranch: { input: { repositoryName, branchName: 'main' }, errors: { ...branchErrors, DefaultBranchCannotBeDeletedException: {} } },
    UpdateDefaultBranch: {
      input: { repositoryName, defaultBranchName: 'main' },
      errors: { BranchDoesNotExistException: { defaultBranchName: 'nothing' }, BranchNameRequiredException: { defaultBranchName: '' }, InvalidBranchNameException: { defaultBranchName: '-x' } },
    },
    GetFile: {
      input: { repositoryName, filePath: 'file', commitSpecifier: 'main' },
      errors: { ...specifierErrors, FileDoesNotExistException: { filePath: 'module' }, FileTooLargeException: { filePath: 'big' }, InvalidPathException: { filePath: '../file' }, PathRequiredException: { filePath: '' } },
    },
    GetFolder: {
      input: { repositoryName, folderPath: 'dir', commitSpecifier: 'main' },
      errors: { ...specifierErrors, FolderDoesNotExistException: { folderPath: 'link' }, InvalidPathException: { folderPath: '.git' }, PathRequiredException: { folderPath: '' } },
    },
    GetBlob: {
      input: { repositoryName, blobId: ids.blob },
      errors: { BlobIdDoesNotExistException: { blobId: NOTHING }, BlobIdRequiredException: { blobId: '' }, FileTooLargeException: { blobId: ids.big }, InvalidBlobIdException: { blobId: 'file' } },
    },
    GetBlobDifferences: {
      input: { repositoryName, afterBlobId: ids.blob },
      errors: {
        BlobIdDoesNotExistException: { afterBlobId: NOTHING }, BlobIdRequiredException: { afterBlobId: '' }, FileTooLargeException: { beforeBlobId: ids.big }, InvalidBlobIdException: { beforeBlobId: 'file' },
        InvalidContinuationTokenException: { NextToken: 'foreign' }, InvalidMaxResultsException: { MaxResults: 0 }, ValidationException: { contextLines: 21 },
      },
    },
    GetDifferences: {
      input: { repositoryName, afterCommitSpecifier: 'main' },
      errors: {
        CommitDoesNotExistException: { beforeCommitSpecifier: 'nothing' }, CommitRequiredException: { afterCommitSpecifier: '' }, InvalidCommitException: { afterCommitSpecifier: 'a..b' },
        InvalidCommitIdException: 'A specifier may be a reference, so one that is no ID is InvalidCommitException.',
        InvalidContinuationTokenException: { NextToken: 'foreign' }, InvalidMaxResultsException: { MaxResults: 0 }, InvalidPathException: { afterPath: 'a//b' }, PathDoesNotExistException: { afterPath: 'nothing' },
      },
    },
    BatchGetCommits: {
      input: { repositoryName, commitIds: [ids.main] },
      errors: { CommitIdsLimitExceededException: { commitIds: Array.from({ length: 101 }, () => NOTHING) }, CommitIdsListRequiredException: { commitIds: [] } },
    },
    GetCommit: { input: { repositoryName, commitId: ids.main }, errors: { CommitIdDoesNotExistException: { commitId: NOTHING }, CommitIdRequiredException: { commitId: '' }, InvalidCommitIdException: { commitId: 'main' } } },
    ListFileCommitHistory: {
      input: { repositoryName, filePath: 'file', commitSpecifier: 'main' },
      errors: {
        ...specifierErrors, CommitRequiredException: { commitSpecifier: '' }, InvalidContinuationTokenException: { nextToken: 'foreign' }, InvalidMaxResultsException: { maxResults: 0 },
        TipsDivergenceExceededException: 'It takes more than 50,000 commits of one file.',
      },
    },
    GetMergeCommit: { input: sides, errors: { ...sideErrors, ...termErrors } },
    GetMergeOptions: { input: sides, errors: { ...sideErrors, ...termErrors, ...comparisonErrors } },
    GetMergeConflicts: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE' },
      errors: {
        ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors, InvalidMergeOptionException: { mergeOption: 'X' },
        InvalidCommitException: 'InvalidSourceCommitSpecifierException and InvalidDestinationCommitSpecifierException say which of the two it is.',
        InvalidSourceCommitSpecifierException: { sourceCommitSpecifier: 'a..b' }, InvalidDestinationCommitSpecifierException: { destinationCommitSpecifier: 'a b' },
        InvalidContinuationTokenException: { nextToken: 'foreign' }, InvalidMaxConflictFilesException: { maxConflictFiles: 0 },
      },
    },
    DescribeMergeConflicts: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE', filePath: 'file' },
      errors: {
        ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors, FileDoesNotExistException: { filePath: 'nothing' }, InvalidPathException: { filePath: '../file' }, PathRequiredException: { filePath: '' },
        InvalidContinuationTokenException: { nextToken: 'foreign' }, InvalidMaxMergeHunksException: { maxMergeHunks: 0 },
      },
    },
    BatchDescribeMergeConflicts: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE' },
      errors: {
        ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors,
        InvalidContinuationTokenException: { nextToken: 'foreign' }, InvalidMaxConflictFilesException: { maxConflictFiles: -1 }, InvalidMaxMergeHunksException: { maxMergeHunks: 1_001 },
      },
    },
    CreateUnreferencedMergeCommit: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE' },
      errors: { ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors, ...authorErrors, ...resolutionErrors, ConcurrentReferenceUpdateException: 'It moves no reference.' },
    },
    MergeBranchesByThreeWay: { input: sides, errors: { ...sideErrors, ...termErrors, ...comparisonErrors, ...authorErrors, ...resolutionErrors, ...targetErrors } },
    MergeBranchesBySquash: { input: sides, errors: { ...sideErrors, ...termErrors, ...comparisonErrors, ...authorErrors, ...resolutionErrors, ...targetErrors } },
    MergeBranchesByFastForward: {
      input: sides,
      errors: { ...sideErrors, ...targetErrors, ManualMergeRequiredException: {}, TipsDivergenceExceededException: { sourceCommitSpecifier: 'unrelated' } },
    },
    PutFile: {
      input: { ...onMain, filePath: 'new', fileContent: content },
      errors: {
        ...branchErrors, ...parentErrors, ...wordErrors, NameLengthExceededException: { name: 'x'.repeat(1_025) },
        DirectoryNameConflictsWithFileNameException: { filePath: 'link/through' }, FileNameConflictsWithDirectoryNameException: { filePath: 'dir' }, FilePathConflictsWithSubmodulePathException: { filePath: 'module/x' },
        FileContentRequiredException: { fileContent: undefined },
        FileContentSizeLimitExceededException: { fileContent: Buffer.concat([MEGABYTES(6), Buffer.from('x')]) },
        FolderContentSizeLimitExceededException: 'One file exceeds its own limit first.',
        InvalidDeletionParameterException: 'Nothing is deleted.', InvalidFileModeException: { fileMode: 'X' }, InvalidPathException: { filePath: '.git/config' }, PathRequiredException: { filePath: '' },
        SameFileContentException: { filePath: 'file', fileContent: Buffer.from('1\n2\n3\n') },
      },
    },
    DeleteFile: {
      input: { ...onMain, filePath: 'file' },
      errors: {
        ...branchErrors, ...parentErrors, ...wordErrors, NameLengthExceededException: { name: 'x'.repeat(1_025) },
        FileDoesNotExistException: { filePath: 'dir' }, InvalidPathException: { filePath: 'a/../file' }, PathRequiredException: { filePath: '' },
      },
    },
    CreateCommit: {
      input: { ...onMain, putFiles: [{ filePath: 'new', fileContent: content }] },
      errors: {
        ...branchErrors, ...parentErrors, ...authorErrors,
        DirectoryNameConflictsWithFileNameException: put({ filePath: 'file/x', fileContent: content }), FileNameConflictsWithDirectoryNameException: put({ filePath: 'dir', fileContent: content }),
        FilePathConflictsWithSubmodulePathException: put({ filePath: 'module', fileContent: content }),
        FileContentAndSourceFileSpecifiedException: put({ fileContent: content, sourceFile: { filePath: 'file' } }), SourceFileOrContentRequiredException: put({}),
        RestrictedSourceFileException: put({ sourceFile: { filePath: 'kept/.gitkeep' } }), FileDoesNotExistException: put({ sourceFile: { filePath: 'nothing', isMove: true } }),
        FileContentSizeLimitExceededException: put({ fileContent: Buffer.concat([MEGABYTES(6), Buffer.from('x')]) }),
        FolderContentSizeLimitExceededException: put({ filePath: 'a/b', fileContent: MEGABYTES(4) }, { filePath: 'a/c', fileContent: MEGABYTES(4) }),
        FileEntryRequiredException: { putFiles: [] }, MaximumFileEntriesExceededException: { deleteFiles: Array.from({ length: 1_000 }, (_, index) => ({ filePath: `f${index}` })) },
        FileModeRequiredException: { setFileModes: [{ filePath: 'file', fileMode: undefined }] }, InvalidFileModeException: put({ fileContent: content, fileMode: 'X' }),
        InvalidDeletionParameterException: NO_WRONG_DELETION, InvalidPathException: put({ filePath: '.GIT/config', fileContent: content }), PathRequiredException: put({ filePath: '', fileContent: content }),
        NoChangeException: put({ filePath: 'file', fileContent: Buffer.from('1\n2\n3\n') }), PutFileEntryConflictException: put({ filePath: 'p', fileContent: content }, { filePath: 'p/q', fileContent: content }),
        SamePathRequestException: { deleteFiles: [{ filePath: 'new' }] },
      },
    },
  };
};

describe('every error of the contract', () => {
  let s: Slipway;
  let folder: string;

  beforeAll(async () => {
    s = await Slipway.start();
    folder = await mkdtemp(join(tmpdir(), 'slipway-errors-'));
    const local = gitClient(folder);
    await local('init', '-q');
    await fastImport(folder, fixture());
    await s.aws.codecommit.createRepository({ repositoryName });
    await s.user('pusher', { Action: 'codecommit:*', Resource: '*' });
    const { ServiceSpecificCredential: made } = await s.aws.iam.createServiceSpecificCredential({ UserName: 'pusher', ServiceName: 'codecommit.amazonaws.com' });
    const { repositoryMetadata } = await s.aws.codecommit.getRepository({ repositoryName });
    const url = new URL(repositoryMetadata!.cloneUrlHttp!);
    url.username = encodeURIComponent(made!.ServiceUserName!);
    url.password = encodeURIComponent(made!.ServicePassword!);
    for (const refs of ['refs/heads/main', 'refs/*:refs/*']) {
      const pushed = await local('push', '-q', url.href, refs);
      if (pushed.code !== 0) throw new Error(pushed.stderr);
    }
    const id = async (name: string): Promise<string> => (await local('rev-parse', name)).stdout.trim();
    Object.assign(ids, { main: await id('main'), blob: await id('main:file'), big: await id('main:big') });
  }, 60_000);

  afterAll(async () => {
    await s.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const send = (operation: string, input: object): Promise<unknown> =>
    (s.aws.codecommit as unknown as Record<string, (input: object) => Promise<unknown>>)[operation.charAt(0).toLowerCase() + operation.slice(1)]!(input);

  for (const operation of Object.keys(table()) as Operation[]) {
    it(`${operation}: each has a case or a reason, and each case gives its error`, async () => {
      const { input, errors } = table()[operation];
      const cases: Record<string, object | string> = { ...inEveryOperation, ...errors };
      expect([...Object.keys(cases), ...NO_KEYS].toSorted()).toEqual([...loadContract('codecommit').operations[operation]!.errors].toSorted());
      const given: Record<string, unknown> = {};
      for (const [error, wrong] of Object.entries(cases)) {
        if (typeof wrong === 'string') continue;
        given[error] = await send(operation, { ...input, ...wrong }).then(() => 'no error', ({ name }: Error) => name);
      }
      expect(given).toEqual(Object.fromEntries(Object.keys(given).map((error) => [error, error])));
    }, 60_000);
  }
});

async function fastImport(folder: string, stream: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true });
  await new Promise<void>((resolve, reject) => {
    const child = spawn('git', ['fast-import', '--quiet'], { cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`fast-import ended with ${code}`))));
    child.stdin.end(stream);
  });
}

function fixture(): Buffer {
  const out: (string | Buffer)[] = [];
  let time = 1_700_000_000;
  const commit = (branch: string, from: string | undefined, ...files: [string, string, string | Buffer][]): void => {
    time += 1;
    out.push(`commit refs/heads/${branch}\ncommitter Ada <ada@example.com> ${time} +0000\ndata 1\nm\n${from === undefined ? '' : `from refs/heads/${from}\n`}`);
    for (const [mode, path, data] of files) out.push(mode === '160000' ? `M 160000 ${data.toString()} ${path}\n` : `M ${mode} inline ${path}\ndata ${data.length}\n`, ...mode === '160000' ? [] : [data, '\n']);
    out.push('\n');
  };
  commit('main', undefined, ['100644', 'file', '1\n2\n3\n'], ['100644', 'dir/inside', 'x'], ['120000', 'link', 'dir'], ['160000', 'module', NOTHING], ['100644', 'kept/.gitkeep', ''],
    ['100644', 'big', Buffer.concat([MEGABYTES(6), Buffer.from('x')])]);
  commit('source', 'main', ['100644', 'file', '1\nsource\n3\n']);
  commit('destination', 'main', ['100644', 'file', '1\ndestination\n3\n']);
  commit('ahead', 'main', ['100644', 'more', 'x']);
  commit('unrelated', undefined, ['100644', 'file', 'x']);
  out.push('blob\nmark :1\ndata 1\nw\n', `commit refs/heads/wide\ncommitter Ada <ada@example.com> ${time + 1} +0000\ndata 1\nm\nfrom refs/heads/main\n`);
  for (let index = 0; index <= limits.itemsToCompare; index += 1) out.push(`M 100644 :1 wide/${index % 100}/${index}\n`);
  out.push('\nreset refs/tags/tagged\nfrom refs/heads/main\n\n');
  return Buffer.concat(out.map((part) => Buffer.from(part as string)));
}
