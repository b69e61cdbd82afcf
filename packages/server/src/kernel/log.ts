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

/** One JSON object per line: `time` (ISO 8601), `level`, `message`, then the fields. Errors show name, message, stack and causes. */
export function jsonLog(target: LogTarget = process.stderr): Log {
  const line = (level: string) => (message: string, fields: LogFields = {}): void => {
    target.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, showErrors)}\n`);
  };
  return { info: line('info'), warn: line('warn'), error: line('error') };
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
