/**
 * Writes `packages/contracts/gen/` from the installed AWS SDK clients: per service a contract (`<room>.json`, read at run
 * time) and its types (`<room>.ts`), and `index.ts`. Does nothing when neither the clients nor the generator changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildContract } from './contract.mjs';
import { readSdk, sdkVersion } from './sdk.mjs';
import { services } from './services.mjs';
import { indexModule, typesModule } from './types.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const target = new URL('../gen/', import.meta.url);
const stampFile = new URL('.stamp', target);

function stamp() {
  const hash = createHash('sha256');
  for (const file of readdirSync(here).filter((name) => name.endsWith('.mjs')).toSorted()) hash.update(file).update(readFileSync(here + file));
  for (const { room } of services) hash.update(`${room}@${sdkVersion(room)}\n`);
  return hash.digest('hex');
}

const current = stamp();
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === current) {
  console.log('Contracts are up to date.');
} else {
  const started = performance.now();
  // The stamp goes first and comes last, so that an interrupted run is never taken for a finished one.
  mkdirSync(target, { recursive: true });
  rmSync(stampFile, { force: true });
  const contracts = services.map((service) => buildContract(service, readSdk(service.room)));
  for (const contract of contracts) {
    writeFileSync(new URL(`${contract.service}.json`, target), JSON.stringify(contract));
    writeFileSync(new URL(`${contract.service}.ts`, target), typesModule(contract));
  }
  writeFileSync(new URL('index.ts', target), indexModule(contracts));
  writeFileSync(stampFile, current);
  console.log(`Generated ${contracts.length} contracts in ${Math.round(performance.now() - started)} ms.`);
}
