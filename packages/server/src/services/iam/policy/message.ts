import type { Decision } from './evaluate.ts';

/** AWS's words for a refusal. */
export function refusal(callerArn: string, action: string, resource: string, decision: Extract<Decision, { allowed: false }>): string {
  const start = `User: ${callerArn} is not authorized to perform: ${action} on resource: ${resource}`;
  const article = decision.in.startsWith('i') ? 'an' : 'a';
  return decision.why === 'explicit'
    ? `${start} with an explicit deny in ${article} ${decision.in}`
    : `${start} because no ${decision.in} allows the ${action} action`;
}
