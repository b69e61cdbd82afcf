/** What the demo tells: plain lines, coloured on a terminal. */
export interface Screen {
  heading(text: string): void;
  line(text: string): void;
  /** A stage's status; said only when it changes. */
  stage(name: string, status: string): void;
  detail(from: string, text: string): void;
}

export function screen(output: NodeJS.WriteStream): Screen {
  const colour = (code: number, text: string): string => (output.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text);
  const say = (text: string): void => void output.write(`${text}\n`);
  const last = new Map<string, string>();
  const colours: Record<string, number> = { Succeeded: 32, Failed: 31, InProgress: 36 };
  return {
    heading: (text) => {
      last.clear();
      say(`\n${colour(1, text)}`);
    },
    line: (text) => say(text),
    stage: (name, status) => {
      if (last.get(name) === status) return;
      last.set(name, status);
      say(`  ${colour(1, name.padEnd(10))} ${colour(colours[status] ?? 33, status)}`);
    },
    detail: (from, text) => say(`      ${colour(90, from.padEnd(8))} ${text}`),
  };
}
