import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { ConfigError } from './config.ts';

/** The data folder's parts, each written by one room. */
export interface DataFolder {
  readonly db: string;
  readonly blobs: string;
  readonly git: string;
  readonly logs: string;
  readonly builds: string;
  readonly keys: string;
  readonly run: string;
}

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
const MASTER_KEY_BYTES = 32;

export function openDataFolder(root: string): DataFolder {
  const part = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true, mode: OWNER_ONLY_FOLDER });
    return path;
  };
  mkdirSync(root, { recursive: true, mode: OWNER_ONLY_FOLDER });
  chmodSync(root, OWNER_ONLY_FOLDER);
  return { db: part('db'), blobs: part('blobs'), git: part('git'), logs: part('logs'), builds: part('builds'), keys: part('keys'), run: part('run') };
}

/**
 * Holds the folder for this process until it ends, however it ends: the operating system drops SQLite's lock with it.
 * @throws ConfigError when another server has the folder.
 */
export function lockDataFolder(folder: DataFolder): () => void {
  const lock = new DatabaseSync(join(folder.run, 'server.lock'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new ConfigError(`another Slipway server is using the data folder ${join(folder.run, '..')}. Stop it, or choose another folder with --data`, { cause });
  }
  return () => lock.close();
}

/**
 * The key that seals secrets and blobs. Made at first start, unless a file is given.
 * @throws ConfigError when the given file does not hold 32 bytes in base64.
 */
export function masterKey(folder: DataFolder, givenFile: string | undefined): Buffer {
  const file = givenFile ?? join(folder.keys, 'master.key');
  if (!givenFile && !existsSync(file)) writeFileSync(file, `${randomBytes(MASTER_KEY_BYTES).toString('base64')}\n`, { mode: OWNER_ONLY_FILE, flag: 'wx', flush: true });
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== MASTER_KEY_BYTES) throw new ConfigError(`${file} must hold ${MASTER_KEY_BYTES} bytes in base64; it holds ${key.length}`);
  return key;
}

export interface RootProfile {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Writes the root key in the format of AWS's shared credentials file, readable by the owner alone. */
export function writeRootProfile(folder: DataFolder, key: RootProfile): string {
  const file = rootProfileFile(folder.keys);
  writeFileSync(file, `[slipway]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`, { mode: OWNER_ONLY_FILE, flush: true });
  return file;
}

export function readRootProfile(keysFolder: string): RootProfile | undefined {
  const file = rootProfileFile(keysFolder);
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const value = (name: string): string | undefined => new RegExp(`^${name} = (\\S+)$`, 'm').exec(text)?.[1];
  const accessKeyId = value('aws_access_key_id');
  const secretAccessKey = value('aws_secret_access_key');
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
}

const rootProfileFile = (keysFolder: string): string => join(keysFolder, 'credentials');
