import { invalidArgument, notSupported } from './fail.ts';

export interface CopySource {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId: string | undefined;
}

/** `x-amz-copy-source`: `bucket/key`, percent-encoded, with `?versionId=` behind it. */
export function parseCopySource(header: string): CopySource {
  const malformed = () => invalidArgument('x-amz-copy-source', header, 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey');
  if (/^\/?arn:/.test(header)) throw notSupported('An ARN as CopySource');
  const [path = '', query = ''] = header.split('?', 2);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, '');
  } catch {
    throw malformed();
  }
  const slash = decoded.indexOf('/');
  if (slash < 1 || slash === decoded.length - 1) throw malformed();
  return { Bucket: decoded.slice(0, slash), Key: decoded.slice(slash + 1), VersionId: new URLSearchParams(query).get('versionId') ?? undefined };
}
