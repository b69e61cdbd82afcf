/** `arn:partition:service:region:account:resource`. Region and account are empty for resources that have none (S3's both, IAM's region). */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** Everything behind the fifth colon, colons and slashes included: `build/project:uuid`. */
  readonly resource: string;
}

export function formatArn(arn: Pick<Arn, 'service' | 'resource'> & Partial<Arn>): string {
  const { partition = 'aws', service, region = '', account = '', resource } = arn;
  return `arn:${partition}:${service}:${region}:${account}:${resource}`;
}

/** Undefined for a text that is no ARN; the room says so with its own error. */
export function parseArn(text: string): Arn | undefined {
  const [prefix, partition, service, region, account, ...resource] = text.split(':');
  if (prefix !== 'arn' || !partition || !service || region === undefined || account === undefined || resource.length === 0 || resource[0] === '') return undefined;
  return { partition, service, region, account, resource: resource.join(':') };
}
