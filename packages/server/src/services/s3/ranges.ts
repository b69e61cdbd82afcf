import type { ByteRange } from '../../blobs/index.ts';
import { fail } from './fail.ts';

/**
 * The bytes that a Range header asks for; undefined for all of them. As S3, answers the whole object to what is no single
 * range of bytes, and `InvalidRange` to one that begins behind the end.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '') {
    if (to === '') return undefined;
    const length = Math.min(Number(to), size);
    if (length === 0) throw unsatisfiable(header, size);
    return { start: size - length, end: size - 1 };
  }
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < start) return undefined;
  if (start >= size) throw unsatisfiable(header, size);
  return { start, end };
}

function unsatisfiable(header: string | undefined, size: number) {
  return fail('InvalidRange', 'The requested range is not satisfiable', { RangeRequested: header, ActualObjectSize: size });
}

/** UploadPartCopy's `bytes=first-last`, which must lie within the source. */
export function copyRangeOf(header: string, size: number): ByteRange {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  const range = match && { start: Number(match[1]), end: Number(match[2]) };
  if (!range || range.end < range.start) {
    throw fail('InvalidArgument', 'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy', { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header });
  }
  if (range.end >= size) throw fail('InvalidArgument', `Range specified is not valid for source object of size: ${size}`, { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header });
  return range;
}
