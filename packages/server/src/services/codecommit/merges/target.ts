/** The branch that a merge of branches moves: the target, or the destination where that names a branch. */
export function targetBranch({ targetBranch: target, destinationCommitSpecifier: destination }: { targetBranch?: string | undefined; destinationCommitSpecifier: string }): string {
  return target ?? destination.replace(/^refs\/heads\//, '');
}
