import type { Apis } from '@slipway/contracts';
import type { Authorizer } from './access.ts';
import type { Caller } from './caller.ts';
import { insideTransaction } from './database/index.ts';
import { ServiceError } from './errors.ts';
import { uuid } from './ids.ts';
import type { Log } from './log.ts';
import type { PeerCallOptions, Peers } from './peers.ts';
import type { Call, Service } from './service.ts';

export interface DispatcherDeps {
  readonly authorizer: Authorizer;
  /** Checks input against the contract, in AWS's words. */
  readonly validate: (service: string, operation: string, input: unknown) => void;
  readonly log: Log;
  /** The base URL for calls that come from inside. */
  readonly endpoint: () => string;
}

/** Takes every operation call, from the wire and from other rooms, through the same steps. */
export interface Dispatcher {
  add(service: Service): void;
  has(service: string): boolean;
  call(service: string, operation: string, input: unknown, call: Call): Promise<unknown>;
  readonly peers: Peers;
}

/** HTTP's 501: the SDKs do not retry it. */
const NOT_IMPLEMENTED = 501;

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const services = new Map<string, Service>();
  const never = new AbortController().signal;

  async function call(serviceName: string, operation: string, input: unknown, circumstances: Call): Promise<unknown> {
    const service = services.get(serviceName);
    const handler = service?.operations[operation];
    if (!service || !handler) throw notImplemented(serviceName, operation);
    deps.validate(serviceName, operation, input);
    service.validate?.(operation, input);
    await authorise(service, operation, input, circumstances);
    return handler(input, circumstances);
  }

  async function authorise(service: Service, operation: string, input: unknown, circumstances: Call): Promise<void> {
    const access = service.access[operation];
    if (access === undefined) throw new Error(`${service.name} has no access entry for ${operation}`);
    if (access === 'none') return;
    const asked = await access(input, circumstances);
    const own = `${service.actionPrefix ?? service.name}:${operation}`;
    const requests = ('resource' in asked ? [asked] : asked).map((request) => ({ ...request, action: request.action ?? own }));
    await deps.authorizer.authorize(circumstances.caller, requests, circumstances);
  }

  async function callFromRoom(caller: Caller, service: string, operation: string, input: unknown, options: PeerCallOptions): Promise<unknown> {
    // A room's operation opens its own transaction; inside ours it would wait for itself.
    if (insideTransaction()) throw new Error(`${service}.${operation} was called inside a transaction`);
    const requestId = uuid();
    const about = { requestId, service, operation, caller: caller.arn, from: 'room' };
    let remembered = options.once === undefined;
    const circumstances: Call = {
      caller,
      account: caller.account,
      region: options.region,
      requestId,
      get once() {
        remembered = true;
        return options.once;
      },
      endpoint: deps.endpoint(),
      userAgent: 'slipway',
      secure: true,
      signal: options.signal ?? never,
      headers: {},
    };
    try {
      const output = await call(service, operation, input, circumstances);
      deps.log.info('call', about);
      // A fault of ours, told rather than thrown: the call has happened, and who repeats it would make it happen again.
      if (!remembered) deps.log.error('an operation was to happen once, and does not remember what it did', about);
      return output;
    } catch (error) {
      // What is not a refusal is told, with its stack, by the job that meets it.
      if (error instanceof ServiceError) deps.log.info('refused', { ...about, error: error.name, reason: error.message });
      throw error;
    }
  }

  const peers: Peers = {
    as: (caller) =>
      new Proxy({} as { [S in keyof Apis]: never }, {
        get: (_target, service: string) =>
          new Proxy(
            {},
            { get: (_operations, operation: string) => (input: unknown, options: PeerCallOptions) => callFromRoom(caller, service, operation, input, options) },
          ),
      }),
  };

  return {
    add(service) {
      services.set(service.name, service);
    },
    has: (service) => services.has(service),
    call,
    peers,
  };
}

function notImplemented(service: string, operation: string): ServiceError {
  return new ServiceError('NotImplemented', `${operation} of ${service} is not implemented by Slipway yet.`, { status: NOT_IMPLEMENTED });
}
