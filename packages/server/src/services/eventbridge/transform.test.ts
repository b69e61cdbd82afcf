import { expect, test } from 'vitest';
import { checkInput, targetInput } from './transform.ts';
import type { InputChoice } from './transform.ts';

const event = { id: 'e1', source: 'aws.codecommit', resources: ['arn:r'], detail: { commitId: 'abc', 'ref-name': 'a "b"', list: [{ n: 1 }, { n: 2 }] } };
const context = { ruleArn: 'arn:aws:events:us-east-1:111122223333:rule/r', ruleName: 'r', ingestionTime: 0 };
const transformer = (InputTemplate: string, InputPathsMap: Record<string, string> = {}): InputChoice => ({ InputTransformer: { InputTemplate, InputPathsMap } });

test.each<[string, InputChoice, string]>([
  ['no choice is the whole event', {}, JSON.stringify(event)],
  ['Input is constant', { Input: '{"a":1}' }, '{"a":1}'],
  ['InputPath takes a part', { InputPath: '$.detail.commitId' }, '"abc"'],
  ['InputPath takes an element', { InputPath: '$.resources[0]' }, '"arn:r"'],
  ['a bare placeholder is JSON', transformer('{"v":<c>,"l":<l>}', { c: '$.detail.commitId', l: '$.detail.list[*].n' }), '{"v":"abc","l":[1,2]}'],
  ['a quoted placeholder is escaped text', transformer('{"v":"on <c>"}', { c: "$.detail['ref-name']" }), '{"v":"on a \\"b\\""}'],
  ['a missing path is null, or nothing in a text', transformer('{"v":<m>,"w":"<m>"}', { m: '$.detail.m' }), '{"v":null,"w":""}'],
  ['AWS\'s own names', transformer('{"rule":<aws.events.rule-name>,"at":<aws.events.event.ingestion-time>}'), '{"rule":"r","at":"1970-01-01T00:00:00.000Z"}'],
])('%s', (_what, choice, expected) => expect(targetInput(choice, event, context)).toBe(expected));

test.each<[InputChoice, string]>([
  [{ Input: '{}', InputPath: '$' }, 'Only one of Input, InputPath, or InputTransformer'],
  [{ Input: 'x' }, 'JSON syntax error in input for target'],
  [{ InputPath: 'detail' }, 'Invalid JSON path: detail'],
  [{ InputPath: '$.detail..x' }, 'Invalid JSON path: $.detail..x'],
  [transformer('<other>'), 'placeholder <other> is not in InputPathsMap'],
])('%j is refused', (choice, message) => expect(() => checkInput(choice)).toThrow(message));
