import type { StoredObject } from './objects.ts';

/** Objects are large for it above this: what is read again and again are commits, folders and small files. */
const LARGEST = 128 * 1_024;

/**
 * Objects read lately, by repository and id. What an id names never changes, so nothing here can be wrong; it holds no
 * more than `most` bytes and forgets what was not asked for the longest.
 */
export interface ObjectCache {
  get(path: string, id: string): StoredObject | undefined;
  put(path: string, object: StoredObject): void;
  /** Forgets a repository that is removed. */
  forget(path: string): void;
}

export function objectCache(most = 64 * 1_024 * 1_024): ObjectCache {
  const objects = new Map<string, StoredObject>();
  let held = 0;

  const drop = (key: string): void => {
    held -= objects.get(key)?.size ?? 0;
    objects.delete(key);
  };

  return {
    get(path, id) {
      const key = `${id} ${path}`;
      const found = objects.get(key);
      if (!found) return undefined;
      // The map's order is the order of use.
      objects.delete(key);
      objects.set(key, found);
      return found;
    },
    put(path, object) {
      if (object.size > LARGEST) return;
      const key = `${object.id} ${path}`;
      drop(key);
      objects.set(key, object);
      held += object.size;
      for (const oldest of objects.keys()) {
        if (held <= most) break;
        drop(oldest);
      }
    },
    forget(path) {
      for (const key of objects.keys()) if (key.endsWith(` ${path}`)) drop(key);
    },
  };
}
