import { COUNTERS, larger } from './usage.ts';
import type { Counter, Usage } from './usage.ts';

/** Several looks at a value that goes up and down. */
export interface Samples {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** What a build has used in a stretch of time. An absent member cannot be known in the place where it ran. */
export interface UsageInterval extends Pick<Usage, Counter> {
  /** ms UTC */
  readonly from: number;
  readonly to: number;
  readonly memoryBytes?: Samples;
  readonly granted: Granted;
}

/** What the build may use at most: by its limits, and in any case what the machine has. */
export interface Granted {
  readonly cpus: number;
  readonly memoryBytes: number;
}

export interface MeterOptions {
  readonly measure: () => Promise<Usage>;
  readonly granted: Granted;
  /** Called about once a minute. */
  readonly onInterval: (interval: UsageInterval) => void;
}

/** CloudWatch's period. */
const INTERVAL_MS = 60_000;
/** Most builds are short: the first looks come soon. */
const FIRST_MS = 100;
const SAMPLE_MS = 1_000;
/** A build does not wait for its own measures. */
const PATIENCE_MS = 250;

/** Measures a build while it runs. Life: construct, when the first process is there → `end`, or `stop` where nobody wants the rest. */
export class Meter {
  readonly #options: MeterOptions;
  readonly #sampling: Promise<void>;
  #total: Pick<Usage, Counter> = {};
  #told: Pick<Usage, Counter> = {};
  #memory: Samples | undefined;
  #from = Date.now();
  #pause: ReturnType<typeof pause> | undefined;
  #stopped = false;

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#sampling = this.#run();
    // Whoever ends it hears of it.
    this.#sampling.catch(() => undefined);
  }

  /** The last interval. `look`: the processes are still there to be measured. */
  async end(look: boolean): Promise<UsageInterval> {
    this.stop();
    const patience = pause(PATIENCE_MS);
    await Promise.race([this.#sampling.then(() => (look ? this.#sample() : undefined)), patience.over]);
    patience.end();
    return this.#take();
  }

  stop(): void {
    this.#stopped = true;
    this.#pause?.end();
  }

  async #run(): Promise<void> {
    for (let wait = FIRST_MS; ; wait = Math.min(2 * wait, SAMPLE_MS)) {
      this.#pause = pause(wait);
      await this.#pause.over;
      if (this.#stopped) return;
      await this.#sample();
      if (Date.now() - this.#from >= INTERVAL_MS) this.#options.onInterval(this.#take());
    }
  }

  async #sample(): Promise<void> {
    const usage = await this.#options.measure();
    this.#total = larger(this.#total, usage);
    if (usage.memoryBytes !== undefined) this.#memory = added(this.#memory, usage.memoryBytes);
  }

  #take(): UsageInterval {
    const [from, to] = [this.#from, Date.now()];
    const used = Object.fromEntries(COUNTERS.flatMap((name) => (this.#total[name] === undefined ? [] : [[name, this.#total[name] - (this.#told[name] ?? 0)]])));
    const memory = this.#memory;
    this.#from = to;
    this.#told = this.#total;
    this.#memory = undefined;
    return { from, to, ...used, ...(memory === undefined ? {} : { memoryBytes: memory }), granted: this.#options.granted };
  }
}

function added(samples: Samples | undefined, value: number): Samples {
  if (samples === undefined) return { count: 1, sum: value, min: value, max: value };
  return { count: samples.count + 1, sum: samples.sum + value, min: Math.min(samples.min, value), max: Math.max(samples.max, value) };
}

/** A pause that may be cut short. */
function pause(ms: number): { readonly over: Promise<void>; end(): void } {
  let cut: (() => void) | undefined;
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    cut = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { over, end: () => cut?.() };
}
