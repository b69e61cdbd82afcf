// Runs a command beside a throw-away PostgreSQL: node scripts/with-postgres.mjs npx vitest run
// The cluster lives in a temporary folder, listens on a free port of the loopback, and is gone when the command ends.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error('usage: node scripts/with-postgres.mjs COMMAND [ARGUMENT...]');
  process.exit(2);
}

const bin = postgresBin();
const asRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), 'slipway-postgres-'));
const data = join(folder, 'data');
const logFile = join(folder, 'log');
if (asRoot) chownSync(folder, idOf('-u'), idOf('-g'));

const port = await freePort();
let exitCode = 1;
try {
  // A locale other than C, so that tests see what a collation of the cluster would spoil.
  postgres('initdb', ['--pgdata', data, '--username', 'slipway', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C.UTF-8']);
  postgres('pg_ctl', ['start', '--wait', '--pgdata', data, '--log', logFile, '--options', `-h 127.0.0.1 -p ${port} -k ${folder}`]);
  exitCode = await run();
} finally {
  if (existsSync(join(data, 'postmaster.pid'))) postgres('pg_ctl', ['stop', '--wait', '--mode', 'immediate', '--pgdata', data]);
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = exitCode;

function run() {
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, DATABASE_URL: `postgres://slipway@127.0.0.1:${port}/postgres` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** The server refuses to run as root, so root becomes the package's own user. */
function postgres(program, programArgs) {
  const path = join(bin, program);
  const [file, argv] = asRoot ? ['runuser', ['-u', 'postgres', '--', path, ...programArgs]] : [path, programArgs];
  const { status, error, stdout, stderr } = spawnSync(file, argv, { encoding: 'utf8', cwd: folder, stdio: ['ignore', program === 'initdb' ? 'pipe' : 'ignore', program === 'initdb' ? 'pipe' : 'inherit'] });
  if (status === 0) return;
  const log = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
  throw new Error(`${program} failed: ${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}${log}`);
}

function postgresBin() {
  if (process.env.POSTGRES_BIN) return process.env.POSTGRES_BIN;
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, 'bin', 'initdb'))) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) {
    console.error('No PostgreSQL server was found: install Debian\'s "postgresql", or set POSTGRES_BIN to the folder that holds initdb.');
    process.exit(2);
  }
  return join(root, newest, 'bin');
}

function idOf(flag) {
  return Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}
