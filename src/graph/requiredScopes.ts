import { type GraphOperation, isWrite } from './operation.ts';

const readWrite = [
  'DeviceManagementServiceConfig.ReadWrite.All',
  'DeviceManagementConfiguration.ReadWrite.All',
];
const read = [
  'DeviceManagementServiceConfig.Read.All',
  'DeviceManagementConfiguration.Read.All',
  ...readWrite,
];

/** The permissions of which one suffices, the least privileged first, as Graph's permissions reference lists them. */
export function requiredScopesOf(operation: GraphOperation): readonly string[] {
  return isWrite(operation) ? readWrite : read;
}
