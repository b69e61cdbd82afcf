import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import type { AnyTables } from '../database.ts';

/** Stands in a query for a value that comes with each run. */
class Given {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A query that is built and compiled once and run with other values each time, which costs a third: for what nearly every
 * request asks. The values are used as they are, so a query whose text depends on them cannot be prepared.
 *
 * ```ts
 * const byName = prepared((db: Kysely<Tables>, given: Place & { name: string }) =>
 *   db.selectFrom('things').selectAll().where('account', '=', given.account).where('name', '=', given.name));
 * const [row] = await byName(db.read, { account, region, name });
 * ```
 */
export function prepared<Tables, Values extends object, Row>(build: (db: Kysely<Tables>, given: Values) => Compilable<Row>): (db: Kysely<AnyTables>, values: Values) => Promise<Row[]> {
  const given = new Proxy({}, { get: (_target, name: string) => new Given(name) }) as Values;
  /** By what makes a database's SQL its own. */
  const compiled = new WeakMap<object, CompiledQuery<Row>>();
  return async (db, values) => {
    const { adapter } = db.getExecutor();
    let query = compiled.get(adapter);
    if (query === undefined) compiled.set(adapter, (query = build(db as unknown as Kysely<Tables>, given).compile()));
    const parameters = query.parameters.map((parameter) => (parameter instanceof Given ? values[parameter.name as keyof Values] : parameter));
    return (await db.executeQuery<Row>({ ...query, parameters })).rows;
  };
}
