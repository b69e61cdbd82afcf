/** Operations of STS that answer by name that they are missing. */
export const notYet = ['AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'DecodeAuthorizationMessage', 'GetDelegatedAccessToken', 'GetWebIdentityToken'] as const;
