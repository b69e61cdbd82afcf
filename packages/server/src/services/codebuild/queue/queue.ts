/** Pure rules of the queue: whose turn it is, and where the others stand. */

export interface Waiting {
  readonly id: string;
  readonly project: string;
}

/** One account's builds in one region. */
export interface QueueState {
  /** Longest waiting first. */
  readonly waiting: readonly Waiting[];
  /** How many builds of a project run. */
  readonly running: ReadonlyMap<string, number>;
  /** Projects that limit their own builds. */
  readonly limits: ReadonlyMap<string, number>;
}

/**
 * In which order those who wait are to start. Fair across projects: the next build is always one of the project that has
 * the fewest builds running, or placed before it, so that a hundred builds of one project hold nobody else up. Among
 * equals, and within a project, it is who has waited longest.
 */
export function fairOrder({ waiting, running }: QueueState): Waiting[] {
  const served = new Map(running);
  const lines = new Map<string, Waiting[]>();
  // A map keeps the projects in the order of their longest waiting builds.
  for (const each of waiting) {
    const line = lines.get(each.project);
    if (line) line.push(each);
    else lines.set(each.project, [each]);
  }
  const arrival = new Map(waiting.map(({ id }, index) => [id, index]));
  const order: Waiting[] = [];
  while (order.length < waiting.length) {
    let next: Waiting | undefined;
    for (const [head] of lines.values()) {
      if (head && (next === undefined || comesBefore(head, next))) next = head;
    }
    if (next === undefined) break;
    order.push(next);
    lines.get(next.project)!.shift();
    served.set(next.project, (served.get(next.project) ?? 0) + 1);
  }
  return order;

  function comesBefore(a: Waiting, b: Waiting): boolean {
    const [ofA, ofB] = [served.get(a.project) ?? 0, served.get(b.project) ?? 0];
    return ofA === ofB ? arrival.get(a.id)! < arrival.get(b.id)! : ofA < ofB;
  }
}

/** The builds that may start now, when `most` may run at once: each project's own limit holds back its builds only. */
export function admitted(state: QueueState, most: number): Waiting[] {
  const running = new Map(state.running);
  let room = most - [...running.values()].reduce((sum, count) => sum + count, 0);
  const chosen: Waiting[] = [];
  for (const each of fairOrder(state)) {
    if (room <= 0) break;
    const count = running.get(each.project) ?? 0;
    if (count >= (state.limits.get(each.project) ?? Infinity)) continue;
    running.set(each.project, count + 1);
    room -= 1;
    chosen.push(each);
  }
  return chosen;
}

/** What a waiting build's QUEUED phase says of it; undefined when its turn has come. */
export function positionOf(state: QueueState, most: number, build: Waiting): string | undefined {
  if (admitted(state, most).some(({ id }) => id === build.id)) return undefined;
  const order = fairOrder(state);
  const at = order.findIndex(({ id }) => id === build.id);
  if (at < 0) return undefined;
  const limit = state.limits.get(build.project);
  const full = limit !== undefined && (state.running.get(build.project) ?? 0) >= limit;
  const why = full ? `: ${limit} of the project's builds run, its concurrentBuildLimit` : `: ${most} builds run, the limit of this installation`;
  return `Position ${at + 1} of ${order.length} in the queue${why}`;
}
