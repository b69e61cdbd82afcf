import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

export const secretArn = ({ account, region, name, suffix }: Place & { readonly name: string; readonly suffix: string }): string =>
  formatArn({ service: 'secretsmanager', region, account, resource: `secret:${name}-${suffix}` });

/** The secret that does not exist yet, or no more, as policies speak of it: any suffix matches `-??????`. */
export const unmadeArn = (place: Place, name: string): string => secretArn({ ...place, name, suffix: '??????' });

const SUFFIX = /-[A-Za-z0-9]{6}$/;

/** What a SecretId may mean, likeliest first: a name, or an ARN with or without its suffix. The ARN's account owns the secret. */
export function meanings(id: string, place: Place): { readonly place: Place; readonly name: string; readonly suffix: string | undefined }[] {
  const arn = parseArn(id);
  if (arn?.service !== 'secretsmanager' || !arn.resource.startsWith('secret:')) return [{ place, name: id, suffix: undefined }];
  const written = arn.resource.slice('secret:'.length);
  const owner = { account: arn.account, region: arn.region };
  const whole = { place: owner, name: written, suffix: undefined };
  return SUFFIX.test(written) ? [{ place: owner, name: written.replace(SUFFIX, ''), suffix: written.slice(-6) }, whole] : [whole];
}
