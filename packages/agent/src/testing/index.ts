export { revision, tarOf, tgzOf } from './bundle.ts';
export type { TestFile } from './bundle.ts';
export { ALL_EVENTS, commandServer } from './command-server.ts';
export type { CommandServer, Completion, TestDeployment } from './command-server.ts';
