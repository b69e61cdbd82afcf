/**
 * The way out: `createOutbound({ allow })` makes HTTP requests to endpoints that users name, to public addresses and those
 * that the installation allows.
 */
export { createOutbound } from './outbound-http.ts';
export { OutboundFailed, OutboundRefused } from './outbound.ts';
export type { Outbound, OutboundRequest, OutboundResponse } from './outbound.ts';
