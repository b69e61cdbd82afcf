import type { ConflictDetailLevelTypeEnum, ConflictResolution, ConflictResolutionStrategyTypeEnum, MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import { fail } from '../fail.ts';

/** The two commits of a merge, by their full ids. */
export interface MergeSides {
  readonly source: string;
  readonly destination: string;
}

/** How conflicts are found and resolved. */
export interface MergeTerms {
  readonly detail: ConflictDetailLevelTypeEnum;
  readonly strategy: ConflictResolutionStrategyTypeEnum;
}

export const MERGE_OPTIONS: readonly MergeOptionTypeEnum[] = ['FAST_FORWARD_MERGE', 'SQUASH_MERGE', 'THREE_WAY_MERGE'];
const DETAILS: readonly ConflictDetailLevelTypeEnum[] = ['FILE_LEVEL', 'LINE_LEVEL'];
const STRATEGIES: readonly ConflictResolutionStrategyTypeEnum[] = ['NONE', 'ACCEPT_SOURCE', 'ACCEPT_DESTINATION', 'AUTOMERGE'];

interface TermsInput {
  readonly conflictDetailLevel?: ConflictDetailLevelTypeEnum;
  readonly conflictResolutionStrategy?: ConflictResolutionStrategyTypeEnum;
}

/** @throws InvalidConflictDetailLevelException, InvalidConflictResolutionStrategyException */
export function mergeTerms({ conflictDetailLevel: detail = 'FILE_LEVEL', conflictResolutionStrategy: strategy = 'NONE' }: TermsInput): MergeTerms {
  if (!DETAILS.includes(detail)) throw fail('InvalidConflictDetailLevelException', `The conflict detail level must be one of ${DETAILS.join(', ')}.`);
  if (!STRATEGIES.includes(strategy)) throw fail('InvalidConflictResolutionStrategyException', `The conflict resolution strategy must be one of ${STRATEGIES.join(', ')}.`);
  return { detail, strategy };
}

/** @throws MergeOptionRequiredException, InvalidMergeOptionException for one that is not among `allowed` */
export function mergeOption(option: MergeOptionTypeEnum | undefined, allowed: readonly MergeOptionTypeEnum[] = MERGE_OPTIONS): MergeOptionTypeEnum {
  if (!option) throw fail('MergeOptionRequiredException', 'A merge option is required.');
  if (!allowed.includes(option)) throw fail('InvalidMergeOptionException', `The merge option must be one of ${allowed.join(', ')} for this operation.`);
  return option;
}

/** What a merge that is carried out is given beyond its sides. */
export interface MergeWords {
  readonly authorName?: string;
  readonly email?: string;
  readonly commitMessage?: string;
  readonly keepEmptyFolders?: boolean;
  readonly conflictResolution?: ConflictResolution;
}
