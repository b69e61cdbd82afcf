/** Facts that belong to a log line. Never secrets, tokens, or contents of users' files. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the program tells its operator what happens. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogTarget {
  write(line: string): unknown;
}

/**
 * One JSON object per line: `time` (ISO 8601), `level`, `message`, then the fields. Errors show name, message, stack and causes.
 *
 * Writing to a file or a terminal stops the whole process for as long as it takes, so the lines of one turn of the event
 * loop go out together. Errors go out at once: the process may be about to end.
 */
export function jsonLog(target: LogTarget = process.stderr): Log {
  let held = '';
  const flush = (): void => {
    const lines = held;
    held = '';
    if (lines !== '') target.write(lines);
  };
  const line = (level: string, fields: LogFields, message: string): void => {
    if (held === '') flushSoon(flush);
    held += `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, showErrors)}\n`;
  };
  return {
    info: (message, fields = {}) => line('info', fields, message),
    warn: (message, fields = {}) => line('warn', fields, message),
    error(message, fields = {}) {
      line('error', fields, message);
      flush();
    },
  };
}

/** Of the logs that hold lines at this moment. */
const holding = new Set<() => void>();
process.once('exit', () => {
  for (const flush of holding) flush();
});

function flushSoon(flush: () => void): void {
  holding.add(flush);
  setImmediate(() => {
    holding.delete(flush);
    flush();
  });
}

/** For tests whose subject is not the log. */
export const silent: Log = { info() {}, warn() {}, error() {} };

function showErrors(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return { name, message, stack, ...(cause === undefined ? {} : { cause }) };
  }
  return typeof value === 'bigint' ? value.toString() : value;
}
