import { fileURLToPath } from 'node:url';
import { startServer } from '@slipway/server';
import { configFromArgs } from './settings.ts';

/** `slipway start`: serves until SIGTERM or SIGINT. */
export async function start(args: string[]): Promise<void> {
  const config = configFromArgs('start', args);
  if (!config) return;
  const server = await startServer(config, { programs: { supervisor: program('supervisor'), agent: program('agent') } });

  if (server.newRootKey) {
    const { accessKeyId, secretAccessKey, file } = server.newRootKey;
    console.log(`Root access key, shown this once: ${accessKeyId} / ${secretAccessKey}\nIt is kept in ${file}, readable by you alone.`);
  }
  if (config.dev) console.log('WARNING: --dev: anyone on this machine is root of this installation with the key test/test.');
  for (const notice of server.notices) console.log(notice);
  console.log(`Slipway listening on ${server.endpoint}`);

  const end = (): void => {
    process.once('SIGINT', () => process.exit(1));
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

/** The other bundles stand beside this one. */
const program = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
