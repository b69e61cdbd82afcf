export * from './archives.ts';
export * from './buses.ts';
export * from './connections.ts';
export * from './deliveries.ts';
export * from './rules.ts';
export * from './tables.ts';
