import { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify from 'fastify';
import { contextOf, listen, schema } from './partners.mjs';

const apollo = new ApolloServer({ schema });
await apollo.start();
const app = Fastify();
app.post(
  '/graphql',
  fastifyApolloHandler(apollo, { context: async (request) => contextOf(request) }),
);
await listen(app);
