/** AWS Signature Version 4, for those who sign (agent, CLI) and the one who verifies (server). */
export { canonicalRequest, EMPTY_SHA256, sha256Hex, UNSIGNED_PAYLOAD, uriEncode } from './canonical.ts';
export type { CanonicalRequestParts } from './canonical.ts';
export { presignUrl, signRequest } from './client.ts';
export type { Credentials, RequestToSign } from './client.ts';
export { gitPassword } from './git.ts';
export type { GitPasswordRequest } from './git.ts';
export { ALGORITHM, amzDate, parseAmzDate, sameSignature, scopeText, sign, signingKey, stringToSign } from './signature.ts';
export type { Scope } from './signature.ts';
