import Fastify from 'fastify';
import mercurius from 'mercurius';
import { contextOf, listen, schema } from './partners.mjs';

const app = Fastify();
// Compiled after the first execution of a document.
app.register(mercurius, { schema, jit: 1, context: (request) => contextOf(request) });
await listen(app);
