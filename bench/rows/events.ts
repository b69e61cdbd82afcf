import { indexRules } from '../../packages/server/src/services/eventbridge/rules/rule-index.ts';
import type { Group } from '../group.ts';
import { median, percentile, row, type RowTerms } from '../measure.ts';

const RULES = 1_000;
const EVENTS = 5_000;
const WARM_UP = 500;

const terms = (id: string): RowTerms => ({ id, unit: 'ms', better: 'lower', aim: 1, aimOf: 'value' });

const states = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED'];

/** Rules as pipelines and alarms have them: a source, a detail type, states and names of their own. */
const ownNames = (n: number): object => ({ source: ['aws.codebuild'], 'detail-type': ['CodeBuild Build State Change'], detail: { 'build-status': [states[n % states.length]], 'project-name': [`project-${n}`] } });

/** Rules of which none asks for anything exact: each is tried in full. */
const operators = [
  (n: number): object => ({ detail: { 'project-name': [{ prefix: `project-${n}` }] } }),
  (n: number): object => ({ detail: { 'project-name': [{ wildcard: `*ject-*${n}` }] } }),
  (n: number): object => ({ detail: { size: [{ numeric: ['>', n, '<', n + 10] }] } }),
  (n: number): object => ({ detail: { 'build-status': [{ 'anything-but': [states[n % states.length]] }], address: [{ cidr: `10.0.${n % 256}.0/24` }] } }),
  (n: number): object => ({ $or: [{ detail: { 'project-name': [{ suffix: `-${n}` }] } }, { detail: { missing: [{ exists: true }] } }] }),
];

const event = (n: number) => ({
  version: '0', id: `e-${n}`, 'detail-type': 'CodeBuild Build State Change', source: 'aws.codebuild', account: '123456789012', time: '2030-01-01T00:00:00Z', region: 'us-east-1',
  resources: ['arn:aws:codebuild:us-east-1:123456789012:build/x'],
  detail: { 'build-status': states[n % states.length], 'project-name': `project-${n % RULES}`, size: n % RULES, address: `10.0.${n % 256}.7`, phases: [{ name: 'BUILD' }, { name: 'POST_BUILD' }] },
});

/** (m) One event against the patterns of 1,000 rules, in this process. */
export const events: Group = {
  letter: 'm',
  title: 'matching one event against 1,000 rules',
  async run() {
    return [
      measure('events.match.exact', (n) => ownNames(n), 'median; each rule asks for a source, a type, a state and a name'),
      measure('events.match.operators', (n) => operators[n % operators.length]!(n), 'median; prefix, wildcard, numeric, anything-but with cidr, $or with suffix'),
    ];
  },
};

function measure(id: string, patternOf: (n: number) => object, note: string) {
  const index = indexRules(Array.from({ length: RULES }, (_, n) => JSON.stringify(patternOf(n))), (text) => text);
  const times: number[] = [];
  for (let n = 0; n < WARM_UP + EVENTS; n++) {
    const one = event(n);
    const began = performance.now();
    index.matching(one);
    if (n >= WARM_UP) times.push(performance.now() - began);
  }
  return row(terms(id), { value: median(times), n: EVENTS, note: `${note}; p95 ${percentile(times, 95).toFixed(2)} ms` });
}
