/**
 * The wire: from HTTP to an operation's plain input and back. Pure: no I/O but the streams handed in.
 *
 * `createWire(options): Wire` (see `face.ts` for the order of steps), `wireRequest(message): WireRequest`, and
 * `validate(contract, operation, input)` which the dispatcher calls for every call, from outside or from another room.
 */
export type { Route, Verified, Wire, WireOptions, WireRequest, WireResponse } from './face.ts';
export { wireRequest } from './request.ts';
export { validate } from './validate.ts';
export { createWire } from './wire.ts';
