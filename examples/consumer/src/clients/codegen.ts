import type { CodegenConfig } from '@graphql-codegen/cli';
import scalars from 'compliance-partner-schema/scalars.json' with { type: 'json' };
import base from '../../codegen.js';

/** Hooks of React Query with the same types. */
const config: CodegenConfig = {
  ...base,
  generates: {
    'src/gql/hooks.ts': {
      plugins: ['typescript-operations', 'typescript-react-query'],
      config: {
        scalars,
        strictScalars: true,
        enumType: 'string-literal',
        reactQueryVersion: 5,
        fetcher: '../clients/fetchGraphQL.js#fetchGraphQL',
        exposeFetcher: true,
        exposeQueryKeys: true,
      },
    },
  },
};

export default config;
