/** A full SHA-1 object id. */
const OBJECT_ID = /^[0-9a-f]{40}$/;
/** How git writes "no object": the old side of a creation, the new side of a deletion. */
export const NO_OBJECT = '0'.repeat(40);

export const isObjectId = (text: string): boolean => OBJECT_ID.test(text);

/**
 * Whether git accepts `ref` as a full reference name (`refs/heads/x`): the rules of git-check-ref-format, so that no name
 * reaches a command that git would read as an option, a revision expression or a path outside the repository.
 */
export function isReferenceName(ref: string): boolean {
  if (!ref.startsWith('refs/') || Buffer.byteLength(ref) > 1_024) return false;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\u007f~^:?*[\\]/.test(ref)) return false;
  if (ref.includes('..') || ref.includes('@{') || ref.includes('//') || ref.endsWith('/') || ref.endsWith('.')) return false;
  const parts = ref.split('/');
  return parts.length >= 3 && parts.every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

/** Whether `name` may be a branch: a reference name under `refs/heads/`, and none that git commands would misread, as an option or as an object's id. */
export function isBranchName(name: string): boolean {
  return name.length <= 256 && !name.startsWith('-') && name !== 'HEAD' && name !== '@' && !/^[0-9a-f]{40}$/i.test(name) && isReferenceName(`refs/heads/${name}`);
}

export const branchReference = (name: string): string => `refs/heads/${name}`;

/**
 * A file path in a tree as its parts; undefined for one that could leave the tree or name git's own folder.
 * A leading and a trailing slash are allowed, as AWS does. The tree's root has no parts.
 */
export function pathParts(path: string): readonly string[] | undefined {
  const trimmed = path.replace(/^\//, '').replace(/\/$/, '');
  if (trimmed === '') return [];
  const parts = trimmed.split('/');
  return parts.every(isPathPart) ? parts : undefined;
}

function isPathPart(part: string): boolean {
  if (part === '' || part === '.' || part === '..') return false;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(part)) return false;
  // Some file systems ignore case, trailing dots and spaces, invisible characters and what follows a colon, or take a
  // backslash for a slash: git itself refuses to check such names out.
  const seen = part.replaceAll(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '');
  return !seen.split('\\').some((piece) => piece === '..' || /^(?:\.git|git~\d+)[. ]*(?:$|:)/i.test(piece));
}
