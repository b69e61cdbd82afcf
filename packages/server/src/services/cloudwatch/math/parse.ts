/** A metric math expression: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  /** A metric's or expression's id, or a word that a function knows: REPEAT, DESC. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'minus'; readonly of: Expression }
  | { readonly kind: 'operation'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] };

export type Operator = '+' | '-' | '*' | '/' | '^' | '==' | '!=' | '<=' | '>=' | '<' | '>' | 'AND' | 'OR';

/** What is wrong with an expression, for its room's error. */
export class MathError extends Error {
  override readonly name = 'MathError';
}

/** How strongly operators bind to their left. */
const BINDING: Readonly<Record<Operator, number>> = { OR: 1, AND: 2, '==': 3, '!=': 3, '<=': 3, '>=': 3, '<': 3, '>': 3, '+': 4, '-': 4, '*': 5, '/': 5, '^': 7 };
const MINUS_BINDING = 6;
const SPELLINGS: Readonly<Record<string, Operator>> = { '&&': 'AND', '||': 'OR', AND: 'AND', OR: 'OR' };

/** Deeper nesting is no expression that anybody wrote. */
const DEEPEST = 100;

const TOKEN = /\s*(?:(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*)|"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<symbol>==|!=|<=|>=|&&|\|\||[-+*/^<>()[\],]))/y;

interface Token {
  readonly kind: 'number' | 'name' | 'text' | 'symbol' | 'end';
  readonly text: string;
}

/** @throws MathError */
export function parseMath(text: string): Expression {
  if (/^\s*select\b/i.test(text)) throw new MathError('Metrics Insights queries (SELECT …) are not supported by Slipway yet');
  const parser = new Parser(tokens(text));
  const expression = parser.expression(0, 0);
  parser.expect('end', '');
  return expression;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw new MathError(`Unexpected character '${text.slice(at).trimStart().charAt(0)}'`);
    const { number, name, symbol } = groups;
    if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (name !== undefined) found.push({ kind: Object.hasOwn(SPELLINGS, name) ? 'symbol' : 'name', text: name });
    else if (symbol !== undefined) found.push({ kind: 'symbol', text: symbol });
    else found.push({ kind: 'text', text: groups['double'] ?? groups['single'] ?? '' });
  }
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  /** Everything that binds more strongly than `binding`. */
  expression(binding: number, depth: number): Expression {
    if (depth > DEEPEST) throw new MathError('The expression is nested too deeply');
    let left = this.#prefix(depth);
    for (;;) {
      const operator = this.#operator();
      if (operator === undefined || BINDING[operator] <= binding) return left;
      this.#at += 1;
      // `^` groups to the right, the others to the left.
      const right = this.expression(operator === '^' ? BINDING[operator] - 1 : BINDING[operator], depth + 1);
      left = { kind: 'operation', operator, left, right };
    }
  }

  expect(kind: Token['kind'], text: string): void {
    const token = this.#next();
    if (token.kind !== kind || token.text !== text) throw unexpected(token);
  }

  #prefix(depth: number): Expression {
    const token = this.#next();
    switch (token.kind) {
      case 'number': return { kind: 'number', value: Number(token.text) };
      case 'text': return { kind: 'text', value: token.text };
      case 'name': return this.#sees('(') ? { kind: 'call', name: token.text, arguments: this.#items(')', depth) } : { kind: 'name', name: token.text };
      default:
    }
    if (token.text === '-') return { kind: 'minus', of: this.expression(MINUS_BINDING, depth + 1) };
    if (token.text === '+') return this.expression(MINUS_BINDING, depth + 1);
    if (token.text === '[') {
      this.#at -= 1;
      return { kind: 'list', items: this.#items(']', depth) };
    }
    if (token.text !== '(') throw unexpected(token);
    const inner = this.expression(0, depth + 1);
    this.expect('symbol', ')');
    return inner;
  }

  /** What stands between the next token, an opening bracket, and `closing`. */
  #items(closing: string, depth: number): Expression[] {
    this.#at += 1;
    const items: Expression[] = [];
    if (this.#sees(closing)) {
      this.#at += 1;
      return items;
    }
    for (;;) {
      items.push(this.expression(0, depth + 1));
      const token = this.#next();
      if (token.kind === 'symbol' && token.text === closing) return items;
      if (token.kind !== 'symbol' || token.text !== ',') throw unexpected(token);
    }
  }

  #operator(): Operator | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'symbol') return undefined;
    const operator = SPELLINGS[token.text] ?? token.text;
    return Object.hasOwn(BINDING, operator) ? (operator as Operator) : undefined;
  }

  #sees(symbol: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === 'symbol' && token.text === symbol;
  }

  #next(): Token {
    return this.#tokens[this.#at++] ?? { kind: 'end', text: '' };
  }
}

function unexpected(token: Token): MathError {
  return new MathError(token.kind === 'end' ? 'Unexpected end of the expression' : `Unexpected '${token.text}'`);
}

/** The names that an expression speaks of: ids, and words of functions. */
export function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case 'name': return [expression.name];
    case 'list': return expression.items.flatMap(namesIn);
    case 'minus': return namesIn(expression.of);
    case 'operation': return [...namesIn(expression.left), ...namesIn(expression.right)];
    case 'call': return expression.arguments.flatMap(namesIn);
    default: return [];
  }
}

/** Whether it calls the function anywhere. */
export function callsOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'list': return expression.items.flatMap(callsOf);
    case 'minus': return callsOf(expression.of);
    case 'operation': return [...callsOf(expression.left), ...callsOf(expression.right)];
    case 'call': return [expression.name, ...expression.arguments.flatMap(callsOf)];
    default: return [];
  }
}
