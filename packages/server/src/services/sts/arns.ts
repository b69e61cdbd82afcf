import { formatArn } from '../../kernel/arn.ts';

const arn = (account: string, resource: string): string => formatArn({ service: 'sts', account, resource });

export const assumedRoleArn = (account: string, role: string, session: string): string => arn(account, `assumed-role/${role}/${session}`);
export const federatedUserArn = (account: string, name: string): string => arn(account, `federated-user/${name}`);
