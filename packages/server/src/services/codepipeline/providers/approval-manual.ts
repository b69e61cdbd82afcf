import type { Provider } from './provider.ts';

/** Waits for PutApprovalResult. */
export const manualApproval: Provider = {
  category: 'Approval', provider: 'Manual', inputs: [0, 0], outputs: [0, 0], timeoutMinutes: 7 * 24 * 60,
  configuration: { CustomData: {}, ExternalEntityLink: {} },
};
