/** `arn:aws:codecommit:R:A:name` */
export const repositoryArn = (region: string, account: string, name: string): string => `arn:aws:codecommit:${region}:${account}:${name}`;
