import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a server under test prints, line by line. */
export interface Heard {
  /** The first line, past or to come, that matches. @throws Error when the output ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
}

export function hear(program: ChildProcess): Heard {
  if (!program.stdout) throw new Error('the program has no output');
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let over = false;
  const wake = (): void => {
    for (const each of waiting) each();
    waiting.clear();
  };
  createInterface({ input: program.stdout })
    .on('line', (line) => {
      lines.push(line);
      wake();
    })
    .once('close', () => {
      over = true;
      wake();
    });
  // A crash destroys the stream without an end.
  program.stdout.once('close', () => {
    over = true;
    wake();
  });
  return {
    async line(pattern) {
      for (;;) {
        for (const line of lines) {
          const found = pattern.exec(line);
          if (found) return found;
        }
        if (over) throw new Error(`the program ended without saying ${pattern.source}`);
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
  };
}
