import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { uuidOf } from '../builds/build.ts';
import { buildspec, phase } from './house.ts';
import { claimOf, containersOf, leftOf } from './leftovers.ts';
import { logOf, makeRole, startProgram, until, type Program } from './program.ts';

const engines = await testEngines();
if (engines.length === 0) it.skip('builds in containers while servers come and go (no engine was found; TEST_ENGINES names sockets)');

beforeAll(async () => {
  for (const engine of engines) await makeTestImages(engine);
}, 120_000);

describe.each(engines)('A build in a container of $name', ({ socket }) => {
  let data: string;
  let server: Program;
  const start = async (): Promise<void> => {
    server = await startProgram(data, { SLIPWAY_RUNNER: 'container', SLIPWAY_CONTAINER_SOCKET: socket });
  };
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'slipway-recovery-'));
    await start();
  });
  afterEach(async () => {
    await server.kill('SIGTERM');
    await rm(data, { recursive: true, force: true });
  });

  async function begin(commands: readonly string[]): Promise<string> {
    const serviceRole = await makeRole(server.aws);
    await server.aws.codebuild.createProject({
      name: 'long', serviceRole, artifacts: { type: 'NO_ARTIFACTS' }, environment: { type: 'LINUX_CONTAINER', image: BASH_IMAGE, computeType: 'BUILD_GENERAL1_SMALL' },
      source: { type: 'NO_SOURCE', buildspec: buildspec(commands) },
    });
    return (await server.aws.codebuild.startBuild({ projectName: 'long' })).build!.id!;
  }

  const ended = (id: string) => until(async () => {
    const [build] = (await server.aws.codebuild.batchGetBuilds({ ids: [id] })).builds!;
    return build!.buildComplete && build;
  });
  const output = async (id: string): Promise<string[]> => (await logOf(server.aws, id)).filter((line) => !line.startsWith('[Container]'));
  const linesOf = (id: string): Promise<number> => output(id).then(({ length }) => length, () => 0);

  it('goes on when the server is killed, and its log is complete and in order, no line doubled', { timeout: 120_000 }, async () => {
    const id = await begin(['i=0; while [ ! -e /codebuild/go ]; do i=$((i+1)); echo "line $i"; sleep 0.005; done; echo "count $i"']);
    let known = 0;
    for (let round = 0; round < 2; round += 1) {
      // Each server has stored some of it.
      known = await until(async () => {
        const lines = await linesOf(id);
        return lines > known + 20 && lines;
      });
      await server.kill('SIGKILL');
      await start();
    }
    const { mark } = claimOf(data, id);
    expect(await containersOf(socket, mark)).toHaveLength(1);
    await writeFile(join(data, 'builds', uuidOf(id), 'codebuild', 'go'), '');
    expect((await ended(id)).buildStatus).toBe('SUCCEEDED');
    const said = await output(id);
    const lines = said.slice(0, -1);
    expect(lines.length).toBeGreaterThan(known);
    expect(lines).toEqual(lines.map((_, n) => `line ${n + 1}`));
    expect(said.at(-1)).toBe(`count ${lines.length}`);
    const own = (await logOf(server.aws, id)).filter((line) => line.includes('Entering phase')).map((line) => line.split(' ').at(-1));
    expect(own).toEqual(['INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD'].filter((name) => own.includes(name)));
    await until(async () => !existsSync(join(data, 'builds', uuidOf(id))));
    expect(await containersOf(socket, mark)).toEqual([]);
  });

  it('fails with that cause when its supervisor is killed, is not run again, and leaves no container', { timeout: 60_000 }, async () => {
    const id = await begin(['echo begun', 'sleep 1000.987123']);
    await until(async () => (await linesOf(id)) > 0);
    const { pid, mark } = claimOf(data, id);
    process.kill(pid, 'SIGKILL');
    const build = await ended(id);
    expect(build.buildStatus).toBe('FAULT');
    expect(phase(build, 'BUILD')).toMatchObject({ phaseStatus: 'FAULT', contexts: [{ statusCode: 'INTERNAL_SERVICE_ERROR', message: `The supervisor of the build (process ${pid}) ended without a result` }] });
    expect(await output(id)).toEqual(['begun']);
    await until(async () => !existsSync(join(data, 'builds', uuidOf(id))));
    expect(await leftOf({ data, id, mark, word: 'sleep 1000.987123', socket })).toEqual([]);
  });
});
