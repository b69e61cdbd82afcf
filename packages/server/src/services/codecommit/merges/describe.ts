import type { ChangeTypeEnum, ConflictMetadata, MergeHunk, ObjectTypeEnum } from '@slipway/contracts/codecommit';
import { MODES } from '../../../git/index.ts';
import type { FileAt, LineChange, MergeBench } from '../../../git/index.ts';
import { fail } from '../fail.ts';
import { fileMode } from '../content/files.ts';
import { limits } from '../limits.ts';
import { isBinary } from './binary.ts';
import type { Conflict } from './conflicts.ts';
import { hunkDetail, linesOf, mergeHunks } from './hunks.ts';

export interface DescribedConflict {
  readonly metadata: ConflictMetadata;
  readonly hunks: readonly MergeHunk[];
}

type Version = 'source' | 'destination' | 'base';
const VERSIONS: readonly Version[] = ['source', 'destination', 'base'];

/** Everything about these conflicts. Files over the API's size are taken as binary. @throws MaximumFileContentToLoadExceededException */
export async function describeConflicts(bench: MergeBench, conflicts: readonly Conflict[]): Promise<DescribedConflict[]> {
  if (conflicts.length > limits.conflictFilesToLoad) {
    throw fail('MaximumFileContentToLoadExceededException', `More than ${limits.conflictFilesToLoad} files would have to be read: ask for fewer conflicts at once.`);
  }
  const ids = conflicts.flatMap((conflict) => VERSIONS.map((version) => conflict[version])).filter((at) => at !== undefined && hasText(at)).map((at) => at!.id);
  const sizes = await bench.sizes(ids);
  const described: DescribedConflict[] = [];
  // One at a time: what is in memory is one file's versions.
  for (const conflict of conflicts) described.push(await describe(bench, sizes, conflict));
  return described;
}

async function describe(bench: MergeBench, sizes: ReadonlyMap<string, number>, conflict: Conflict): Promise<DescribedConflict> {
  const { path, base, source, destination } = conflict;
  const texts = await bench.blobs(VERSIONS.map((version) => conflict[version]).filter((at) => at !== undefined && hasText(at) && (sizes.get(at.id) ?? 0) <= limits.apiFileBytes).map((at) => at!.id));
  const each = <T>(answer: (at: FileAt) => T): Partial<Record<Version, T>> =>
    Object.fromEntries(VERSIONS.flatMap((version) => (conflict[version] ? [[version, answer(conflict[version])]] : [])));
  const binary = each((at) => hasText(at) && (!texts.has(at.id) || isBinary(texts.get(at.id)!)));
  const isText = VERSIONS.every((version) => !conflict[version] || (hasText(conflict[version]) && !binary[version]));
  const hunks = isText ? await hunksOf(bench, conflict, texts) : [];

  const objectTypeConflict = source !== undefined && destination !== undefined && objectType(source) !== objectType(destination);
  const fileModeConflict = !base && !objectTypeConflict && source !== undefined && destination !== undefined && source.mode !== destination.mode;
  const contentConflict = !objectTypeConflict && (source?.id !== destination?.id || !fileModeConflict);
  const inLines = hunks.filter(({ isConflict }) => isConflict).length;
  const metadata: ConflictMetadata = {
    filePath: path,
    fileSizes: each((at) => sizes.get(at.id) ?? 0),
    fileModes: each((at) => fileMode(at.mode)),
    objectTypes: each(objectType),
    numberOfConflicts: (contentConflict ? Math.max(1, inLines) : 0) + (fileModeConflict ? 1 : 0) + (objectTypeConflict ? 1 : 0),
    isBinaryFile: binary,
    contentConflict,
    fileModeConflict,
    objectTypeConflict,
    mergeOperations: { source: operation(base, source), destination: operation(base, destination) },
  };
  return { metadata, hunks };
}

async function hunksOf(bench: MergeBench, { base, source, destination }: Conflict, texts: ReadonlyMap<string, Buffer>): Promise<MergeHunk[]> {
  const lines = (at: FileAt | undefined): readonly Buffer[] => linesOf((at && texts.get(at.id)) ?? Buffer.alloc(0));
  if (!source || !destination) {
    const whole = { ...source ? { source: hunkDetail(lines(source)) } : {}, ...destination ? { destination: hunkDetail(lines(destination)) } : {} };
    return [{ isConflict: true, ...whole, ...base ? { base: hunkDetail(lines(base)) } : {} }];
  }
  const changes = async (to: FileAt): Promise<readonly LineChange[]> => {
    if (!base) return [{ before: [0, 0], after: [0, lines(to).length] }];
    return to.id === base.id ? [] : bench.lineChanges(base.id, to.id);
  };
  return mergeHunks({ base: lines(base), source: lines(source), destination: lines(destination) }, { source: await changes(source), destination: await changes(destination) });
}

const hasText = ({ mode }: FileAt): boolean => mode !== MODES.folder && mode !== MODES.submodule;

function operation(base: FileAt | undefined, side: FileAt | undefined): ChangeTypeEnum {
  if (!side) return 'D';
  return base ? 'M' : 'A';
}

function objectType({ mode }: FileAt): ObjectTypeEnum {
  if (mode === MODES.folder) return 'DIRECTORY';
  if (mode === MODES.submodule) return 'GIT_LINK';
  return mode === MODES.link ? 'SYMBOLIC_LINK' : 'FILE';
}
