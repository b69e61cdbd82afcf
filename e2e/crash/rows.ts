import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

/** What may differ without a difference: when something was tried, and what a repeated step has left for the sweepers. */
const UNCOMPARED = new Set(['jobs', 'blobs', 'migrations', 'eventbridge_seen']);
const UNCOMPARED_COLUMNS = new Set(['spool_offset', 'artifacts_from', 'credentials_token', 'input_digest', 'secret', 'etag', 'md5', 'checksum', 'checksums', 'data']);

/** Everything a server has in its database, by table, without what differs from run to run: ids, times, random names. */
export function rowsOf(data: string): Record<string, string[]> {
  const db = new DatabaseSync(join(data, 'db', 'slipway.db'));
  try {
    const tables = (db.prepare("select name from sqlite_master where type = 'table' order by name").all() as { name: string }[]).filter(({ name }) => !UNCOMPARED.has(name));
    return Object.fromEntries(tables.map(({ name }) => [name, (db.prepare(`select * from "${name}"`).all() as Record<string, unknown>[]).map(normalRow).toSorted()]));
  } finally {
    db.close();
  }
}

const normalRow = (row: Record<string, unknown>): string => normal(JSON.stringify(Object.entries(row).filter(([column]) => !UNCOMPARED_COLUMNS.has(column)).map(([column, value]) => [column, value instanceof Uint8Array ? `${value.byteLength} bytes` : value])));

/** Text without what differs from run to run. */
export function normal(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replaceAll(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(\.\d+)?/g, 'TIME')
    .replaceAll(/\b1[789]\d{11}\b/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HERE')
    .replaceAll(/\/\S*?\/slipway-[^/\s]+\//g, 'FOLDER/')
    .replaceAll(/\bsrc\d+\b/g, 'srcN')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'HEX')
    .replaceAll(/(app\/[A-Za-z]+)\/[A-Za-z0-9]{7}\b/g, '$1/KEY')
    .replaceAll(/(\\*"name\\*":\\*")[A-Za-z0-9]{7}(\\*",\\*"packaging)/g, '$1KEY$2')
    .replaceAll(/(\\*"position\\*":)\d+/g, '$1N')
    // A block of metrics is called by its stream, its tier and its hour.
    .replaceAll(/(\["id","[\w-]{17})\d{10}"/g, '$1HOUR"')
    // An artifact that is uploaded again replaces itself.
    .replaceAll(/(\["(?:current|next|seq)",)\d+/g, '$1N')
    .replaceAll(/(\\*"durationInSeconds\\*":)\d+/g, '$1N');
}
