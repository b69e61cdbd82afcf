import { buildspecOf, createProject, succeeded } from '../building.ts';
import type { Group } from '../group.ts';
import { percentile, row, type RowTerms } from '../measure.ts';
import { plain } from '../places.ts';
import { pause, withSlipway, type Clients } from '../server.ts';

const LINES = 500_000;
const LINE = 'a line of a build that says much, and a word like hunter';
const STAMPS = 300;
const POLL_MS = 5;

const rate: RowTerms = { id: 'log.stored-and-followed', unit: 'lines/s', better: 'higher', aim: 20_000, aimOf: 'value' };
const latency: RowTerms = { id: 'log.line-to-follower', unit: 'ms', better: 'lower', aim: 200, aimOf: 'value' };

/** (l) A build's log from the command to somebody who follows it by GetLogEvents: how many lines a second, and how soon each. */
export const logFollowing: Group = {
  letter: 'l',
  title: `following a build's log of ${LINES} lines`,
  async run(bench) {
    return withSlipway(bench, plain.settings, [rate, latency], async (aws) => {
      await createProject(aws, { name: 'loud', buildspec: buildspecOf({ build: [`yes '${LINE}' | head -n ${LINES}`] }) });
      // Nanoseconds where date has them; with a pause between, so that each line comes alone.
      await createProject(aws, { name: 'stamps', buildspec: buildspecOf({ build: [`for n in $(seq ${STAMPS}); do echo "stamp $(date +%s%N)"; sleep 0.03; done`] }) });

      let first: number | undefined;
      let last = 0;
      const followed = await whileFollowed(aws, 'loud', (messages) => {
        const count = messages.filter((message) => message.startsWith(LINE)).length;
        if (count === 0) return;
        first ??= performance.now();
        last = performance.now();
        return count;
      });
      if (followed !== LINES) throw new Error(`of ${LINES} lines ${followed} were followed`);

      const took: number[] = [];
      const seen = await whileFollowed(aws, 'stamps', (messages) => {
        const stamps = messages.flatMap((message) => /^stamp (\d+)/.exec(message)?.[1] ?? []);
        for (const stamp of stamps) took.push(Date.now() - Number(stamp) / 1e6);
        return stamps.length;
      });
      if (seen !== STAMPS) throw new Error(`of ${STAMPS} lines ${seen} were followed`);
      return [
        row(rate, { value: LINES / ((last - first!) / 1000), n: LINES, note: 'first line seen → last line seen, by GetLogEvents; stored, masked and on disk' }),
        row(latency, { value: percentile(took, 95), n: STAMPS, note: `p95, date in the build → answer of GetLogEvents, asked every ${POLL_MS} ms; median ${percentile(took, 50).toFixed(0)} ms` }),
      ];
    });
  },
};

/** Runs a build and shows each page of its log as it comes; answers the sum of what was counted in them. */
async function whileFollowed(aws: Clients, project: string, count: (messages: string[]) => number | undefined): Promise<number> {
  let ended = false;
  const { build: started } = await aws.codebuild.startBuild({ projectName: project });
  const logGroupName = `/aws/codebuild/${project}`;
  const logStreamName = started!.id!.split(':')[1]!;
  const running = succeeded(aws, started!.id!).finally(() => (ended = true));
  let sum = 0;
  let nextToken: string | undefined;
  for (;;) {
    const over = ended;
    const page = await aws.logs.getLogEvents({ logGroupName, logStreamName, startFromHead: true, nextToken }).catch((error: Error) => {
      if (error.name !== 'ResourceNotFoundException') throw error;
      return undefined;
    });
    sum += count((page?.events ?? []).map(({ message }) => message!)) ?? 0;
    nextToken = page?.nextForwardToken;
    if (page?.events?.length) continue;
    if (over) break;
    await pause(POLL_MS);
  }
  await running;
  return sum;
}
