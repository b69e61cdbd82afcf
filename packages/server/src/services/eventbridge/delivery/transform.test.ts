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
  ['the rule\'s ARN in a text', transformer('"by <aws.events.rule-arn>"'), '"by arn:aws:events:us-east-1:111122223333:rule/r"'],
  ['the event as a field\'s value', transformer('{"all":<aws.events.event.json>}'), `{"all":${JSON.stringify(event)}}`],
  ['the event without its detail', transformer('{"head":<aws.events.event>}'), '{"head":{"id":"e1","source":"aws.codecommit","resources":["arn:r"]}}'],
  ['an object inside a text is its JSON', transformer('"got <d>"', { d: '$.detail.list[0]' }), '"got {\\"n\\":1}"'],
  ['a nested object as a value', transformer('{"a":{"b":[<d>,"<d>"]}}', { d: '$.detail.commitId' }), '{"a":{"b":["abc","abc"]}}'],
  ['a template of several lines of text', transformer('"one <c>"\n"two"', { c: '$.detail.commitId' }), '"one abc"\n"two"'],
])('%s', (_what, choice, expected) => expect(targetInput(choice, event, context)).toBe(expected));

test.each<[InputChoice, string]>([
  [{ Input: '{}', InputPath: '$' }, 'Only one of Input, InputPath, or InputTransformer'],
  [{ Input: 'x' }, 'JSON syntax error in input for target'],
  [{ InputPath: 'detail' }, 'Invalid JSON path: detail'],
  [{ InputPath: '$.detail..x' }, 'Invalid JSON path: $.detail..x'],
  [transformer('<a>', { 'aws.events.rule-arn': '$.a', a: '$.a' }), 'must not start with AWS'],
  [transformer('"x"', Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`p${n}`, '$.a']))), 'InputPathsMap must have at most 100 entries'],
  [transformer('<other>'), 'placeholder <other> is not in InputPathsMap'],
])('%j is refused', (choice, message) => expect(() => checkInput(choice)).toThrow(message));

test('a template that would make thousands of copies of a large event is given up early', () => {
  const large = { ...event, detail: { text: 'x'.repeat(1_000_000) } };
  const many = transformer('<e>'.repeat(2_700), { e: '$' });
  expect(() => targetInput(many, large, context)).toThrow('longer than 2097152 characters');
});
