import { parseArgs } from 'node:util';
import { mkdir } from 'node:fs/promises';
import { startAgent } from './agent.ts';
import { loadConfig } from './config.ts';

/** `node agent.js --config FILE`: runs until SIGTERM or SIGINT, then lets the running script finish for a while. */
const GRACE_MS = 20_000;

const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new Error('Usage: agent --config FILE');
  const config = await loadConfig(values.config);
  await mkdir(config.rootDir, { recursive: true });
  const agent = startAgent(config, { log });
  log(`The deploy agent of ${config.hostIdentifier} asks ${config.endpoint}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void agent.stop(GRACE_MS));
  await agent.ended;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
