import { readFile } from 'node:fs/promises';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Asked before each request: temporary keys are replaced in their file while the agent runs. */
export type CredentialSource = () => Promise<Credentials>;

export const staticCredentials = (credentials: Credentials): CredentialSource => () => Promise.resolve(credentials);

/**
 * Reads `file` anew each time: JSON `{accessKeyId, secretAccessKey, sessionToken?}`, or the `[default]` profile of an AWS
 * credentials file.
 */
export function fileCredentials(file: string): CredentialSource {
  return async () => {
    const text = await readFile(file, 'utf8');
    const values = text.trimStart().startsWith('{') ? fromJson(text, file) : fromProfile(text);
    if (values.accessKeyId === undefined || values.secretAccessKey === undefined) throw new Error(`${file} holds no access key`);
    return { accessKeyId: values.accessKeyId, secretAccessKey: values.secretAccessKey, ...(values.sessionToken === undefined ? {} : { sessionToken: values.sessionToken }) };
  };
}

interface MaybeCredentials {
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
}

function fromJson(text: string, file: string): MaybeCredentials {
  let values: Readonly<Record<string, unknown>>;
  try {
    values = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // The parser's own message would quote the file, and with it a secret.
    throw new Error(`${file} is not valid JSON`);
  }
  const textOf = (key: string): string | undefined => (typeof values[key] === 'string' ? values[key] : undefined);
  return { accessKeyId: textOf('accessKeyId'), secretAccessKey: textOf('secretAccessKey'), sessionToken: textOf('sessionToken') };
}

function fromProfile(text: string): MaybeCredentials {
  const found = new Map<string, string>();
  let inDefault = false;
  for (const line of text.split('\n')) {
    const section = /^\s*\[\s*(.+?)\s*\]\s*$/.exec(line)?.[1];
    if (section !== undefined) inDefault = section === 'default';
    const pair = /^\s*([a-z_]+)\s*=\s*(\S+)\s*$/.exec(line);
    if (inDefault && pair?.[1] !== undefined && pair[2] !== undefined) found.set(pair[1], pair[2]);
  }
  return { accessKeyId: found.get('aws_access_key_id'), secretAccessKey: found.get('aws_secret_access_key'), sessionToken: found.get('aws_session_token') };
}
