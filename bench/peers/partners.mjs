import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { Pool } from 'undici';

// What a team would write without this gateway: resolvers over a pool, with no protection at all.
const pool = new Pool(process.argv[2]);
const collection = '/beta/deviceManagement/complianceManagementPartners';
const folder = new URL('../../schema/', import.meta.url);

async function ask(method, path, { token }, body = null) {
  const headers = { authorization: token, 'content-type': 'application/json' };
  const answer = await pool.request({ method, path, headers, body });
  if (answer.statusCode >= 300) {
    await answer.body.dump();
    throw new Error(`Graph answered ${answer.statusCode}`);
  }
  return answer.body.json();
}

const target = (value) => value && { ...value, __typename: 'AllLicensedUsersAssignmentTarget' };
const assignments = (list) => list?.map((entry) => ({ target: target(entry.target) })) ?? null;

/** Renames what the schema names otherwise than Graph. */
const partnerOf = (row) => ({
  ...row,
  partnerState: row.partnerState?.toUpperCase() ?? null,
  macOsEnrollmentAssignments: assignments(row.macOsEnrollmentAssignments),
  windowsEnrollmentAssignments: assignments(row.windowsEnrollmentAssignments),
  androidEnrollmentAssignments: assignments(row.androidEnrollmentAssignments),
  iosEnrollmentAssignments: assignments(row.iosEnrollmentAssignments),
});

const prefixes = { MAC_OS: 'macOs', WINDOWS: 'windows', ANDROID: 'android', IOS: 'ios' };
const platformOf = (partner) => (platform) => ({
  platform,
  onboarded: partner[`${prefixes[platform]}Onboarded`],
  enrollmentAssignments: partner[`${prefixes[platform]}EnrollmentAssignments`],
});

export const schema = makeExecutableSchema({
  typeDefs: readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8')),
  resolvers: {
    Query: {
      complianceManagementPartner: async (_root, { id }, context) =>
        partnerOf(await ask('GET', `${collection}/${encodeURIComponent(id)}`, context)),
      complianceManagementPartners: async (_root, { first }, context) => {
        const { value } = await ask('GET', collection, context);
        return { nodes: value.slice(0, first).map(partnerOf) };
      },
    },
    ComplianceManagementPartner: {
      platforms: (partner, { in: platforms }) => platforms.map(platformOf(partner)),
    },
    Mutation: {
      addComplianceManagementPartner: async (_root, { input }, context) => {
        const body = { ...input, partnerState: input.partnerState?.toLowerCase() };
        const added = await ask('POST', collection, context, JSON.stringify(body));
        return { complianceManagementPartner: partnerOf(added), userErrors: [] };
      },
    },
  },
});

export const contextOf = ({ headers }) => ({ token: headers.authorization });

/** Says where it listens, as all programs under measurement do. */
export async function listen(app) {
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  process.stdout.write(`port ${new URL(address).port}\n`);
}
