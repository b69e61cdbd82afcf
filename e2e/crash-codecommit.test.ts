import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crashEveryPoint, slipwayProgram } from '@slipway/testkit';
import { drive, environmentOf, git, lookAt, makeModel, makeWorld, MERGES, PUTS, PUSHES, removeWorld, type Model, type Move, type World } from './crash/codecommit.ts';

const everyPoint = process.env['CRASH_ALL'] === '1';
const minutes = 60_000;

/** The movements in the order in which one leads to the next. @throws when they are no single way from `start` to `end` */
function way(moves: readonly Move[], start: string, end: string): string[] {
  const left = [...moves];
  const commits: string[] = [];
  for (let at = start; left.length > 0;) {
    const next = left.findIndex(({ from }) => from === at);
    if (next < 0) throw new Error(`no event leads on from ${at}; left are ${JSON.stringify(left)}`);
    at = left.splice(next, 1)[0]!.to;
    commits.push(at);
  }
  expect(commits.at(-1) ?? start).toBe(end);
  return commits;
}

describe('Pushes, commits of the API, merges of pull requests and tidying at once', () => {
  let model: Model;

  beforeAll(async () => {
    model = await makeModel();
  }, 2 * minutes);

  afterAll(() => rm(model.folder, { recursive: true, force: true }));

  async function expectAllOnce(world: World): Promise<void> {
    const { acknowledged } = world;
    const { refs, moves, told, pullRequests, repository } = await lookAt(world);
    const tip = (branch: string): string => refs[`refs/heads/${branch}`] ?? '';
    const wayOf = (branch: string, start = ''): string[] => way(moves.filter(({ ref }) => ref === `refs/heads/${branch}`), start, tip(branch));

    // Whatever was answered, before the crash or after, has happened, once, and has one event.
    expect(wayOf('pushed')).toEqual(model.commits);
    expect(wayOf('feature', model.base)).toEqual(model.commits);
    expect(wayOf('api', model.base)).toEqual(Array.from({ length: PUTS }, (_, n) => acknowledged.get(`put ${n}`)));
    expect(wayOf('main', model.base)).toEqual(Array.from({ length: MERGES }, (_, n) => acknowledged.get(`merge ${n}`)));
    for (let n = 0; n < MERGES; n += 1) expect(wayOf(`change-${n}`)).toEqual([model.base, acknowledged.get(`change ${n}`)]);
    expect(wayOf('passing')).toEqual(Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? model.base : '')));
    expect(await git(repository, 'rev-list', '--count', `${model.base}..${tip('api')}`)).toBe(String(PUTS));
    expect(await git(repository, 'rev-list', '--count', '--first-parent', `${model.base}..${tip('main')}`)).toBe(String(MERGES));

    // Triggers are told at least once.
    expect(moves.map(({ ref, to }) => `${ref} ${to || 'deleted'}`).filter((move) => !told.includes(move))).toEqual([]);

    const feature = pullRequests.find(({ id }) => id === model.pullRequest)!;
    expect(feature).toMatchObject({ status: 'OPEN', source: tip('feature') });
    expect(way(feature.updates, model.base, tip('feature'))).toEqual(model.commits);
    expect(feature.events).toEqual(Array.from({ length: PUSHES }, () => 'pullRequestSourceBranchUpdated'));
    const merged = pullRequests.filter(({ id }) => id !== model.pullRequest);
    expect(merged.map(({ title }) => title).toSorted()).toEqual(Array.from({ length: MERGES }, (_, n) => `change-${n}`));
    for (const { title, ...found } of merged) {
      const n = title.slice('change-'.length);
      expect(found).toMatchObject({ status: 'CLOSED', source: tip(title), mergeCommit: acknowledged.get(`merge ${n}`), id: acknowledged.get(`pull request ${n}`) });
      expect(found.history).toEqual(['PULL_REQUEST_CREATED', 'PULL_REQUEST_MERGE_STATE_CHANGED', 'PULL_REQUEST_STATUS_CHANGED']);
      expect(found.events).toEqual(['pullRequestCreated', 'pullRequestMergeStatusUpdated']);
    }
  }

  for (const { group, seed, dies } of [{ group: false, seed: 41, dies: 'the server alone dies' }, { group: true, seed: 42, dies: 'its gits die with the server' }]) {
    test(`all that was acknowledged is there, once and with one event, when ${dies} before and after ${everyPoint ? 'every point' : '2 points drawn by a seed'}`, async () => {
      const { crashed, missed } = await crashEveryPoint<World>({
        prepare: () => makeWorld(model),
        command: (world) => ({ args: [slipwayProgram, 'start'], env: environmentOf(world) }),
        drive,
        check: expectAllOnce,
        remove: removeWorld,
        group,
        ...everyPoint ? {} : { sample: { seed, count: 2 } },
        parallel: 2,
      });
      expect(crashed).toBeGreaterThan(missed);
    }, 60 * minutes);
  }
});
