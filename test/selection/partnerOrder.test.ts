import { describe, expect, it } from '@jest/globals';
import type { ComplianceManagementPartnerOrder } from '../../src/generated/graphql.ts';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { createPartnerOrder } from '../../src/selection/partnerOrder.ts';

function sorted(
  rows: readonly PartnerResource[],
  ...keys: [ComplianceManagementPartnerOrder['field'], 'ASC' | 'DESC'][]
): string[] {
  const order = createPartnerOrder(keys.map(([field, direction]) => ({ field, direction })));
  return [...rows]
    .sort((left, right) => order.compare(order.placeOf(left), order.placeOf(right)))
    .map(({ id }) => id);
}

const named = (...names: (string | null)[]): PartnerResource[] =>
  names.map((displayName, index) => ({ id: `${index} ${displayName}`, displayName }));

describe('createPartnerOrder', () => {
  it('orders names as dictionaries do, with case only where they are alike otherwise', () => {
    const rows = named('zebra', 'Äpfel', 'apple', 'Zebra', 'Apple', 'éclair', 'Echo');
    const names = sorted(rows, ['DISPLAY_NAME', 'ASC']).map((id) => id.slice(2));
    expect(names).toEqual(['Äpfel', 'apple', 'Apple', 'Echo', 'éclair', 'zebra', 'Zebra']);
  });

  it('puts partners without a value last in both directions', () => {
    const rows = named('b', null, 'a');
    expect(sorted(rows, ['DISPLAY_NAME', 'ASC'])).toEqual(['2 a', '0 b', '1 null']);
    expect(sorted(rows, ['DISPLAY_NAME', 'DESC'])).toEqual(['0 b', '2 a', '1 null']);
  });

  it("orders states as the enum lists them, with Graph's news at the end", () => {
    const states = ['hibernating', 'unresponsive', 'unknown', null, 'rejected', 'enabled'];
    const rows = states.map((partnerState) => ({ id: String(partnerState), partnerState }));
    expect(sorted(rows, ['PARTNER_STATE', 'ASC'])).toEqual([
      'unknown',
      'enabled',
      'rejected',
      'unresponsive',
      'hibernating',
      'null',
    ]);
  });

  it('orders heartbeats as instants, what is no instant last', () => {
    const rows = [
      '2026-01-01T00:00:00.00000001Z',
      'yesterday',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:30:00+01:00',
    ].map((lastHeartbeatDateTime) => ({ id: lastHeartbeatDateTime, lastHeartbeatDateTime }));
    expect(sorted(rows, ['LAST_HEARTBEAT_DATE_TIME', 'DESC'])).toEqual([
      '2026-01-01T00:00:00.00000001Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:30:00+01:00',
      'yesterday',
    ]);
  });

  it('goes to the next key where the first is alike, and to the id at the end', () => {
    const rows: PartnerResource[] = [
      { id: '3', displayName: 'a', partnerState: 'enabled' },
      { id: '2', displayName: 'b', partnerState: 'enabled' },
      { id: '1', displayName: 'a', partnerState: 'enabled' },
      { id: '0', displayName: 'a', partnerState: 'unknown' },
    ];
    expect(sorted(rows, ['PARTNER_STATE', 'DESC'], ['DISPLAY_NAME', 'DESC'])).toEqual([
      '2',
      '1',
      '3',
      '0',
    ]);
  });

  it('signs its keys and directions, so that cursors of another order are noticed', () => {
    const signatures = [
      createPartnerOrder([{ field: 'DISPLAY_NAME', direction: 'ASC' }]),
      createPartnerOrder([{ field: 'DISPLAY_NAME', direction: 'DESC' }]),
      createPartnerOrder([{ field: 'PARTNER_STATE', direction: 'ASC' }]),
    ].map(({ signature }) => signature);
    expect(new Set(signatures).size).toBe(3);
  });
});
