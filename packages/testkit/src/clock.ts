/** Turns of the event loop that an advance waits after each timer when nobody says what to wait for. */
const TURNS = 20;

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/**
 * The server's `Clock` under a test's control: time stands still until `advance`.
 *
 * `advance` fires the timers that come due one after the other, each at its own time, and lets what it set off happen
 * before the next, so that a chain (timer → job → new timer) within the span runs as in real time.
 */
export class FakeClock {
  #now: number;
  #timers: Timer[] = [];
  #settle: () => Promise<void>;

  /** `start` in ms UTC. `settle` waits until what a timer set off is done; by default some turns of the event loop. */
  constructor(start = Date.UTC(2030, 0, 1), settle: () => Promise<void> = someTurns) {
    this.#now = start;
    this.#settle = settle;
  }

  now(): number {
    return this.#now;
  }

  at(at: number, run: () => void): () => void {
    const timer: Timer = { at, run };
    this.#timers.push(timer);
    // A time that has come fires without an advance, but never inside the call, as with real timers.
    if (at <= this.#now) setImmediate(() => this.#fire(timer));
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** What `advance` waits for between timers from now on: a server's `settled`. */
  settleWith(settle: () => Promise<void>): void {
    this.#settle = settle;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#fire(next);
      await this.#settle();
    }
    this.#now = end;
    await this.#settle();
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }

  #fire(timer: Timer): void {
    if (!this.#timers.includes(timer)) return;
    this.#timers = this.#timers.filter((each) => each !== timer);
    timer.run();
  }
}

async function someTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
