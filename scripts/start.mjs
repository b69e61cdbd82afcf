// `npm start`: installs and builds when needed, then becomes the server.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

ensureInstalled();
await ensureBuilt();
process.argv.splice(2, 0, 'start');
await import('../packages/slipway/dist/slipway.js');
