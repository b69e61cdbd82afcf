import { describe, expect, test } from 'vitest';
import { checkFunctions, evaluateMath, idsIn } from './evaluate.ts';
import { MathError, parseMath } from './parse.ts';
import type { TimeSeries } from './values.ts';

const _ = undefined;
const PERIOD = 60;
const metrics: Record<string, (number | undefined)[]> = {
  m1: [30, 20, 0, 0], m2: [20, _, 20, _], m3: [1, 2, 4, 8], gaps: [_, 2, _, 6], never: [_, _, _, _],
  cond: [1, 1, 0, 0, _], yes: [30, _, 0, 0, 30], no: [0, 0, 20, _, 20], errors4xx: [1, 1, 1, 1], errors5xx: [2, _, 2, 2],
};

function series(id: string): TimeSeries {
  const values = metrics[id];
  if (values === undefined) throw new MathError(`no ${id}`);
  return { label: id, period: PERIOD, points: new Map(values.flatMap((value, i): [number, number][] => (value === undefined ? [] : [[i * 60_000, value]]))) };
}

function run(text: string, ids = ['m1', 'm2', 'm3']) {
  const length = 5;
  const results = evaluateMath(parseMath(text), {
    grid: { start: 0, end: length * 60_000, period: PERIOD, room: { left: 1_000 } },
    result: (id) => [series(id)],
    metrics: (containing) => ids.filter((id) => id.includes(containing)).map(series),
  });
  return results.map(({ points }) => {
    const values = Array.from({ length }, (_each, i) => points.get(i * 60_000));
    while (values.length > 0 && values.at(-1) === undefined) values.pop();
    return values;
  });
}
const one = (text: string) => run(text)[0];

