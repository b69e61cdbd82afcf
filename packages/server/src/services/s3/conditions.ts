import { fail, preconditionFailed } from './fail.ts';

export interface Conditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
  /** ms UTC */
  readonly IfModifiedSince?: number;
  readonly IfUnmodifiedSince?: number;
}

interface Known {
  /** Without quotes. */
  readonly etag: string;
  readonly modified: number;
}

/** Whether a header of comma-separated entity tags, or `*`, names this one. */
export function matches(header: string, etag: string): boolean {
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
    return bare === '*' || bare === etag;
  });
}

/** HTTP dates have whole seconds. */
const seconds = (ms: number): number => Math.floor(ms / 1000);

/** The first precondition that does not hold. A match of entity tags makes the date beside it meaningless, as RFC 9110 says. */
function unmet(conditions: Conditions, { etag, modified }: Known): keyof Conditions | undefined {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  if (IfMatch !== undefined) {
    if (!matches(IfMatch, etag)) return 'IfMatch';
  } else if (IfUnmodifiedSince !== undefined && seconds(modified) > seconds(IfUnmodifiedSince)) return 'IfUnmodifiedSince';
  if (IfNoneMatch !== undefined) {
    if (matches(IfNoneMatch, etag)) return 'IfNoneMatch';
  } else if (IfModifiedSince !== undefined && seconds(modified) <= seconds(IfModifiedSince)) return 'IfModifiedSince';
  return undefined;
}

const HEADER: Readonly<Record<keyof Conditions, string>> = {
  IfMatch: 'If-Match',
  IfNoneMatch: 'If-None-Match',
  IfModifiedSince: 'If-Modified-Since',
  IfUnmodifiedSince: 'If-Unmodified-Since',
};

/** GetObject and HeadObject: 304 for what the client has already, 412 for what it did not expect. */
export function checkRead(conditions: Conditions, known: Known): void {
  const failed = unmet(conditions, known);
  if (failed === 'IfNoneMatch' || failed === 'IfModifiedSince') throw fail('NotModified', 'Not Modified', { ETag: `"${known.etag}"`, LastModified: known.modified });
  if (failed) throw preconditionFailed(HEADER[failed]);
}

/** A copy's source: 412 for all. */
export function checkSource(conditions: Conditions, known: Known): void {
  const failed = unmet(conditions, known);
  if (failed) throw preconditionFailed(`x-amz-copy-source-${HEADER[failed]}`);
}
