import type { Parameter, ParameterTier, ParameterType } from '@slipway/contracts/ssm';
import type { Place } from '../../kernel/place.ts';
import type { Seal } from '../../kernel/seal.ts';
import { parameterArn } from './arns.ts';
import type { VersionRow } from './store.ts';

const place = ({ account, region, name, version }: Place & Pick<VersionRow, 'name' | 'version'>): string => `ssm_parameter_versions/value/${account}/${region}/${name}/${version}`;

/** Values are sealed whatever their type; a SecureString is given out as it lies unless its decryption is asked for. */
export function createValues(seal: Seal) {
  return {
    sealed: (row: Place & Pick<VersionRow, 'name' | 'version'>, value: string): string => seal.seal(value, place(row)),

    shown: (row: VersionRow, decrypt: boolean | undefined): string => (row.type === 'SecureString' && decrypt !== true ? row.value : seal.open(row.value, place(row))),
  };
}

export type Values = ReturnType<typeof createValues>;

export function shownParameter(row: VersionRow, value: string, selector: string | undefined): Parameter {
  return {
    Name: row.name, Type: row.type as ParameterType, Value: value, Version: row.version, ...(selector !== undefined && { Selector: selector }),
    LastModifiedDate: row.modified, ARN: parameterArn(row, row.name), DataType: 'text',
  };
}

/** What descriptions and the history show of a version; `Policies` is there and empty, as in AWS. */
export function metadata(row: VersionRow) {
  return {
    Name: row.name, Type: row.type as ParameterType, LastModifiedDate: row.modified, LastModifiedUser: row.modified_by, Version: row.version,
    Tier: row.tier as ParameterTier, Policies: [], DataType: 'text',
    ...(row.key_id !== null && { KeyId: row.key_id }),
    ...(row.description !== null && { Description: row.description }),
    ...(row.allowed_pattern !== null && { AllowedPattern: row.allowed_pattern }),
  };
}
