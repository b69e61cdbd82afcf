// Loaded with `node --import` in front of a program under test, which knows nothing of it. It counts the points at which
// the program makes something durable or starts something, and kills it with SIGKILL at the one it was told.
//
//   CRASH_AT=7          the point to die at; without it nothing dies
//   CRASH_WHEN=before   or `after` (default): on which side of the point
//   CRASH_KINDS=commit,rename,fsync,spawn   the kinds that count; default all
//   CRASH_GROUP=1       kill the whole process group, children included
//   CRASH_REPORT=FILE   when the program exits, write {"total": n, "points": ["commit", "rename /x", …]}
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';

const { CRASH_AT, CRASH_WHEN = 'after', CRASH_KINDS = 'commit,rename,fsync,spawn', CRASH_GROUP, CRASH_REPORT } = process.env;
const at = Number(CRASH_AT ?? 0);
const kinds = new Set(CRASH_KINDS.split(','));
const points = [];

/** Counts a point and dies on its near side; the answer dies on its far side. */
function point(kind, what = '') {
  if (!kinds.has(kind)) return () => {};
  points.push(what ? `${kind} ${what}` : kind);
  if (points.length !== at) return () => {};
  if (CRASH_WHEN === 'before') die();
  return die;
}

function die() {
  process.kill(CRASH_GROUP === '1' ? 0 : process.pid, 'SIGKILL');
  // The signal is on its way; nothing else may happen until it is here.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function wrap(object, name, make) {
  const original = object[name];
  if (typeof original !== 'function') return;
  const wrapped = make(original);
  const own = Object.getOwnPropertyDescriptors(original);
  if (own[promisify.custom]) own[promisify.custom].value = make(original[promisify.custom]);
  Object.defineProperties(wrapped, own);
  object[name] = wrapped;
}

const synchronous = (kind) => (original) => function (...args) {
  const after = point(kind, describe(args[0]));
  const result = original.apply(this, args);
  after();
  return result;
};

const withCallback = (kind) => (original) => function (...args) {
  const after = point(kind, describe(args[0]));
  const callback = args.pop();
  return original.call(this, ...args, (...results) => {
    after();
    callback?.(...results);
  });
};

const withPromise = (kind) => (original) => async function (...args) {
  const after = point(kind, describe(args[0]));
  const result = await original.apply(this, args);
  after();
  return result;
};

const describe = (subject) => (typeof subject === 'string' ? subject : '');

async function patchFiles() {
  for (const [kind, names] of [['rename', ['rename']], ['fsync', ['fsync', 'fdatasync']]]) {
    for (const name of names) {
      wrap(fs, `${name}Sync`, synchronous(kind));
      wrap(fs, name, withCallback(kind));
    }
  }
  wrap(fs.promises, 'rename', withPromise('rename'));
  const handle = await fs.promises.open('/dev/null');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  wrap(prototype, 'sync', withPromise('fsync'));
  wrap(prototype, 'datasync', withPromise('fsync'));
}

function patchProcesses() {
  for (const name of ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork']) {
    wrap(childProcess, name, synchronous('spawn'));
  }
}

/** The driver's methods cannot be replaced on its class, so a class of ours comes between, when the addon is loaded. */
function patchSqlite() {
  const load = process.dlopen;
  process.dlopen = function (module, ...args) {
    load.call(process, module, ...args);
    const Native = module.exports?.DatabaseSync;
    if (typeof Native !== 'function') return;
    class DatabaseSync extends Native {
      exec(sql) {
        if (!/^\s*commit\b/i.test(sql)) return super.exec(sql);
        const after = point('commit');
        super.exec(sql);
        after();
      }
    }
    module.exports = Object.defineProperties({}, {
      ...Object.getOwnPropertyDescriptors(module.exports),
      DatabaseSync: { value: DatabaseSync, enumerable: true },
    });
  };
}

/** Where the program has PostgreSQL's client; a program without it loads no such thing later either. */
function patchPostgres() {
  if (!process.argv[1]) return;
  let pg;
  try {
    pg = createRequire(pathToFileURL(process.argv[1]))('pg');
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return;
    throw error;
  }
  wrap(pg.Client.prototype, 'query', (original) => function (...args) {
    if (args[0] !== 'COMMIT') return original.apply(this, args);
    const after = point('commit');
    return original.apply(this, args).then((result) => {
      after();
      return result;
    });
  });
}

if (isMainThread) {
  // The report is written with what the program itself cannot have replaced, and is no point.
  const { writeFileSync } = fs;
  await patchFiles();
  patchProcesses();
  patchSqlite();
  patchPostgres();
  syncBuiltinESMExports();
  if (CRASH_REPORT) process.on('exit', () => writeFileSync(CRASH_REPORT, JSON.stringify({ total: points.length, points })));
}
