/** What stored rows can look like. Each kind is as large as the gateway reads, by rows or by bytes. */
type Row = Readonly<Record<string, unknown>>;

const rowLimit = 10_000;
const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'];
const states = ['unknown', 'enabled', 'terminated', 'hibernating'];

function rows(
  count: number,
  nameOf: (index: number) => string,
  more: (index: number) => Row,
): Row[] {
  return Array.from({ length: count }, (_value, index) => ({
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    displayName: nameOf((index * 7919) % count),
    partnerState: states[index % states.length],
    lastHeartbeatDateTime: `2026-01-${String(1 + (index % 28)).padStart(2, '0')}T00:00:00.${String(index).padStart(7, '0')}Z`,
    ...more(index),
  }));
}

const target = (index: number): Row => ({
  '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment',
  target: {
    '@odata.type': '#microsoft.graph.groupAssignmentTarget',
    groupId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  },
});
const assigned = (count: number) => (): Row =>
  Object.fromEntries(
    platforms.flatMap((platform): [string, unknown][] => [
      [`${platform}Onboarded`, true],
      [
        `${platform}EnrollmentAssignments`,
        Array.from({ length: count }, (_v, place) => target(place)),
      ],
    ]),
  );
const times = (count: number, value: unknown): unknown[] =>
  Array.from({ length: count }, () => value);
const nothing = (): Row => ({});
const numbered =
  (start: string) =>
  (index: number): string =>
    start + String(index);

export const rowKinds: Readonly<Record<string, () => readonly Row[]>> = {
  usual: () => rows(rowLimit, numbered('Contoso '), assigned(1)),
  'same start': () => rows(rowLimit, numbered('a'.repeat(250)), nothing),
  marks: () => rows(rowLimit, numbered(`a${'\u0300\u0327'.repeat(120)}`), nothing),
  'letters that become many': () => rows(rowLimit, numbered('\ufdfa'.repeat(250)), nothing),
  'wide letters': () => rows(rowLimit, numbered('\u{1f600}ß'.repeat(80)), nothing),
  'long names': () => rows(500, numbered('N'.repeat(3_500)), nothing),
  'one long name': () => [
    ...rows(999, numbered('Contoso '), nothing),
    ...rows(1, () => 'N'.repeat(60_000), nothing),
  ],
  'control characters': () => rows(1000, numbered('\u0001'.repeat(500)), nothing),
  'many assignments': () => rows(20, numbered('Contoso '), assigned(80)),
  'one row of assignments': () => rows(1, numbered('Contoso '), assigned(1_500)),
  'empty objects': () =>
    rows(1, numbered('Contoso '), () => ({
      macOsEnrollmentAssignments: Array.from({ length: 60_000 }, () => ({})),
    })),
  'empty objects in unknown properties': () =>
    rows(1, numbered('Contoso '), () => ({ other: Array.from({ length: 600_000 }, () => ({})) })),
  'names of members': () =>
    rows(1, numbered('Contoso '), () => ({
      other: Object.fromEntries(Array.from({ length: 150_000 }, (_v, index) => [`n${index}`, 1])),
    })),
  'pages at both bounds': () => rows(2_500, numbered('N'.repeat(2_500)), assigned(5)),
  'long numbers': () =>
    rows(1, numbered('Contoso '), () => ({
      other: Array.from({ length: 70_000 }, (_v, index) => index + 1.2345678901234567e300),
    })),
  'unknown targets': () =>
    rows(20, numbered('Contoso '), () => ({
      macOsEnrollmentAssignments: Array.from({ length: 15 }, (_v, place) => ({
        target: { '@odata.type': '#x.y', text: 'x'.repeat(10_000), list: times(100, place) },
      })),
    })),
  'many small targets': () =>
    rows(1_000, numbered('C'), () => ({
      macOsEnrollmentAssignments: Array.from({ length: 30 }, () => ({ target: {} })),
    })),
};
