export interface SecretReference {
  readonly secretId: string;
  /** A key of the secret's JSON; absent: the whole secret. */
  readonly jsonKey?: string;
  readonly versionStage?: string;
  readonly versionId?: string;
}

/** Reads `secret-id:json-key:version-stage:version-id`, of which all but the first may be left out, and where the id may be an ARN. */
export function secretReference(text: string): SecretReference {
  // arn:aws:secretsmanager:region:account:secret:name-AbCdEf
  const idParts = /^arn:[^:]*:secretsmanager:/.test(text) ? 7 : 1;
  const parts = text.split(':');
  const [jsonKey, versionStage, versionId] = parts.slice(idParts).map((part) => (part === '' ? undefined : part));
  return {
    secretId: parts.slice(0, idParts).join(':'),
    ...(jsonKey === undefined ? {} : { jsonKey }), ...(versionStage === undefined ? {} : { versionStage }), ...(versionId === undefined ? {} : { versionId }),
  };
}

/** Whether the text has no more parts than such a reference. */
export function isSecretReference(text: string): boolean {
  const { secretId } = secretReference(text);
  return secretId !== '' && text.slice(secretId.length).split(':').length <= 4;
}
