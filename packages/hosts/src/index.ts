export { HostError } from './contract.ts';
export type { Host, HostCredentials, HostKind, HostOptions } from './contract.ts';
export { detectBestHost } from './best.ts';
export type { BestHost } from './best.ts';
export { netns } from './netns.ts';
export { plain } from './plain.ts';
