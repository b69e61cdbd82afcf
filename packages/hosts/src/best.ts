import type { HostKind } from './contract.ts';
import { netns } from './netns.ts';
import { plain } from './plain.ts';

export interface BestHost {
  readonly kind: HostKind;
  /** What was chosen and what that means, for people. */
  readonly reason: string;
}

/** The best kind of host that this machine and user can make. */
export async function detectBestHost(): Promise<BestHost> {
  const missing = await netns.unavailable();
  if (missing === undefined) return { kind: netns, reason: 'Hosts have their own network address, processes and files.' };
  return {
    kind: plain,
    reason: `Hosts are plain folders on 127.0.0.1, each with its own port, without isolation, and scripts run as the agent's own user only unless it is root (${missing}).`,
  };
}
