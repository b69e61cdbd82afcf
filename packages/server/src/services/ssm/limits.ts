import { constrain } from '../../kernel/constraints.ts';
import { fail } from './fail.ts';

/** AWS General Reference, "AWS Systems Manager endpoints and quotas", Parameter Store; and the API reference of PutParameter. */
export const LEVELS = 15;
/** Of the ARN's part behind `parameter`. */
export const NAME_LENGTH = 1011;
/** Characters of a value by tier. */
export const VALUE_LENGTH = { Standard: 4096, Advanced: 8192 } as const;
export const VERSIONS = 100;
export const LABELS = 10;

const NAME = { shortest: 1, longest: 2048 };
const page = (most: number) => ({ MaxResults: { least: 1, most } });

export const validate = constrain({
  PutParameter: { Name: NAME, Description: { longest: 1024 }, KeyId: { shortest: 1, longest: 256 }, AllowedPattern: { longest: 1024 }, DataType: { longest: 128 } },
  GetParameter: { Name: { shortest: 1 } },
  GetParameters: { Names: { shortest: 1, longest: 10 } },
  GetParametersByPath: { Path: NAME, ...page(10) },
  GetParameterHistory: { Name: NAME, ...page(50) },
  DescribeParameters: page(50),
  DeleteParameter: { Name: NAME },
  DeleteParameters: { Names: { shortest: 1, longest: 10 } },
  LabelParameterVersion: { Name: NAME, Labels: { shortest: 1, longest: LABELS } },
  UnlabelParameterVersion: { Name: NAME, Labels: { shortest: 1, longest: LABELS } },
}, (message) => fail('ValidationException', message));
