import { describe, expect, test } from 'vitest';
import { alarmsIn, parseRule, ruleHolds } from '../alarms/alarm-rule.ts';
import { judge } from '../alarms/evaluate-points.ts';
import type { AlarmRule, Verdict } from '../alarms/evaluate-points.ts';
import { reasonOf } from '../alarms/reasons.ts';
import { suppressionOf } from '../alarms/suppression.ts';

const MINUTE = 60_000;
const start = Date.UTC(2030, 0, 2, 3, 0);
const rule = (more: Partial<AlarmRule> = {}): AlarmRule => ({ comparison: 'GreaterThanThreshold', threshold: 50, evaluationPeriods: 3, datapointsToAlarm: 3, missing: 'missing', ...more });
/** As AWS's tables write them: 0 is within the threshold, X beyond, - missing. Oldest first. */
const range = (points: string) => points.split(' ').map((point, i) => ({ time: start + i * MINUTE, value: point === '-' ? undefined : point === 'X' ? 99.5 : 0 }));
const I = 'INSUFFICIENT_DATA';

const of = (comparison: AlarmRule['comparison'], value: number) => judge([{ time: start, value }], rule({ comparison, evaluationPeriods: 1, datapointsToAlarm: 1 })).state;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html */
describe('how missing data is treated', () => {
  describe.each<[number, string, Verdict['state'], Verdict['state'], Verdict['state'], Verdict['state']]>([
    [3, '0 - X - X', 'OK', 'OK', 'OK', 'OK'],
    [3, '- - - - 0', 'OK', 'OK', 'OK', 'OK'],
    [3, '0 - - - -', 'OK', 'OK', 'OK', 'OK'],
    [3, '- - - - -', I, 'retain', 'ALARM', 'OK'],
    [3, '0 X X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    [3, '- - X - -', 'ALARM', 'retain', 'ALARM', 'OK'],
    [3, 'X - - - -', 'ALARM', 'retain', 'ALARM', 'OK'],
    [3, '- - - - X', I, 'retain', 'ALARM', 'OK'],
    [2, '0 - X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    [2, '0 0 X 0 X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    [2, '0 - X - -', 'OK', 'OK', 'ALARM', 'OK'],
    [2, '- - - - 0', 'OK', 'OK', 'ALARM', 'OK'],
    [2, '- - - X -', 'ALARM', 'retain', 'ALARM', 'OK'],
    [2, '- - - - X', I, 'retain', 'ALARM', 'OK'],
  ])('%i of 3, %s', (datapointsToAlarm, points, whenMissing, whenIgnored, whenBreaching, whenNotBreaching) => {
    test.each([['missing', whenMissing], ['ignore', whenIgnored], ['breaching', whenBreaching], ['notBreaching', whenNotBreaching]] as const)('%s: %s', (missing, state) => {
      expect(judge(range(points), rule({ datapointsToAlarm, missing })).state).toBe(state);
    });
  });

  test('every comparison is what its name says', () => {
    expect([49, 50, 51].map((value) => of('GreaterThanThreshold', value))).toEqual(['OK', 'OK', 'ALARM']);
    expect([49, 50, 51].map((value) => of('GreaterThanOrEqualToThreshold', value))).toEqual(['OK', 'ALARM', 'ALARM']);
    expect([49, 50, 51].map((value) => of('LessThanThreshold', value))).toEqual(['ALARM', 'OK', 'OK']);
    expect([49, 50, 51].map((value) => of('LessThanOrEqualToThreshold', value))).toEqual(['ALARM', 'ALARM', 'OK']);
  });
});

const reason = (points: string, previous: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA', more: Partial<AlarmRule> = {}) => {
  const asked = rule(more);
  return reasonOf(judge(range(points), asked), asked, previous);
};

describe('the reason', () => {
  test.each([
    [reason('0 0 X', 'OK', { evaluationPeriods: 1, datapointsToAlarm: 1 }), 'Threshold Crossed: 1 out of the last 1 datapoints [99.5 (02/01/30 03:02:00)] was greater than the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).'],
    [reason('X X 0', 'ALARM', { evaluationPeriods: 1, datapointsToAlarm: 1 }), 'Threshold Crossed: 1 out of the last 1 datapoints [0.0 (02/01/30 03:02:00)] was not greater than the threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition).'],
    [reason('0 X X', 'OK', { datapointsToAlarm: 2 }), 'Threshold Crossed: 2 out of the last 3 datapoints [99.5 (02/01/30 03:02:00), 99.5 (02/01/30 03:01:00)] were greater than the threshold (50.0) (minimum 2 datapoints for OK -> ALARM transition).'],
    [reason('- - - - -', 'OK'), 'Insufficient Data: 3 datapoints were unknown.'],
    [reason('- - - - -', 'OK', { missing: 'breaching' }), 'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].'],
    [reason('- - - - X', 'OK', { missing: 'breaching' }), 'Threshold Crossed: 1 datapoint [99.5 (02/01/30 03:04:00)] was greater than the threshold (50.0) and 2 missing datapoints were treated as [Breaching].'],
  ])('%s', (found, expected) => {
    expect(found).toBe(expected);
  });
});

describe('a composite alarm\'s rule', () => {
  const states = { a: 'ALARM', b: 'OK', 'c d': 'INSUFFICIENT_DATA', 'arn:aws:cloudwatch:us-east-1:1:alarm:e': 'ALARM' } as const;
  test.each([
    ['ALARM(a)', true], ['ALARM("a")', true], ['OK(a)', false], ['INSUFFICIENT_DATA("c d")', true], ['TRUE', true], ['FALSE', false],
    ['ALARM(a) AND OK(b)', true], ['ALARM(b) OR NOT ALARM(b)', true], ['NOT ALARM(a) OR OK(b)', true], ['NOT (ALARM(a) OR OK(b))', false],
    ['OK(a) AND ALARM(a) OR TRUE', true], ['OK(a) AND (ALARM(a) OR TRUE)', false], ['ALARM(arn:aws:cloudwatch:us-east-1:1:alarm:e)', true], ['ALARM( a )\n and\tok(b)', true],
  ])('%s', (text, holds) => {
    expect(ruleHolds(parseRule(text), (alarm) => states[alarm as 'a'])).toBe(holds);
  });
  test.each([
    ['', 'it ends too early'], ['ALARM(a', 'it ends too early'], ['ALARM(a) ALARM(b)', "unexpected 'ALARM'"], ['BROKEN(a)', "unknown function 'BROKEN'"], ['ALARM()', "unexpected ')'"],
    ['(TRUE', 'it ends too early'], ['TRUE)', "unexpected ')'"], ['NOT', 'it ends too early'], ['ALARM("a', "unexpected '\"'"], ['('.repeat(200), 'it is nested too deeply'],
    [Array.from({ length: 501 }, () => 'TRUE').join(' OR '), 'it has more than 500 elements'],
  ])('%s is refused', (text, message) => {
    expect(() => parseRule(text)).toThrow(message);
  });
  test('knows the alarms that it names', () => {
    expect(alarmsIn(parseRule('ALARM(a) AND NOT (OK("b") OR ALARM(a))'))).toEqual(['a', 'b', 'a']);
  });
});

const suppressor = (state: 'ALARM' | 'OK', leftAlarm: number | null = null) => ({ state, leftAlarm, waitMs: 120, extensionMs: 180 });

describe('suppressed actions', () => {
  test.each([
    ['nothing suppresses', undefined, 1000, undefined],
    ['the suppressor is in ALARM', suppressor('ALARM'), 5000, { by: 'Alarm', until: undefined }],
    ['the suppressor may still go into ALARM', suppressor('OK'), 1100, { by: 'WaitPeriod', until: 1120 }],
    ['the wait is over', suppressor('OK'), 1120, undefined],
    ['the suppressor has just left ALARM', suppressor('OK', 2000), 2100, { by: 'ExtensionPeriod', until: 2180 }],
    ['the extension is over', suppressor('OK', 2000), 2180, undefined],
    ['the suppressor left ALARM shortly before', suppressor('OK', 950), 1000, { by: 'ExtensionPeriod', until: 1130 }],
  ])('%s', (_what, by, now, expected) => {
    expect(suppressionOf(by, 1000, now)).toEqual(expected);
  });
});
