// A server whose builds are played by the dummy runner, which no setting reaches. On SIGUSR2 it says when it has nothing
// left to do; on SIGTERM it ends cleanly.
import { readConfig, startServer } from '@slipway/server';

const [supervisor = '', agent = ''] = process.argv.slice(2);
const server = await startServer(readConfig({}, process.env), { programs: { supervisor, agent }, runner: 'dummy' });
process.on('SIGUSR2', () => void server.settled().then(() => console.log('Settled')));
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
console.log(`Slipway listening on ${server.endpoint}`);
