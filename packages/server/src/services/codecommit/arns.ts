import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';

/** `arn:aws:codecommit:R:A:name` */
export const repositoryArn = ({ account, region }: Place, name: string): string => formatArn({ service: 'codecommit', region, account, resource: name });

/** The repository's name in its ARN; undefined for another account's, region's or service's resource, or no ARN. */
export function repositoryNameIn(arn: string, { account, region }: Place): string | undefined {
  const parsed = parseArn(arn);
  return parsed?.service === 'codecommit' && parsed.account === account && parsed.region === region ? parsed.resource : undefined;
}
