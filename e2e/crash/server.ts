// A server whose builds are played by the dummy runner, which no setting reaches. On SIGUSR2 it says when it has nothing
// left to do; on SIGTERM it ends cleanly. Its time may run fast, so that a story has minutes in seconds.
import { readConfig, startServer } from '@slipway/server';
import { fastClock } from './fast-clock.ts';

const [supervisor = '', agent = ''] = process.argv.slice(2);
const server = await startServer(readConfig({}, process.env), { programs: { supervisor, agent }, runner: 'dummy', clock: fastClock(process.env['CRASH_CLOCK']) });
process.on('SIGUSR2', () => void server.settled().then(() => console.log('Settled')));
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
console.log(`Slipway listening on ${server.endpoint}`);
