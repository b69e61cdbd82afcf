import { FUNCTIONS, MISSING_FUNCTIONS, WORDS } from './functions.ts';
import type { MathContext } from './functions.ts';
import { callsOf, MathError, namesIn } from './parse.ts';
import type { Expression, Operator } from './parse.ts';
import { arrayOf, mapSeries, ofArray, ofSeries, scalar, sizeOf, take, timesOf, withPoints } from './values.ts';
import type { TimeSeries, Value } from './values.ts';

export interface Evaluation extends MathContext {
  /** The result of the request's metric or expression with that id. @throws MathError when there is none. */
  result(id: string): readonly TimeSeries[];
}

/** The ids that an expression needs. */
export const idsIn = (expression: Expression): string[] => [...new Set(namesIn(expression).filter((name) => !WORDS.has(name)))];

/** Throws for functions that do not exist, or not here, before there is any data. */
export function checkFunctions(expression: Expression): void {
  for (const name of callsOf(expression)) {
    if (MISSING_FUNCTIONS.has(name)) throw new MathError(`The function ${name} is not supported by Slipway yet`);
    if (!FUNCTIONS.has(name)) throw new MathError(`Unknown function ${name}`);
  }
}

/** The time series of an expression. @throws MathError, for a result that is a number too, as in AWS. */
export function evaluateMath(expression: Expression, evaluation: Evaluation): readonly TimeSeries[] {
  const value = evaluate(expression, evaluation);
  if (value.kind === 'series') return [value.series];
  if (value.kind === 'array') return value.all;
  throw new MathError('The result must be a time series or an array of time series');
}

function evaluate(expression: Expression, evaluation: Evaluation): Value {
  const value = evaluated(expression, evaluation);
  take(evaluation.grid.room, sizeOf(value));
  return value;
}

function evaluated(expression: Expression, evaluation: Evaluation): Value {
  switch (expression.kind) {
    case 'number': return scalar(expression.value);
    case 'text': return { kind: 'text', value: expression.value };
    case 'name': return named(expression.name, evaluation);
    case 'list': return ofArray(expression.items.flatMap((item) => arrayOf(evaluate(item, evaluation), 'A list')));
    case 'minus': return negated(evaluate(expression.of, evaluation));
    case 'operation': return operate(expression.operator, evaluate(expression.left, evaluation), evaluate(expression.right, evaluation));
    case 'call': return call(expression.name, expression.arguments.map((argument) => evaluate(argument, evaluation)), evaluation);
  }
}

function named(name: string, evaluation: Evaluation): Value {
  if (WORDS.has(name)) return { kind: 'word', value: name };
  const result = evaluation.result(name);
  return result.length === 1 ? ofSeries(result[0]!) : ofArray(result);
}

function call(name: string, values: readonly Value[], evaluation: Evaluation): Value {
  const known = FUNCTIONS.get(name);
  if (known === undefined) throw new MathError(`Unknown function ${name}`);
  if (values.length < known.least || values.length > known.most) throw new MathError(`${name} was given ${values.length} arguments`);
  return known.run(values, evaluation);
}

function negated(value: Value): Value {
  if (value.kind === 'scalar') return scalar(-value.value);
  return mapSeries(value, '-', (series) => withPoints(series, [...series.points].map(([time, point]) => [time, -point])));
}

const flag = (holds: boolean): number => (holds ? 1 : 0);

const OPERATIONS: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '^': (left, right) => left ** right,
  '==': (left, right) => flag(left === right),
  '!=': (left, right) => flag(left !== right),
  '<=': (left, right) => flag(left <= right),
  '>=': (left, right) => flag(left >= right),
  '<': (left, right) => flag(left < right),
  '>': (left, right) => flag(left > right),
  AND: (left, right) => flag(left !== 0 && right !== 0),
  OR: (left, right) => flag(left !== 0 || right !== 0),
};

function operate(operator: Operator, left: Value, right: Value): Value {
  const run = OPERATIONS[operator];
  if (left.kind === 'array' && right.kind === 'array') throw new MathError(`'${operator}' cannot combine two arrays of time series`);
  if (left.kind === 'array') return ofArray(left.all.map((series) => between(operator, run, ofSeries(series), right)));
  if (right.kind === 'array') return ofArray(right.all.map((series) => ({ ...between(operator, run, left, ofSeries(series)), label: series.label })));
  if (left.kind === 'scalar' && right.kind === 'scalar') return scalar(run(left.value, right.value));
  return ofSeries(between(operator, run, left, right));
}

/** A value that is missing in one of two series counts as zero; a number stands for every time that the series has. */
function between(operator: Operator, run: (left: number, right: number) => number, left: Value, right: Value): TimeSeries {
  const sides = [left, right].map((side) => {
    if (side.kind === 'series') return side.series;
    if (side.kind === 'scalar') return undefined;
    throw new MathError(`'${operator}' needs numbers or time series`);
  });
  const all = sides.filter((side) => side !== undefined);
  return withPoints(all[0]!, timesOf(all).map((time) => [time, run(valueAt(left, time), valueAt(right, time))]));
}

function valueAt(side: Value, time: number): number {
  if (side.kind === 'series') return side.series.points.get(time) ?? 0;
  return side.kind === 'scalar' ? side.value : 0;
}
