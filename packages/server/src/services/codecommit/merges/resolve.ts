import type { ConflictResolution, FileModeTypeEnum, ReplaceContentEntry } from '@slipway/contracts/codecommit';
import { MODES, mergeTexts } from '../../../git/index.ts';
import type { Draft, FileAt, MergeBench } from '../../../git/index.ts';
import { checkFileSize, checkFolderSizes, filePath, modeOf } from '../content/commit-writing.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { isBinary } from './binary.ts';
import type { Conflict } from './conflicts.ts';
import type { MergeTerms } from './terms.ts';

/** What the caller says about single files, by path. */
export type Resolutions = ReadonlyMap<string,
  | { readonly kind: 'replace'; readonly entry: ReplaceContentEntry }
  | { readonly kind: 'delete' }
  | { readonly kind: 'mode'; readonly mode: FileModeTypeEnum }>;

type Resolution = Resolutions extends ReadonlyMap<string, infer R> ? R : never;

/**
 * The entries of a conflict resolution, checked for themselves.
 * @throws InvalidConflictResolutionException, MaximumConflictResolutionEntriesExceededException,
 * MultipleConflictResolutionEntriesException, and the errors of paths, modes, replacement types and contents
 */
export function resolutionsIn(input: ConflictResolution | undefined, { strategy }: MergeTerms): Resolutions {
  const found = new Map<string, Resolution>();
  const { replaceContents = [], deleteFiles = [], setFileModes = [] } = input ?? {};
  const count = replaceContents.length + deleteFiles.length + setFileModes.length;
  if (count === 0) return found;
  if (strategy !== 'AUTOMERGE') throw fail('InvalidConflictResolutionException', 'A conflict resolution list can be given with the conflict resolution strategy AUTOMERGE only.');
  if (count > limits.conflictResolutionEntries) {
    throw fail('MaximumConflictResolutionEntriesExceededException', `A conflict resolution has at most ${limits.conflictResolutionEntries} entries.`);
  }
  const add = (text: string, resolution: Resolution): void => {
    const path = filePath(text).join('/');
    if (found.has(path)) throw fail('MultipleConflictResolutionEntriesException', `There is more than one conflict resolution entry for ${path}.`);
    found.set(path, resolution);
  };
  for (const entry of replaceContents) {
    checkReplacement(entry);
    add(entry.filePath, { kind: 'replace', entry });
  }
  for (const { filePath: path } of deleteFiles) add(path, { kind: 'delete' });
  for (const { filePath: path, fileMode } of setFileModes) {
    if (!fileMode) throw fail('FileModeRequiredException', 'A file mode is required.');
    modeOf(fileMode);
    add(path, { kind: 'mode', mode: fileMode });
  }
  checkFolderSizes(replaceContents.map(({ filePath: path, content }) => ({ path, size: content?.length ?? 0 })));
  return found;
}

function checkReplacement({ replacementType, content, fileMode }: ReplaceContentEntry): void {
  if (!replacementType) throw fail('ReplacementTypeRequiredException', 'A replacement type is required.');
  if (!['KEEP_BASE', 'KEEP_SOURCE', 'KEEP_DESTINATION', 'USE_NEW_CONTENT'].includes(replacementType)) {
    throw fail('InvalidReplacementTypeException', 'The replacement type must be one of KEEP_BASE, KEEP_SOURCE, KEEP_DESTINATION, USE_NEW_CONTENT.');
  }
  if (fileMode !== undefined) modeOf(fileMode);
  if (replacementType === 'USE_NEW_CONTENT' && content === undefined) throw fail('ReplacementContentRequiredException', 'USE_NEW_CONTENT was specified, but no content was given.');
  if (replacementType !== 'USE_NEW_CONTENT' && content !== undefined) throw fail('InvalidReplacementContentException', `Content was given, but the replacement type is ${replacementType}.`);
  if (content) checkFileSize(content);
}

