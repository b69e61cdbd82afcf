import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

/** A name that is a path stands behind `parameter` with its own slash. */
export const parameterArn = ({ account, region }: Place, name: string): string =>
  formatArn({ service: 'ssm', region, account, resource: `parameter${name.startsWith('/') ? '' : '/'}${name}` });

/**
 * The parameter's name in what callers write: a name, a name with a selector, or the ARN of either. An ARN does not tell
 * `/a` from `a`: AWS reads a single level as the name without a slash.
 * An ARN of another account, region or service stays what it is, a name that no parameter has.
 */
export function nameIn(written: string, { account, region }: Place): string {
  const arn = parseArn(written);
  const ours = arn?.service === 'ssm' && arn.account === account && arn.region === region;
  const resource = arn?.resource;
  if (!ours || resource === undefined || !resource.startsWith('parameter/')) return written;
  const path = resource.slice('parameter'.length);
  return path.indexOf('/', 1) < 0 ? path.slice(1) : path;
}
