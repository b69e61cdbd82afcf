import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** Identifiers in the shapes that AWS gives them, since tools parse, match and cut them. All from the system's secure randomness. */

const CAPITALS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SECRET = `${BASE62}+/`;
const LOWER_AND_DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

/** `1f5c0e9a-…`: builds, pipeline and action executions, CodeDeploy applications and groups, comments, events. */
export const uuid = (): string => randomUUID();

/** `d-8KX2M1QZ7`: CodeDeploy deployments. */
export const deploymentId = (): string => `d-${randomText(CAPITALS_AND_DIGITS, 9)}`;

/** IAM's unique ids: the prefix tells the kind, then 17 characters. */
export type UniqueIdPrefix =
  | 'AIDA' /* user */ | 'AROA' /* role */ | 'AGPA' /* group */ | 'ANPA' /* managed policy */ | 'AIPA' /* instance profile */
  | 'APKA' /* SSH public key */ | 'ASCA' /* server certificate */;

export const uniqueId = (prefix: UniqueIdPrefix): string => prefix + randomText(BASE32, 17);

/** `AKIA…`: a user's lasting key, 20 characters. */
export const accessKeyId = (): string => `AKIA${randomText(BASE32, 16)}`;

/** `ASIA…`: a session's key, 20 characters. */
export const temporaryAccessKeyId = (): string => `ASIA${randomText(BASE32, 16)}`;

/** `ACCA…`: a service-specific credential (Git user name and password), 21 characters. */
export const serviceCredentialId = (): string => `ACCA${randomText(BASE32, 17)}`;

/** 40 characters of the base64 alphabet. */
export const secretAccessKey = (): string => randomText(SECRET, 40);

/** A Git password as IAM makes them: 32 random bytes in base64. */
export const servicePassword = (): string => randomBytes(32).toString('base64');

/** Opaque, as long as AWS's shortest. */
export const sessionToken = (): string => randomBytes(192).toString('base64');

/** 7 characters behind a name, as in CodePipeline's artifact folders: `MyApp/JJpXyfs`. */
export const artifactKey = (): string => randomText(BASE62, 7);

/** Six characters that end a secret's ARN. */
export const secretSuffix = (): string => randomText(BASE62, 6);

/** Lower case and digits, for names that become part of a host name or file name. */
export const suffix = (length: number): string => randomText(LOWER_AND_DIGITS, length);
