/** Merges: what they would come to, what is in conflict, and carrying them out. Pull requests merge through this face too. */
export { mergeability, mergeCommit, mergeInto, mergeOptions } from './merge.ts';
export type { Merged, MergeOrder } from './merge.ts';
export { mergeOption, mergeTerms } from './terms.ts';
export type { MergeSides, MergeTerms, MergeWords } from './terms.ts';
