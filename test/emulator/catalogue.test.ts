import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { systemClock } from '../../src/clock.ts';
import { catalogue } from '../../src/emulator/catalogue.ts';
import { type Generation, modelOf } from '../../src/emulator/model.ts';
import { projectPartner } from '../../src/emulator/projection.ts';
import { startEmulator } from '../../src/emulator/startEmulator.ts';
import { findModelProblem } from '../../src/emulator/validateBody.ts';
import { collectionPath } from './emulatorHarness.ts';

const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;

describe('the catalogue', () => {
  it('has the 18 partners that Intune offers, under ids of their own', () => {
    expect(catalogue).toHaveLength(18);
    expect(new Set(catalogue.map(({ displayName }) => displayName)).size).toBe(18);
    const ids = catalogue.map(({ id }) => id);
    expect(new Set(ids).size).toBe(18);
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(ids.filter((id) => !uuid.test(id))).toEqual([]);
  });

  it.each(platforms)('connects at most one partner for %s', (platform) => {
    const connected = catalogue.filter((row) => row[`${platform}Onboarded`] === true);
    expect(connected).toHaveLength(1);
  });

  it('shows never-connected partners with year 1 and nothing set up', () => {
    const unknown = catalogue.filter(({ partnerState }) => partnerState === 'unknown');
    expect(unknown.length).toBeGreaterThan(5);
    for (const row of unknown) {
      expect(row.lastHeartbeatDateTime).toBe('0001-01-01T00:00:00Z');
      expect(platforms.filter((platform) => row[`${platform}Onboarded`])).toEqual([]);
      expect(platforms.flatMap((platform) => row[`${platform}EnrollmentAssignments`])).toEqual([]);
    }
  });

  it('has every state and every kind of target but all devices', () => {
    expect(new Set(catalogue.map(({ partnerState }) => partnerState)).size).toBe(6);
    const targets = catalogue
      .flatMap((row) => platforms.flatMap((name) => row[`${name}EnrollmentAssignments`] ?? []))
      .map((assignment) => Object.entries(assignment?.target ?? {}))
      .map((members) =>
        members.map(([name, value]) => (name === '@odata.type' ? value : name)).join(' '),
      );
    expect([...new Set(targets)].sort()).toEqual([
      '#microsoft.graph.allLicensedUsersAssignmentTarget',
      '#microsoft.graph.configurationManagerCollectionAssignmentTarget collectionId',
      '#microsoft.graph.exclusionGroupAssignmentTarget groupId',
      '#microsoft.graph.groupAssignmentTarget groupId',
      '#microsoft.graph.groupAssignmentTarget groupId deviceAndAppManagementAssignmentFilterId deviceAndAppManagementAssignmentFilterType',
    ]);
  });

  it.each<Generation>(['v1.0', 'reference-page', 'today'])('fits what %s would accept', (name) => {
    const model = modelOf(name);
    const problems = catalogue.map((row) => findModelProblem(model, projectPartner(model, row)));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });
});

describe('an embedded Graph without a seed', () => {
  let close: () => Promise<void>;
  let baseUrl: string;

  beforeAll(async () => {
    ({ close, baseUrl } = await startEmulator({
      port: 0,
      generation: 'today',
      acceptToken: () => true,
      clock: systemClock,
    }));
  });

  afterAll(() => close());

  it('serves the catalogue on 127.0.0.1', async () => {
    expect(new URL(baseUrl).hostname).toBe('127.0.0.1');
    const { body } = await request(`${baseUrl}${collectionPath}`, {
      headers: { authorization: 'Bearer any' },
    });
    const { value } = (await body.json()) as { value: { displayName: string }[] };
    expect(value.map(({ displayName }) => displayName)).toEqual(
      catalogue.map(({ displayName }) => displayName),
    );
  });
});
