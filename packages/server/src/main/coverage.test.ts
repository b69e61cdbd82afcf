import { expect, it } from 'vitest';
import { loadContract, type Apis } from '@slipway/contracts';
import { coverage } from './coverage.ts';

it('coverage: every operation of each contract is implemented or listed as not yet, never both', async () => {
  const services = await coverage();
  expect(services.map(({ service }) => service)).toContain('codebuild');
  for (const { service, implemented, notYet } of services) {
    const all = Object.keys(loadContract(service as keyof Apis).operations).toSorted();
    expect([...implemented, ...notYet].toSorted(), service).toEqual(all);
  }
});
