import { fileURLToPath } from 'node:url';
import type { CodegenConfig } from '@graphql-codegen/cli';
import scalars from 'compliance-partner-schema/scalars.json' with { type: 'json' };

const config: CodegenConfig = {
  schema: fileURLToPath(import.meta.resolve('compliance-partner-schema/schema.graphql')),
  documents: 'operations/*.graphql',
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        scalars,
        strictScalars: true,
        enumType: 'string-literal',
        importExtension: '.js',
        useTypeImports: true,
      },
    },
  },
};

export default config;
