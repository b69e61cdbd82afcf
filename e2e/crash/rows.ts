import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

/** Everything a server has in its database, by table, without what differs from run to run: ids, times, random names. */
export function rowsOf(data: string): Record<string, string[]> {
  const db = new DatabaseSync(join(data, 'db', 'slipway.db'));
  try {
    const tables = db.prepare("select name from sqlite_master where type = 'table' order by name").all() as { name: string }[];
    return Object.fromEntries(tables.map(({ name }) => [name, (db.prepare(`select * from "${name}"`).all() as Record<string, unknown>[]).map((row) => normal(row)).toSorted()]));
  } finally {
    db.close();
  }
}

function normal(row: Record<string, unknown>): string {
  return JSON.stringify(row, (_, value: unknown) => (value instanceof Uint8Array ? `${value.byteLength} bytes` : value));
}