/** What is to stand at each conflict's path; throws for what nobody resolves. */
export async function resolved(bench: MergeBench, draft: Draft, conflicts: readonly Conflict[], terms: MergeTerms, resolutions: Resolutions): Promise<Map<string, FileAt | undefined>> {
  const edits = new Map<string, FileAt | undefined>();
  for (const path of resolutions.keys()) {
    if (!conflicts.some((conflict) => conflict.path === path)) throw fail('InvalidConflictResolutionException', `There is no conflict at ${path}.`);
  }
  for (const conflict of conflicts) {
    const version = terms.strategy === 'AUTOMERGE'
      ? chosen(draft, conflict, resolutions.get(conflict.path))
      : await accepted(bench, draft, conflict, terms);
    for (const place of conflict.placed) edits.set(place, undefined);
    edits.set(conflict.path, version);
  }
  return edits;
}

function chosen(draft: Draft, conflict: Conflict, resolution: Resolution | undefined): FileAt | undefined {
  const { path, base, source, destination } = conflict;
  if (!resolution) throw manualMerge([conflict]);
  if (resolution.kind === 'delete') return undefined;
  const side = source ?? destination;
  if (resolution.kind === 'mode') {
    // A mode settles a conflict of modes; contents that differ are still to be chosen from.
    if (!side || source?.id !== destination?.id) throw manualMerge([conflict]);
    return { id: side.id, mode: modeOf(resolution.mode) };
  }
  const { replacementType, content, fileMode } = resolution.entry;
  if (replacementType === 'USE_NEW_CONTENT') {
    const mode = fileMode ? modeOf(fileMode) : [destination, source, base].find((at) => at && isFile(at))?.mode ?? MODES.file;
    return { id: draft.blob(content ?? new Uint8Array()), mode };
  }
  const kept = { KEEP_BASE: base, KEEP_SOURCE: source, KEEP_DESTINATION: destination }[replacementType];
  if (!kept && replacementType === 'KEEP_BASE') throw fail('InvalidReplacementTypeException', `${path} is not in the merge base.`);
  return kept && fileMode && isFile(kept) ? { id: kept.id, mode: modeOf(fileMode) } : kept;
}

/** ACCEPT_SOURCE and ACCEPT_DESTINATION: by the file, one side's; by the line, both merged and one side's lines where they conflict. */
async function accepted(bench: MergeBench, draft: Draft, { base, source, destination }: Conflict, { detail, strategy }: MergeTerms): Promise<FileAt | undefined> {
  const winner = strategy === 'ACCEPT_SOURCE' ? source : destination;
  if (detail === 'FILE_LEVEL' || !source || !destination || !isFile(source) || !isFile(destination) || (base && !isFile(base))) return winner;
  const mode = base && winner?.mode === base.mode ? (strategy === 'ACCEPT_SOURCE' ? destination : source).mode : winner!.mode;
  const ids = [source.id, destination.id, ...base ? [base.id] : []];
  const sizes = await bench.sizes(ids);
  if ([...sizes.values()].some((size) => size > limits.apiFileBytes)) return { id: winner!.id, mode };
  const texts = await bench.blobs(ids);
  const [ours, theirs, common] = [texts.get(destination.id), texts.get(source.id), base ? texts.get(base.id) : Buffer.alloc(0)];
  if (!ours || !theirs || !common || [ours, theirs, common].some(isBinary)) return { id: winner!.id, mode };
  return { id: draft.blob(await mergeTexts({ base: common, ours, theirs, favour: strategy === 'ACCEPT_SOURCE' ? 'theirs' : 'ours' })), mode };
}

const isFile = ({ mode }: FileAt): boolean => mode === MODES.file || mode === MODES.executable;

export const manualMerge = (conflicts: readonly Conflict[]): Error =>
  fail('ManualMergeRequiredException', `The merge has conflicts that must be resolved: ${conflicts.slice(0, 10).map(({ path }) => path).join(', ')}${conflicts.length > 10 ? ', …' : ''}`);