describe('metric math', () => {
  test.each<[string, (number | undefined)[]]>([
    // Arithmetic: what is missing is zero, a division by zero is dropped.
    ['m1 + m2', [50, 20, 20, 0]],
    ['m1 - m2 * 2', [-10, 20, -40, 0]],
    ['m1 / m2', [1.5, _, 0]],
    ['100 * m3', [100, 200, 400, 800]],
    ['-m3 + 1', [0, -1, -3, -7]],
    ['m3 ^ 2 ^ 0', [1, 2, 4, 8]],
    ['-m3 ^ 2', [-1, -4, -16, -64]],
    ['(m3 + 1) * 2', [4, 6, 10, 18]],
    ['m3 * 1.5e1 - .5', [14.5, 29.5, 59.5, 119.5]],
    // AWS's table of comparisons.
    ['(m1 < m2)', [0, 0, 1, 0]],
    ['(m1 >= 30)', [1, 0, 0, 0]],
    ['(m1 > 15 AND m2 > 15)', [1, 0, 0, 0]],
    ['m1 > 15 && m2 > 15 || m3 == 8', [1, 0, 0, 1]],
    ['m3 != 2', [1, 0, 1, 1]],
    ['m3 <= 2 OR m3 > 4', [1, 1, 0, 1]],
    // AWS's tables of IF.
    ['IF(cond, yes, no)', [30, 0, 20]],
    ['IF(cond, 5, no)', [5, 5, 20]],
    ['IF(cond, yes, 5)', [30, 0, 5, 5]],
    ['IF(m3 < 4, m3)', [1, 2]],
    ['IF(m3 < 4, 10, 2)', [10, 10, 2, 2]],
    ['IF(1, m3)', [1, 2, 4, 8]],
    ['IF(0, m3)', []],
    ['FILL(gaps, 0)', [0, 2, 0, 6, 0]],
    ['FILL(gaps, REPEAT)', [_, 2, 2, 6, 6]],
    ['FILL(gaps, LINEAR)', [_, 2, 4, 6]],
    ['FILL(gaps, m3)', [1, 2, 4, 6]],
    ['FILL(m2, MIN(m2))', [20, 20, 20, 20, 20]],
    ['RATE(m3)', [_, 1 / 60, 2 / 60, 4 / 60]],
    ['DIFF(gaps)', [_, _, _, 4]],
    ['DIFF_TIME(gaps)', [_, _, _, 120]],
    ['RUNNING_SUM(m3)', [1, 3, 7, 15]],
    ['m3 / PERIOD(m3)', [1 / 60, 2 / 60, 4 / 60, 8 / 60]],
    ['ABS(-m3)', [1, 2, 4, 8]],
    ['CEIL(m3 / 3)', [1, 1, 2, 3]],
    ['FLOOR(m3 / 3)', [0, 0, 1, 2]],
    ['LOG10(m3 * 0 + 100)', [2, 2, 2, 2]],
    ['LOG(m1)', [Math.log(30), Math.log(20)]],
    ['m3 - AVG(m3)', [-2.75, -1.75, 0.25, 4.25]],
    ['m3 - MAX(m3)', [-7, -6, -4, 0]],
    ['m3 * 0 + STDDEV(m1)', [12.99038105676658, 12.99038105676658, 12.99038105676658, 12.99038105676658]],
    ['SUM([m1, m2])', [50, 20, 20, 0]],
    ['AVG([m1, m2])', [25, 10, 10, 0]],
    ['MIN([m1, m2])', [20, 20, 0, 0]],
    ['SUM(METRICS())', [51, 22, 24, 8]],
    ['DATAPOINT_COUNT([m1, m2])', [2, 1, 2, 1]],
    ['SUM(100/[m3, m3])', [200, 100, 50, 25]],
    ['m3 / METRIC_COUNT(METRICS())', [1 / 3, 2 / 3, 4 / 3, 8 / 3]],
    ['TIME_SERIES(SUM(m3))', [15, 15, 15, 15, 15]],
    ['FIRST(SORT(METRICS(), SUM, DESC))', [30, 20, 0, 0]],
    ['LAST(SORT(METRICS(), SUM, DESC))', [1, 2, 4, 8]],
    ['MINUTE(m3)', [0, 1, 2, 3, 4]],
    ['IF(DAY(m3) < 6, m3, 0)', [1, 2, 4, 8, 0]],
    ['EPOCH(m3)', [0, 60, 120, 180, 240]],
    ["SUM(METRICS('m1'))", [30, 20, 0, 0]],
  ])('%s', (text, expected) => {
    const found = one(text)!;
    expect(found).toHaveLength(expected.length);
    found.forEach((value, i) => (value === undefined ? expect(expected[i]).toBeUndefined() : expect(value).toBeCloseTo(expected[i]!, 10)));
  });

  test('a result may be an array', () => {
    expect(run('METRICS() / 10')).toEqual([[3, 2, 0, 0], [2, _, 2], [0.1, 0.2, 0.4, 0.8]]);
    expect(run('SLICE(SORT(METRICS(), SUM, ASC), 1)')).toEqual([[20, _, 20], [30, 20, 0, 0]]);
    expect(run('SORT(METRICS(), MAX, ASC, 1)')).toEqual([[1, 2, 4, 8]]);
    expect(run('REMOVE_EMPTY([m3, never])')).toEqual([[1, 2, 4, 8]]);
    expect(run('SUM([METRICS("4xx"), METRICS("5xx")])', ['m1', 'errors4xx', 'errors5xx'])).toEqual([[3, 1, 3, 3]]);
  });

  test.each([
    ['m1 +', 'Unexpected end of the expression'], ['m1 m2', "Unexpected 'm2'"], ['(m1', 'Unexpected end of the expression'], ['m1 # 2', "Unexpected character '#'"],
    ['SUM(m1)', 'The result must be a time series or an array of time series'], ['FOO(m1)', 'Unknown function FOO'], ['PERIOD(m1, m2)', 'PERIOD was given 2 arguments'],
    ['METRICS() + METRICS()', "'+' cannot combine two arrays of time series"], ['SORT(METRICS(), m1, ASC)', 'SORT sorts by AVG, MIN, MAX or SUM'],
    ['SELECT AVG(CPU) FROM "AWS/EC2"', 'Metrics Insights queries (SELECT …) are not supported by Slipway yet'], ['FILL(m1, "x")', 'FILL needs a number, a time series, REPEAT or LINEAR to fill with'],
    ['('.repeat(200) + 'm1', 'The expression is nested too deeply'],
  ])('%s is refused', (text, message) => {
    expect(() => run(text)).toThrow(message);
  });

  test.each(['ANOMALY_DETECTION_BAND(m1, 2)', 'SEARCH("{A} b", "Sum")', 'INSIGHT_RULE_METRIC(a, b)', 'SERVICE_QUOTA(m1)', 'LAMBDA("f")', 'DB_PERF_INSIGHTS(a)'])('%s is refused by name', (text) => {
    expect(() => checkFunctions(parseMath(text))).toThrow(`The function ${text.slice(0, text.indexOf('('))} is not supported by Slipway yet`);
  });

  test('a time series by the second over years is refused before it is made', () => {
    const years = { start: 0, end: 10 * 365 * 86_400_000, period: 1, room: { left: 3_000_000 } };
    expect(() => evaluateMath(parseMath('TIME_SERIES(1)'), { grid: years, result: () => [], metrics: () => [] })).toThrow('The request asks for too many values at once');
  });

  test('what an expression makes on the way counts', () => {
    expect(() => run(Array.from({ length: 200 }, () => 'm1').join(' + '))).toThrow('The request asks for too many values at once');
  });

  test('the ids of an expression are known before there is data', () => {
    expect(idsIn(parseMath('IF(m1 > 2, FILL([m2, m1], REPEAT), SORT(METRICS("a"), AVG, DESC))'))).toEqual(['m1', 'm2']);
  });
});
