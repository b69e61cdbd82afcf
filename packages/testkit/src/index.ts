export { FakeClock } from './clock.ts';
export { Slipway, type SlipwayOptions } from './slipway.ts';
