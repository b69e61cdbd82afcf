import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Entry } from './document.ts';

/** One version of a runtime that a build environment has. */
export interface InstalledRuntime {
  readonly version: string;
  /** Its main program, absolute: `/usr/local/n/versions/node/22.1.0/bin/node`. */
  readonly program: string;
}

/** AWS's name of a runtime → its installed versions; the first is the one that the PATH finds. */
export type Runtimes = Readonly<Record<string, readonly InstalledRuntime[]>>;

/** Variables are known only when the build begins; everything else can be checked at once. */
export function readRuntimes(entry: Entry | undefined, runtimes: Runtimes | undefined): Record<string, string> {
  const wanted: Record<string, string> = {};
  for (const { name, at, value } of entry?.value.entries('runtime-versions').values() ?? []) {
    const version = value.empty ? 'latest' : value.text(`the version of ${name}`);
    wanted[name] = version;
    if (runtimes === undefined || version.includes('$')) continue;
    const chosen = chooseRuntime(runtimes, name, version);
    if (typeof chosen === 'string') throw (Object.hasOwn(runtimes, name) ? value : at).fail(chosen, listed(runtimes, name));
  }
  return wanted;
}

/** The version that matches what was asked for, the newest of several; or why there is none, as AWS words it. */
export function chooseRuntime(runtimes: Runtimes, name: string, wanted: string): InstalledRuntime | string {
  const installed = Object.hasOwn(runtimes, name) ? (runtimes[name] ?? []) : [];
  if (installed.length === 0) return `Unknown runtime named '${name}'. This build environment has the following runtimes: ${Object.keys(runtimes).join(', ') || 'none'}`;
  // `corretto17` and `openjdk17` ask for a major version of Java; whose it is makes no difference to a build.
  const version = wanted.trim().replace(/^(corretto|openjdk)/, '').replace(/(\.x)+$/, '');
  const matching = installed.filter((one) => version === 'latest' || version === 'x' || one.version === version || one.version.startsWith(`${version}.`));
  const best = matching.toSorted((a, b) => compareVersions(b.version, a.version))[0];
  return best ?? `Unknown runtime version named '${wanted}' of ${name}. This build environment has the following versions: ${installed.map((one) => one.version).join(', ')}`;
}

function listed(runtimes: Runtimes, name: string): string[] {
  const entries = Object.hasOwn(runtimes, name) ? [[name, runtimes[name] ?? []] as const] : Object.entries(runtimes);
  return entries.flatMap(([runtime, versions]) => versions.map(({ version }) => `${runtime}: ${version}`));
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Prints `runtime<TAB>version<TAB>program` per installation that it finds, those of the PATH first. In the shell's
 * language, because it runs inside the build environment, whatever that is; it needs nothing but a shell and sed.
 */
export const FIND_RUNTIMES = String.raw`
__slipway_try() {
  [ -x "$2" ] || return 0
  __slipway_v=$("$2" $3 2>&1 </dev/null | sed -n "$4" 2>/dev/null | head -n 1)
  [ -z "$__slipway_v" ] || printf '%s\t%s\t%s\n' "$1" "$__slipway_v" "$2"
}
__slipway_on_path() {
  __slipway_p=$(command -v "$2" 2>/dev/null) && __slipway_try "$1" "$__slipway_p" "$3" "$4"
}
__slipway_number='s/^[^0-9]*\([0-9][0-9.]*[0-9]\).*/\1/p'
__slipway_java='s/.*version "\(1\.\)\{0,1\}\([0-9][0-9.]*\).*/\2/p'
__slipway_on_path nodejs node --version "$__slipway_number"
__slipway_on_path python python3 --version "$__slipway_number"
__slipway_on_path java java -version "$__slipway_java"
__slipway_on_path ruby ruby --version "$__slipway_number"
__slipway_on_path golang go version 's/.*go\([0-9][0-9.]*[0-9]\).*/\1/p'
__slipway_on_path php php --version "$__slipway_number"
__slipway_on_path dotnet dotnet --version "$__slipway_number"
for __slipway_p in /usr/local/n/versions/node/*/bin/node "\${N_PREFIX:-/nonexistent}"/n/versions/node/*/bin/node "\${NVM_DIR:-$HOME/.nvm}"/versions/node/*/bin/node /opt/node*/bin/node; do __slipway_try nodejs "$__slipway_p" --version "$__slipway_number"; done
for __slipway_p in "\${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3 /usr/local/bin/python3.[0-9]* /usr/bin/python3.[0-9]* /opt/python*/bin/python3; do
  case $__slipway_p in *-config) continue ;; esac
  __slipway_try python "$__slipway_p" --version "$__slipway_number"
done
for __slipway_p in /usr/lib/jvm/*/bin/java /opt/java/*/bin/java /opt/jdk*/bin/java; do __slipway_try java "$__slipway_p" -version "$__slipway_java"; done
for __slipway_p in "\${RBENV_ROOT:-$HOME/.rbenv}"/versions/*/bin/ruby; do __slipway_try ruby "$__slipway_p" --version "$__slipway_number"; done
for __slipway_p in /usr/local/go/bin/go /usr/local/go[0-9]*/bin/go /usr/lib/go-*/bin/go "\${GOENV_ROOT:-$HOME/.goenv}"/versions/*/bin/go; do __slipway_try golang "$__slipway_p" version 's/.*go\([0-9][0-9.]*[0-9]\).*/\1/p'; done
for __slipway_p in "\${PHPENV_ROOT:-$HOME/.phpenv}"/versions/*/bin/php /usr/bin/php[0-9]*; do __slipway_try php "$__slipway_p" --version "$__slipway_number"; done
:`.replaceAll('\\${', '${');

/** What `FIND_RUNTIMES` printed. */
export function parseRuntimes(text: string): Runtimes {
  const found: Record<string, InstalledRuntime[]> = {};
  for (const line of text.split('\n')) {
    const [name, version, program] = line.split('\t');
    if (name === undefined || version === undefined || program === undefined || !program.startsWith('/')) continue;
    const versions = (found[name] ??= []);
    if (!versions.some((one) => one.version === version)) versions.push({ version, program });
  }
  return found;
}

/** What builds that run on this machine's own system find. */
export async function hostRuntimes(path = process.env['PATH'] ?? ''): Promise<Runtimes> {
  const { PYENV_ROOT, NVM_DIR, N_PREFIX, RBENV_ROOT, GOENV_ROOT, PHPENV_ROOT, HOME } = process.env;
  const env = Object.fromEntries(Object.entries({ PATH: path, PYENV_ROOT, NVM_DIR, N_PREFIX, RBENV_ROOT, GOENV_ROOT, PHPENV_ROOT, HOME }).filter(([, value]) => value !== undefined));
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', FIND_RUNTIMES], { env, timeout: 30_000 });
  return parseRuntimes(stdout);
}
