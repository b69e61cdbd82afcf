import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { uuidOf } from '../builds/build.ts';
import { buildsOf, buildspec, phase } from './house.ts';
import { gone } from './leftovers.ts';

const count = (go: string) => `i=0; while [ ! -e ${go} ]; do i=$((i+1)); echo "line $i"; sleep 0.005; done; echo "count $i"`;

describe('A build while servers come and go', () => {
  let data: string;
  let s: Slipway;
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'slipway-recovery-'));
    s = await Slipway.start({ data, runner: 'plain' });
  });
  afterEach(async () => {
    await s.stop();
    await rm(data, { recursive: true, force: true });
  });

  const begun = (id: string) => s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');

  it('goes on while no server runs, and its log is complete and in order, no line doubled', async () => {
    const go = join(data, 'go');
    const before = buildsOf(s);
    await before.project('long', { source: { type: 'NO_SOURCE', buildspec: buildspec([count(go)]) } });
    const id = await before.start('long');
    await begun(id);
    for (let round = 0; round < 2; round += 1) {
      await s.stop();
      s = await Slipway.start({ data, runner: 'plain' });
    }
    await writeFile(go, '');
    const house = buildsOf(s);
    const build = await house.ended(id);
    expect(build.buildStatus).toBe('SUCCEEDED');
    const output = await house.output(build);
    const lines = output.slice(0, -1);
    expect(lines.length).toBeGreaterThan(10);
    expect(lines).toEqual(lines.map((_, n) => `line ${n + 1}`));
    expect(output.at(-1)).toBe(`count ${lines.length}`);
    expect((await house.log(build)).filter((line) => line.includes('Entering phase'))).toHaveLength(4);
  });

  it('ends while no server runs, and is finished by the next one', async () => {
    const go = join(data, 'go');
    const before = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'store' });
    await before.project('away', {
      source: { type: 'NO_SOURCE', buildspec: `${buildspec([count(go), 'echo made > made'])}artifacts:\n  files: [made]\n` }, artifacts: { type: 'S3', location: 'store', name: '/' },
    });
    const id = await before.start('away');
    await begun(id);
    const claim = JSON.parse(await readFile(join(data, 'builds', uuidOf(id), 'claim'), 'utf8')) as { pid: number };
    await s.stop();
    await writeFile(go, '');
    await gone(claim.pid);
    s = await Slipway.start({ data, runner: 'plain' });
    await s.settled();
    const house = buildsOf(s);
    const build = await house.build(id);
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect((await house.object('store', 'made')).toString()).toBe('made\n');
  });

  it('fails with that cause when its supervisor is killed, and is not run again', async () => {
    const house = buildsOf(s);
    await house.project('killed', { source: { type: 'NO_SOURCE', buildspec: buildspec(['echo begun', 'sleep 1000']) } });
    const id = await house.start('killed');
    await begun(id);
    const claim = JSON.parse(await readFile(join(data, 'builds', uuidOf(id), 'claim'), 'utf8')) as { pid: number };
    process.kill(claim.pid, 'SIGKILL');
    const build = await house.ended(id);
    expect(build.buildStatus).toBe('FAULT');
    expect(phase(build, 'BUILD')).toMatchObject({ phaseStatus: 'FAULT', contexts: [{ statusCode: 'INTERNAL_SERVICE_ERROR', message: expect.stringContaining('supervisor') }] });
    expect((await house.log(build)).at(-1)).toMatch(/INTERNAL_SERVICE_ERROR Message: The supervisor of the build \(process \d+\) ended without a result$/);
  });
});
