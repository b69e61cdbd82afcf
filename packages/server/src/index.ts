export { ConfigError, readConfig, settings, type Config } from './main/config.ts';
export { startServer, type RunningServer, type ServerOptions } from './main/server.ts';
export { readRootProfile } from './main/data-folder.ts';
export { readServerNote, type ServerNote } from './main/server-note.ts';
export { coverage, type ServiceCoverage } from './main/coverage.ts';
