import { build, createProject, succeeded } from '../building.ts';
import type { Bench, Group } from '../group.ts';
import { notMeasured, row, timed, type Row, type RowTerms } from '../measure.ts';
import { containers, plain, sandbox, type Place } from '../places.ts';
import { withSlipway } from '../server.ts';

const AT_ONCE = 2;

const rate = (name: string, aim: number): RowTerms => ({ id: `build.rate.${name}`, unit: 'builds/min', better: 'higher', aim, aimOf: 'value' });

/** (k) Many empty builds queued at once, beside the bare starts of the same places, two at a time. */
export const buildRate: Group = {
  letter: 'k',
  title: 'empty builds per minute',
  async run(bench) {
    const rows: Row[] = [];
    for (const place of [sandbox, plain]) rows.push(...await measure(bench, place, 100, rate(place.name, 400)));
    for (const place of await containers()) rows.push(...await measure(bench, place, 20, rate(place.name, 60)));
    return rows;
  },
};

async function measure(bench: Bench, place: Place, count: number, terms: RowTerms): Promise<Row[]> {
  const absent = await place.absent();
  if (absent !== undefined) return [notMeasured(terms, absent)];
  bench.say(`${count} builds, ${place.name}`);
  return withSlipway(bench, place.settings, [terms], async (aws) => {
    await createProject(aws, { name: 'empty', image: place.image });
    await build(aws, 'empty');
    const seconds = await timed(async () => {
      const ids: string[] = [];
      for (let i = 0; i < count; i++) ids.push((await aws.codebuild.startBuild({ projectName: 'empty' })).build!.id!);
      // The oldest first: what is awaited is most often the only one that is asked for.
      for (const id of ids) await succeeded(aws, id);
    });
    let left = count;
    const bare = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await place.bare();
    })));
    return [row(terms, { value: (60 * count) / seconds, baseline: (60 * count) / bare, n: count, note: `StartBuild of the first → end of the last, all queued at once; baseline: ${place.baseline}, ${AT_ONCE} at a time` })];
  });
}
