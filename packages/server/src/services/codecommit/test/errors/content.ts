import type { CodeCommitApi } from '@slipway/contracts';
import { limits } from '../../limits.ts';
import { MEGABYTES, NOTHING, contentScene, repositoryName } from './content-scene.ts';
import type { ContentIds, ContentScene } from './content-scene.ts';
import type { ErrorGroup, Provocation, Provocations } from './provocations.ts';

const inEveryOperation = {
  RepositoryDoesNotExist: { repositoryName: 'nothing' },
  RepositoryNameRequired: { repositoryName: '' },
  InvalidRepositoryName: { repositoryName: 'a b' },
} as const;

type Shared = keyof typeof inEveryOperation | `Encryption${string}`;
type Short<Error> = Error extends `${infer Name}Exception` ? Name : never;
type Operation =
  | 'CreateBranch' | 'GetBranch' | 'ListBranches' | 'DeleteBranch' | 'UpdateDefaultBranch' | 'GetFile' | 'GetFolder' | 'GetBlob' | 'GetBlobDifferences' | 'GetDifferences'
  | 'BatchGetCommits' | 'GetCommit' | 'ListFileCommitHistory' | 'GetMergeCommit' | 'GetMergeOptions' | 'GetMergeConflicts' | 'DescribeMergeConflicts' | 'BatchDescribeMergeConflicts'
  | 'CreateUnreferencedMergeCommit' | 'MergeBranchesByThreeWay' | 'MergeBranchesBySquash' | 'MergeBranchesByFastForward' | 'PutFile' | 'DeleteFile' | 'CreateCommit';

/** What is wrong in the input, or in words why the error cannot come. */
type Cases<O extends Operation> = { readonly [E in Exclude<Short<CodeCommitApi[O]['errors']>, Shared>]: Partial<Record<keyof CodeCommitApi[O]['input'], unknown>> | string };
type Table = { readonly [O in Operation]: { readonly input: CodeCommitApi[O]['input']; readonly errors: Cases<O> } };

const branchErrors = { BranchNameRequired: { branchName: '' }, InvalidBranchName: { branchName: '-x' } };
const specifierErrors = { CommitDoesNotExist: { commitSpecifier: 'nothing' }, InvalidCommit: { commitSpecifier: 'a..b' } };
const sideErrors = {
  CommitDoesNotExist: { sourceCommitSpecifier: 'nothing' },
  CommitRequired: { sourceCommitSpecifier: '' },
  InvalidCommit: { destinationCommitSpecifier: 'a..b' },
};
const termErrors = { InvalidConflictDetailLevel: { conflictDetailLevel: 'X' }, InvalidConflictResolutionStrategy: { conflictResolutionStrategy: 'X' } };
const comparisonErrors = {
  TipsDivergenceExceeded: { sourceCommitSpecifier: 'unrelated' },
  MaximumItemsToCompareExceeded: { destinationCommitSpecifier: 'wide' },
  MaximumFileContentToLoadExceeded: 'A page holds no more files than may be read, and a merge reads one at a time.',
};
const optionErrors = { MergeOptionRequired: { mergeOption: undefined }, InvalidMergeOption: { mergeOption: 'FAST_FORWARD_MERGE' } };
const wordErrors = {
  CommitMessageLengthExceeded: { commitMessage: 'x'.repeat(limits.commitMessageBytes + 1) },
  InvalidEmail: { email: 'a<b' },
};
const authorErrors = { ...wordErrors, NameLengthExceeded: { authorName: 'x'.repeat(1_025) } };
const withResolution = (conflictResolution: object) => ({ conflictResolutionStrategy: 'AUTOMERGE', conflictResolution });
const replacing = (...entries: object[]) => withResolution({ replaceContents: entries.map((entry) => ({ filePath: 'file', replacementType: 'USE_NEW_CONTENT', ...entry })) });
const resolutionErrors = {
  ManualMergeRequired: {},
  InvalidConflictResolution: withResolution({ deleteFiles: [{ filePath: 'dir/inside' }] }),
  MaximumConflictResolutionEntriesExceeded: withResolution({ deleteFiles: Array.from({ length: 1_001 }, (_, index) => ({ filePath: `f${index}` })) }),
  MultipleConflictResolutionEntries: withResolution({ deleteFiles: [{ filePath: 'file' }], setFileModes: [{ filePath: 'file', fileMode: 'NORMAL' }] }),
  ReplacementTypeRequired: replacing({ replacementType: undefined }),
  InvalidReplacementType: replacing({ replacementType: 'X' }),
  ReplacementContentRequired: replacing({}),
  InvalidReplacementContent: replacing({ replacementType: 'KEEP_SOURCE', content: Buffer.from('x') }),
  FileContentSizeLimitExceeded: replacing({ content: Buffer.concat([MEGABYTES(6), Buffer.from('x')]) }),
  FolderContentSizeLimitExceeded: replacing({ filePath: 'a/b', content: MEGABYTES(4) }, { filePath: 'a/c', content: MEGABYTES(4) }),
  FileModeRequired: withResolution({ setFileModes: [{ filePath: 'file', fileMode: undefined }] }),
  InvalidFileMode: replacing({ content: Buffer.from('x'), fileMode: 'X' }),
  InvalidPath: withResolution({ deleteFiles: [{ filePath: '../x' }] }),
  PathRequired: withResolution({ deleteFiles: [{ filePath: '' }] }),
};
const targetErrors = {
  BranchDoesNotExist: { targetBranch: 'nothing' },
  BranchNameIsTagName: { targetBranch: 'tagged' },
  BranchNameRequired: { targetBranch: '' },
  InvalidBranchName: { targetBranch: '-x' },
  InvalidTargetBranch: { destinationCommitSpecifier: 'tagged' },
  ConcurrentReferenceUpdate: { targetBranch: 'main' },
};
const parentErrors = {
  ParentCommitDoesNotExist: { parentCommitId: NOTHING },
  ParentCommitIdRequired: { parentCommitId: '' },
  InvalidParentCommitId: { parentCommitId: 'main' },
  ParentCommitIdOutdated: { branchName: 'ahead' },
  BranchDoesNotExist: { branchName: 'nothing' },
  BranchNameIsTagName: { branchName: 'tagged' },
};
const NO_WRONG_DELETION = 'keepEmptyFolders is true or false, neither of which is wrong.';

