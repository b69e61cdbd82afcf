import type { Log } from '../kernel/log.ts';
import type { Config } from './config.ts';

const severity = { info: 0, warn: 1, error: 2 };

/** Drops lines below the configured severity. */
export function leastSeverity(log: Log, least: Config['logLevel']): Log {
  const from = (level: keyof typeof severity): Log['info'] => (severity[level] >= severity[least] ? log[level] : () => {});
  return { info: from('info'), warn: from('warn'), error: from('error') };
}
