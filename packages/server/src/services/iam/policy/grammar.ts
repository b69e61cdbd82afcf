import { MalformedPolicy } from './document.ts';
import type { PolicyKind, Principals } from './document.ts';

const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', 'aws-eusc', '*'];
const TRUST_ACTIONS = /^sts:(assumerole|assumerolewithsaml|assumerolewithwebidentity|tagsession|setsourceidentity|setcontext|\*|assumerole\*)$/i;

/** `vendor:Action`, or `*` alone. */
export function checkAction(action: string, kind: PolicyKind): void {
  if (kind === 'trust') {
    if (!TRUST_ACTIONS.test(action)) throw new MalformedPolicy('AssumeRole policy may only specify STS AssumeRole actions.');
    return;
  }
  if (action === '*') return;
  const colon = action.indexOf(':');
  if (colon < 0) throw new MalformedPolicy('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
  const vendor = action.slice(0, colon);
  if (!/^[A-Za-z0-9-]+$/.test(vendor)) throw new MalformedPolicy(`Vendor ${vendor} is not valid`);
  if (!/^[A-Za-z0-9*?]+$/.test(action.slice(colon + 1))) throw new MalformedPolicy('The policy failed legacy parsing');
}

/** An ARN whose partition exists, or `*` alone. */
export function checkResource(resource: string): void {
  if (resource === '*') return;
  const [prefix, partition, ...rest] = resource.split(':');
  if (prefix !== 'arn' || partition === undefined) throw new MalformedPolicy(`Resource ${resource} must be in ARN format or "*".`);
  if (!PARTITIONS.includes(partition) && !partition.endsWith('*')) {
    throw new MalformedPolicy(`Partition "${partition}" is not valid for resource "${resource}".`);
  }
  if (rest.length < 4 && !resource.endsWith('*')) throw new MalformedPolicy('The policy failed legacy parsing');
}

/** Principal types and the form of their names; wildcards inside an ARN are not allowed. */
export function checkPrincipals(principals: Principals): void {
  if (principals === '*') return;
  for (const [type, names] of Object.entries(principals)) {
    if (names.length === 0) throw new MalformedPolicy('Syntax errors in policy.');
    for (const name of names) if (!isPrincipal(type, name)) throw new MalformedPolicy(`Invalid principal in policy: "${type}":"${name}"`);
  }
}

function isPrincipal(type: string, name: string): boolean {
  switch (type) {
    case 'AWS':
      return name === '*' || /^\d{12}$/.test(name) || /^A[A-Z0-9]{15,127}$/.test(name)
        || /^arn:[a-z-]+:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)\/[^*?]+)$/.test(name);
    case 'Service':
      return /^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/i.test(name);
    case 'Federated':
      return name.length > 0 && !name.includes('*');
    case 'CanonicalUser':
      return /^[0-9a-f]{64}$/.test(name);
    default:
      return false;
  }
}
