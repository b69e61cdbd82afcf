import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The password that AWS's git helpers make from an access key: a signature over an imaginary request with method GIT.
 * `20250102T030405Z` and 64 hex digits.
 */
export interface GitPassword {
  /** `20250102T030405` */
  readonly timestamp: string;
  /** ms UTC */
  readonly time: number;
  readonly signature: string;
}

export function parseGitPassword(password: string): GitPassword | undefined {
  const match = /^((\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d))Z([0-9a-f]{64})$/.exec(password);
  if (!match) return undefined;
  const [, timestamp = '', year, month, day, hour, minute, second, signature = ''] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : { timestamp, time, signature };
}

export interface SignedWith {
  readonly secretAccessKey: string;
  readonly region: string;
  readonly host: string;
  /** As git was given it: `/v1/repos/name`. */
  readonly path: string;
}

export function gitSignature(timestamp: string, { secretAccessKey, region, host, path }: SignedWith): string {
  const date = timestamp.slice(0, 8);
  const canonical = `GIT\n${path}\n\nhost:${host}\n\nhost\n`;
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${date}/${region}/codecommit/aws4_request\n${createHash('sha256').update(canonical).digest('hex')}`;
  const key = [date, region, 'codecommit', 'aws4_request'].reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}

export function isSignedWith(password: GitPassword, signed: SignedWith): boolean {
  return timingSafeEqual(Buffer.from(gitSignature(password.timestamp, signed)), Buffer.from(password.signature));
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
