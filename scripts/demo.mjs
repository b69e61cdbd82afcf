// `npm run demo`: installs and builds when needed, then is `slipway demo`.
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

ensureInstalled();
await ensureBuilt();
process.argv.splice(2, 0, 'demo');
await import('../packages/slipway/dist/slipway.js');
