import { build, createProject } from '../building.ts';
import type { Bench, Group } from '../group.ts';
import { median, notMeasured, percentile, row, timed, type Row, type RowTerms } from '../measure.ts';
import { containers, plain, sandbox, sandboxOnHostNetwork, type Place } from '../places.ts';
import { withSlipway } from '../server.ts';

const overhead = (name: string, aim: number): RowTerms => ({ id: `build.overhead.${name}`, unit: 's', better: 'lower', aim, aimOf: 'value' });

/**
 * (c) StartBuild → terminal for an empty buildspec in each place, less what the place alone takes. AWS's own blog shows
 * a build with some 42 s around its commands.
 */
export const builds: Group = {
  letter: 'c',
  title: 'an empty build',
  async run(bench) {
    const rows: Row[] = [];
    for (const place of [sandbox, sandboxOnHostNetwork, plain]) rows.push(...await measure(bench, place, 30, overhead(place.name, 0.25)));
    for (const place of await containers()) rows.push(...await measure(bench, place, 10, overhead(place.name, 1)));
    return rows;
  },
};

async function measure(bench: Bench, place: Place, count: number, terms: RowTerms): Promise<Row[]> {
  const absent = await place.absent();
  if (absent !== undefined) return [notMeasured(terms, absent)];
  return withSlipway(bench, place.settings, [terms], async (aws) => {
    await createProject(aws, { name: 'empty', image: place.image });
    await build(aws, 'empty');
    const took: number[] = [];
    const bare: number[] = [];
    for (let i = 0; i < count; i++) {
      took.push(await timed(() => build(aws, 'empty')));
      bare.push(await timed(() => place.bare()));
    }
    const baseline = percentile(bare, 95);
    return [row(terms, { value: percentile(took, 95) - baseline, baseline, n: count, note: `p95 of builds − p95 of the baseline: ${place.baseline}; medians ${median(took).toFixed(3)} s and ${median(bare).toFixed(3)} s` })];
  });
}
