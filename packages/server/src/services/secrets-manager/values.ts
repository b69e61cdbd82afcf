import type { GetSecretValueResponse } from '@slipway/contracts/secrets-manager';
import type { Seal } from '../../kernel/seal.ts';
import { secretArn } from './arns.ts';
import { fail, invalid } from './fail.ts';
import { VALUE_SIZE } from './limits.ts';
import { stagesOf } from './store.ts';
import type { SecretRow, VersionRow } from './store.ts';

/** A secret's content, as clients give it. */
export interface Content {
  readonly kind: 'string' | 'binary';
  /** The text, or base64 of the bytes. */
  readonly text: string;
}

/** @throws InvalidParameterException for both forms at once, InvalidRequestException for nothing */
export function contentOf({ SecretString, SecretBinary }: { readonly SecretString?: string; readonly SecretBinary?: Uint8Array }): Content | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) throw invalid('You can\'t specify both a binary secret value and a string secret value in the same secret.');
  const size = SecretBinary?.length ?? Buffer.byteLength(SecretString ?? '');
  if (size > VALUE_SIZE) throw invalid(`The secret value has ${size} bytes; the most are ${VALUE_SIZE}.`);
  if (SecretString !== undefined) return { kind: 'string', text: SecretString };
  return SecretBinary === undefined ? undefined : { kind: 'binary', text: Buffer.from(SecretBinary).toString('base64') };
}

export function needed(content: Content | undefined): Content {
  if (content === undefined) throw fail('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
  return content;
}

const place = (secret: SecretRow, id: string): string => `secret_versions/value/${secretArn(secret)}/${id}`;

export function createValues(seal: Seal) {
  return {
    sealed: (secret: SecretRow, id: string, { text }: Content): string => seal.seal(text, place(secret, id)),

    content: (secret: SecretRow, version: VersionRow): Content => ({ kind: version.kind, text: seal.open(version.value, place(secret, version.id)) }),

    shown(secret: SecretRow, version: VersionRow): GetSecretValueResponse {
      const { kind, text } = this.content(secret, version);
      return {
        ARN: secretArn(secret), Name: secret.name, VersionId: version.id, VersionStages: stagesOf(version), CreatedDate: version.created,
        ...(kind === 'string' ? { SecretString: text } : { SecretBinary: Buffer.from(text, 'base64') }),
      };
    },
  };
}

export type Values = ReturnType<typeof createValues>;
