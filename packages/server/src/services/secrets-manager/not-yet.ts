/** Operations of Secrets Manager that answer by name that they are missing: rotation needs functions, replication other regions. */
export const notYet = ['CancelRotateSecret', 'RemoveRegionsFromReplication', 'ReplicateSecretToRegions', 'RotateSecret', 'StopReplicationToReplica'] as const;
