export const assumedRoleArn = (account: string, role: string, session: string): string => `arn:aws:sts::${account}:assumed-role/${role}/${session}`;
export const federatedUserArn = (account: string, name: string): string => `arn:aws:sts::${account}:federated-user/${name}`;