const put = (...putFiles: object[]) => ({ putFiles: putFiles.map((entry) => ({ filePath: 'new', ...entry })) });

const tableOf = (ids: ContentIds): Table => {
  const sides = { repositoryName, sourceCommitSpecifier: 'source', destinationCommitSpecifier: 'destination' };
  const onMain = { repositoryName, branchName: 'main', parentCommitId: ids.main };
  const content = Buffer.from('new');
  return {
    CreateBranch: {
      input: { repositoryName, branchName: 'made', commitId: ids.main },
      errors: { ...branchErrors, BranchNameExists: { branchName: 'source' }, CommitDoesNotExist: { commitId: NOTHING }, CommitIdRequired: { commitId: '' }, InvalidCommitId: { commitId: 'main' } },
    },
    GetBranch: { input: { repositoryName, branchName: 'main' }, errors: { ...branchErrors, BranchDoesNotExist: { branchName: 'nothing' } } },
    ListBranches: { input: { repositoryName }, errors: { InvalidContinuationToken: { nextToken: 'foreign' } } },
    DeleteBranch: { input: { repositoryName, branchName: 'main' }, errors: { ...branchErrors, DefaultBranchCannotBeDeleted: {} } },
    UpdateDefaultBranch: {
      input: { repositoryName, defaultBranchName: 'main' },
      errors: { BranchDoesNotExist: { defaultBranchName: 'nothing' }, BranchNameRequired: { defaultBranchName: '' }, InvalidBranchName: { defaultBranchName: '-x' } },
    },
    GetFile: {
      input: { repositoryName, filePath: 'file', commitSpecifier: 'main' },
      errors: { ...specifierErrors, FileDoesNotExist: { filePath: 'module' }, FileTooLarge: { filePath: 'big' }, InvalidPath: { filePath: '../file' }, PathRequired: { filePath: '' } },
    },
    GetFolder: {
      input: { repositoryName, folderPath: 'dir', commitSpecifier: 'main' },
      errors: { ...specifierErrors, FolderDoesNotExist: { folderPath: 'link' }, InvalidPath: { folderPath: '.git' }, PathRequired: { folderPath: '' } },
    },
    GetBlob: {
      input: { repositoryName, blobId: ids.blob },
      errors: { BlobIdDoesNotExist: { blobId: NOTHING }, BlobIdRequired: { blobId: '' }, FileTooLarge: { blobId: ids.big }, InvalidBlobId: { blobId: 'file' } },
    },
    GetBlobDifferences: {
      input: { repositoryName, afterBlobId: ids.blob },
      errors: {
        BlobIdDoesNotExist: { afterBlobId: NOTHING }, BlobIdRequired: { afterBlobId: '' }, FileTooLarge: { beforeBlobId: ids.big }, InvalidBlobId: { beforeBlobId: 'file' },
        InvalidContinuationToken: { NextToken: 'foreign' }, InvalidMaxResults: { MaxResults: 0 }, Validation: { contextLines: 21 },
      },
    },
    GetDifferences: {
      input: { repositoryName, afterCommitSpecifier: 'main' },
      errors: {
        CommitDoesNotExist: { beforeCommitSpecifier: 'nothing' }, CommitRequired: { afterCommitSpecifier: '' }, InvalidCommit: { afterCommitSpecifier: 'a..b' },
        InvalidCommitId: 'A specifier may be a reference, so one that is no ID is InvalidCommitException.',
        InvalidContinuationToken: { NextToken: 'foreign' }, InvalidMaxResults: { MaxResults: 0 }, InvalidPath: { afterPath: 'a//b' }, PathDoesNotExist: { afterPath: 'nothing' },
      },
    },
    BatchGetCommits: {
      input: { repositoryName, commitIds: [ids.main] },
      errors: { CommitIdsLimitExceeded: { commitIds: Array.from({ length: 101 }, () => NOTHING) }, CommitIdsListRequired: { commitIds: [] } },
    },
    GetCommit: { input: { repositoryName, commitId: ids.main }, errors: { CommitIdDoesNotExist: { commitId: NOTHING }, CommitIdRequired: { commitId: '' }, InvalidCommitId: { commitId: 'main' } } },
    ListFileCommitHistory: {
      input: { repositoryName, filePath: 'file', commitSpecifier: 'main' },
      errors: {
        ...specifierErrors, CommitRequired: { commitSpecifier: '' }, InvalidContinuationToken: { nextToken: 'foreign' }, InvalidMaxResults: { maxResults: 0 },
        TipsDivergenceExceeded: 'It takes more than 50,000 commits of one file.',
      },
    },
    GetMergeCommit: { input: sides, errors: { ...sideErrors, ...termErrors } },
    GetMergeOptions: { input: sides, errors: { ...sideErrors, ...termErrors, ...comparisonErrors } },
    GetMergeConflicts: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE' },
      errors: {
        ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors, InvalidMergeOption: { mergeOption: 'X' },
        InvalidCommit: 'InvalidSourceCommitSpecifierException and InvalidDestinationCommitSpecifierException say which of the two it is.',
        InvalidSourceCommitSpecifier: { sourceCommitSpecifier: 'a..b' }, InvalidDestinationCommitSpecifier: { destinationCommitSpecifier: 'a b' },
        InvalidContinuationToken: { nextToken: 'foreign' }, InvalidMaxConflictFiles: { maxConflictFiles: 0 },
      },
    },
    DescribeMergeConflicts: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE', filePath: 'file' },
      errors: {
        ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors, FileDoesNotExist: { filePath: 'nothing' }, InvalidPath: { filePath: '../file' }, PathRequired: { filePath: '' },
        InvalidContinuationToken: { nextToken: 'foreign' }, InvalidMaxMergeHunks: { maxMergeHunks: 0 },
      },
    },
    BatchDescribeMergeConflicts: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE' },
      errors: {
        ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors,
        InvalidContinuationToken: { nextToken: 'foreign' }, InvalidMaxConflictFiles: { maxConflictFiles: -1 }, InvalidMaxMergeHunks: { maxMergeHunks: 1_001 },
      },
    },
    CreateUnreferencedMergeCommit: {
      input: { ...sides, mergeOption: 'SQUASH_MERGE' },
      errors: { ...sideErrors, ...termErrors, ...comparisonErrors, ...optionErrors, ...authorErrors, ...resolutionErrors, ConcurrentReferenceUpdate: 'It moves no reference.' },
    },
    MergeBranchesByThreeWay: { input: sides, errors: { ...sideErrors, ...termErrors, ...comparisonErrors, ...authorErrors, ...resolutionErrors, ...targetErrors } },
    MergeBranchesBySquash: { input: sides, errors: { ...sideErrors, ...termErrors, ...comparisonErrors, ...authorErrors, ...resolutionErrors, ...targetErrors } },
    MergeBranchesByFastForward: {
      input: sides,
      errors: { ...sideErrors, ...targetErrors, ManualMergeRequired: {}, TipsDivergenceExceeded: { sourceCommitSpecifier: 'unrelated' } },
    },
    PutFile: {
      input: { ...onMain, filePath: 'new', fileContent: content },
      errors: {
        ...branchErrors, ...parentErrors, ...wordErrors, NameLengthExceeded: { name: 'x'.repeat(1_025) },
        DirectoryNameConflictsWithFileName: { filePath: 'link/through' }, FileNameConflictsWithDirectoryName: { filePath: 'dir' }, FilePathConflictsWithSubmodulePath: { filePath: 'module/x' },
        FileContentRequired: { fileContent: undefined },
        FileContentSizeLimitExceeded: { fileContent: Buffer.concat([MEGABYTES(6), Buffer.from('x')]) },
        FolderContentSizeLimitExceeded: 'One file exceeds its own limit first.',
        InvalidDeletionParameter: 'Nothing is deleted.', InvalidFileMode: { fileMode: 'X' }, InvalidPath: { filePath: '.git/config' }, PathRequired: { filePath: '' },
        SameFileContent: { filePath: 'file', fileContent: Buffer.from('1\n2\n3\n') },
      },
    },
    DeleteFile: {
      input: { ...onMain, filePath: 'file' },
      errors: {
        ...branchErrors, ...parentErrors, ...wordErrors, NameLengthExceeded: { name: 'x'.repeat(1_025) },
        FileDoesNotExist: { filePath: 'dir' }, InvalidPath: { filePath: 'a/../file' }, PathRequired: { filePath: '' },
      },
    },
    CreateCommit: {
      input: { ...onMain, putFiles: [{ filePath: 'new', fileContent: content }] },
      errors: {
        ...branchErrors, ...parentErrors, ...authorErrors,
        DirectoryNameConflictsWithFileName: put({ filePath: 'file/x', fileContent: content }), FileNameConflictsWithDirectoryName: put({ filePath: 'dir', fileContent: content }),
        FilePathConflictsWithSubmodulePath: put({ filePath: 'module', fileContent: content }),
        FileContentAndSourceFileSpecified: put({ fileContent: content, sourceFile: { filePath: 'file' } }), SourceFileOrContentRequired: put({}),
        RestrictedSourceFile: put({ sourceFile: { filePath: 'kept/.gitkeep' } }), FileDoesNotExist: put({ sourceFile: { filePath: 'nothing', isMove: true } }),
        FileContentSizeLimitExceeded: put({ fileContent: Buffer.concat([MEGABYTES(6), Buffer.from('x')]) }),
        FolderContentSizeLimitExceeded: put({ filePath: 'a/b', fileContent: MEGABYTES(4) }, { filePath: 'a/c', fileContent: MEGABYTES(4) }),
        FileEntryRequired: { putFiles: [] }, MaximumFileEntriesExceeded: { deleteFiles: Array.from({ length: 1_000 }, (_, index) => ({ filePath: `f${index}` })) },
        FileModeRequired: { setFileModes: [{ filePath: 'file', fileMode: undefined }] }, InvalidFileMode: put({ fileContent: content, fileMode: 'X' }),
        InvalidDeletionParameter: NO_WRONG_DELETION, InvalidPath: put({ filePath: '.GIT/config', fileContent: content }), PathRequired: put({ filePath: '', fileContent: content }),
        NoChange: put({ filePath: 'file', fileContent: Buffer.from('1\n2\n3\n') }), PutFileEntryConflict: put({ filePath: 'p', fileContent: content }, { filePath: 'p/q', fileContent: content }),
        SamePathRequest: { deleteFiles: [{ filePath: 'new' }] },
      },
    },
  };
};

const send = ({ s }: ContentScene, operation: string, input: object): Promise<unknown> =>
  (s.aws.codecommit as unknown as Record<string, (input: object) => Promise<unknown>>)[operation.charAt(0).toLowerCase() + operation.slice(1)]!(input);

const casesOf = (operation: Operation, ids: ContentIds): Readonly<Record<string, object | string>> => ({ ...inEveryOperation, ...tableOf(ids)[operation].errors });

/** The names are known before the repository is there, its ids only then. */
const UNKNOWN: ContentIds = { main: '', blob: '', big: '' };

const table: Provocations<ContentScene> = Object.fromEntries((Object.keys(tableOf(UNKNOWN)) as Operation[]).map((operation) => [
  operation,
  Object.fromEntries(Object.entries(casesOf(operation, UNKNOWN)).map(([name, wrong]): [string, Provocation<ContentScene>] => [
    name,
    typeof wrong === 'string' ? wrong : (scene) => send(scene, operation, { ...tableOf(scene.ids)[operation].input, ...(casesOf(operation, scene.ids)[name] as object) }),
  ])),
]));

export const content: ErrorGroup<ContentScene> = { open: contentScene, close: ({ s }) => s.stop(), table };
