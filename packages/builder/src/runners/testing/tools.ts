import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Engine } from '../container/engine.ts';
import { addPrograms, fillBusybox, importImage } from './engines.ts';
import type { TestEngine } from './engines.ts';

const run = promisify(execFile);

/** An image with the tools that builds use: bash, git, curl, Python, Node, the aws CLI, su and useradd. */
export const TOOLS_IMAGE = 'localhost/slipway-test/tools:latest';
/** A line of the image's own authorities. */
export const TOOLS_AUTHORITIES = '# the authorities of the image';

const PYTHON = '/usr/bin/python3';
/** Those of the aws CLI. */
const MODULES = ['awscli', 'botocore', 's3transfer', 'jmespath', 'dateutil', 'urllib3', 'docutils', 'colorama', 'rsa', 'pyasn1', 'yaml', 'six.py'];

/** The stock aws CLI of this machine as far as it is written in Python; `asWritten`: it reads AWS_ENDPOINT_URL, as those since 2023 do. */
export interface StockCli {
  readonly modules: string;
  readonly version: string;
  readonly asWritten: boolean;
}

/** Undefined where there is none, or no Python to run it. */
export async function stockCli(): Promise<StockCli | undefined> {
  if (!existsSync(PYTHON)) return undefined;
  const found: StockCli[] = [];
  for (const python of ['python3', PYTHON]) {
    const said = await run(python, ['-c', 'import awscli, os; print(awscli.__version__); print(os.path.dirname(os.path.dirname(awscli.__file__)))'], { cwd: '/' }).then(({ stdout }) => stdout.trim().split('\n'), () => undefined);
    const [version = '', modules = ''] = said ?? [];
    if (version !== '') found.push({ version, modules, asWritten: readsEndpoint(version) });
  }
  return found.find(({ asWritten }) => asWritten) ?? found[0];
}

/** AWS CLI's changelogs: 1.29.0 and 2.13.0. */
function readsEndpoint(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 2 || (major === 2 ? minor >= 13 : minor >= 29);
}

/** The program `aws` in `bin` below a folder, with all that it needs but Python. */
export async function addStockCli({ modules }: StockCli, folder: string): Promise<void> {
  const library = join(folder, 'python');
  for (const path of [library, join(folder, 'bin')]) await mkdir(path, { recursive: true });
  await chmod(folder, 0o755);
  for (const name of MODULES) {
    const path = join(modules, name);
    if (existsSync(path)) await cp(path, join(library, name), { recursive: true, dereference: true, filter: (from) => !['__pycache__', 'examples'].includes(basename(from)) });
  }
  // Builds cannot keep what Python makes of it: it would do so for each command.
  await run(PYTHON, ['-m', 'compileall', '-q', library]);
  await writeFile(join(folder, 'bin', 'aws'), `#!/bin/sh\nprogram=$(readlink -f "$0")\nPYTHONPATH="\${program%/bin/aws}/python" exec ${PYTHON} -m awscli "$@"\n`);
  await chmod(join(folder, 'bin', 'aws'), 0o755);
}

/** What of it this machine lacks. */
export async function toolsProblem(): Promise<string | undefined> {
  const missing = ['/usr/bin/git', '/usr/bin/curl', PYTHON, '/bin/bash', '/usr/sbin/useradd', '/bin/su'].filter((path) => !existsSync(path));
  if (missing.length > 0) return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there`;
  return (await stockCli()) === undefined ? 'the aws CLI is not there' : undefined;
}

/** Made from this machine's own programs and the aws CLI in a folder, once per engine. */
export async function makeToolsImage(engines: readonly TestEngine[], cli: string): Promise<void> {
  const without: TestEngine[] = [];
  for (const engine of engines) if (!(await new Engine(engine.socket).hasImage(TOOLS_IMAGE))) without.push(engine);
  if (without.length === 0) return;
  const folder = await mkdtemp(join(tmpdir(), 'slipway-tools-'));
  try {
    await fillTools(folder, cli);
    for (const engine of without) await importImage(engine, folder, TOOLS_IMAGE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fillTools(folder: string, cli: string): Promise<void> {
  await fillBusybox(folder);
  for (const name of ['su', 'bash']) await rm(join(folder, 'bin', name), { force: true });
  const stdlib = (await run(PYTHON, ['-c', 'import sysconfig; print(sysconfig.get_path("stdlib"))'])).stdout.trim();
  const pam = await pamModules();
  const trees = ['/usr/bin/git', '/usr/lib/git-core', '/usr/share/git-core', '/etc/pam.d', '/etc/login.defs', '/etc/nsswitch.conf', ...pam].filter((path) => existsSync(path));
  await run('/bin/sh', ['-c', 'folder=$1; shift; tar -C / -c --exclude=*-packages --exclude="$1/test" -- "$@" | tar -C "$folder" -x', 'sh', folder, ...[stdlib, ...trees].map((path) => path.slice(1))]);
  const dynload = join(stdlib, 'lib-dynload');
  await addPrograms(folder, ['/bin/bash', '/bin/su', '/usr/sbin/useradd', '/usr/bin/curl', PYTHON, process.execPath], [
    '/usr/bin/git', '/usr/lib/git-core/git-remote-https', ...(await readdir(dynload)).map((name) => join(dynload, name)), ...pam,
  ]);
  const programs = join(folder, 'usr', 'local', 'bin');
  await mkdir(programs, { recursive: true });
  if (process.execPath !== '/usr/local/bin/node') await symlink(process.execPath, join(programs, 'node'));
  await cp(cli, join(folder, 'opt', 'aws'), { recursive: true });
  await symlink('/opt/aws/bin/aws', join(programs, 'aws'));
  await mkdir(join(folder, 'etc', 'ssl', 'certs'), { recursive: true });
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  await writeFile(join(folder, bundle), `${TOOLS_AUTHORITIES}\n${existsSync(bundle) ? await readFile(bundle, 'utf8') : ''}`);
  await writeFile(join(folder, 'etc', 'shadow'), 'root:*:19000:0:99999:7:::\nbuilder:*:19000:0:99999:7:::\n', { mode: 0o600 });
}

async function pamModules(): Promise<string[]> {
  const folders = ['/lib/x86_64-linux-gnu/security', '/lib/aarch64-linux-gnu/security', '/lib64/security', '/usr/lib64/security'];
  const folder = folders.find((path) => existsSync(path));
  return folder === undefined ? [] : (await readdir(folder)).filter((name) => name.endsWith('.so')).map((name) => join(folder, name));
}
