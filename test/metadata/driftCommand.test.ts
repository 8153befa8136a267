import { describe, expect, it } from '@jest/globals';
import { metadataXml } from '../../src/emulator/metadataXml.ts';
import { modelOf } from '../../src/emulator/model.ts';
import { type CommandResult, driftCommand } from '../../src/metadata/driftCommand.ts';
import { changedMetadata } from './metadataHarness.ts';

const today = metadataXml(modelOf('today'));

/** Runs the command where the file `metadata.xml` has these bytes. */
function run(args: readonly string[], content: Buffer | string): Promise<CommandResult> {
  return driftCommand(args, async (path) => {
    if (path !== 'metadata.xml') {
      throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    }
    return Buffer.from(content);
  });
}

describe('the drift command', () => {
  it.each<[string[], string, 0 | 1]>([
    [['metadata.xml'], today, 0],
    [['metadata.xml', 'beta'], today, 0],
    [['metadata.xml', 'v1.0'], metadataXml(modelOf('v1.0')), 0],
    [['metadata.xml'], changedMetadata('<Member Name="rejected" Value="4" />', ''), 1],
    [['metadata.xml', 'v1.0'], today, 1],
  ])('ends %j with what the document says', async (args, xml, exitCode) => {
    const result = await run(args, xml);
    expect(result.exitCode).toBe(exitCode);
    expect(result.output).toMatch(/^Microsoft Graph (beta|v1\.0), as this gateway knows it: .*\n/);
  });

  it.each<[string[]]>([
    [[]],
    [['metadata.xml', 'v2.0']],
    [['metadata.xml', 'BETA']],
    [['metadata.xml', 'beta', 'v1.0']],
  ])('ends with 2 and says how to call it, where it was called with %j', async (args) => {
    expect(await run(args, today)).toEqual({
      exitCode: 2,
      output: 'Usage: npm run drift -- path/to/metadata.xml [beta|v1.0]\n',
    });
  });

  it.each<[string, string, string | Buffer, RegExp]>([
    ['a missing file', 'nowhere.xml', today, /^nowhere\.xml cannot be used as metadata: ENOENT/],
    ['an answer that is an error', 'metadata.xml', '{"error":{}}', /not well-formed XML/],
    [
      'a DTD',
      'metadata.xml',
      '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
      /DTD, which is never read/,
    ],
    ['bytes of nothing', 'metadata.xml', Buffer.from([0x3c, 0x80, 0x80]), /UTF-8 or UTF-16/],
  ])('ends with 2 and the reason at %s', async (_what, path, content, reason) => {
    const { exitCode, output } = await run([path], content);
    expect(exitCode).toBe(2);
    expect(output).toMatch(reason);
  });

  it.each<[string, Buffer]>([
    ['UTF-8 with its mark', Buffer.from(`\ufeff${today}`)],
    ['UTF-16 as Windows writes it', Buffer.from(`\ufeff${today}`, 'utf16le')],
    ['UTF-16 the other way round', Buffer.from(`\ufeff${today}`, 'utf16le').swap16()],
  ])('reads %s', async (_what, bytes) => {
    expect((await run(['metadata.xml'], bytes)).exitCode).toBe(0);
  });

  it('finds its few types in a document of the size of Graph', async () => {
    const filler = Array.from(
      { length: 25_000 },
      (_, number) =>
        `<EntityType Name="filler${number}" BaseType="graph.entity"><Property Name="one" Type="Edm.String" Nullable="false" /><NavigationProperty Name="all" Type="Collection(graph.filler${number})" ContainsTarget="true" /></EntityType>`,
    );
    const xml = today.replace('<EntityContainer', `${filler.join('\n')}<EntityContainer`);
    expect(xml.length).toBeGreaterThan(5_000_000);
    expect((await run(['metadata.xml'], xml)).exitCode).toBe(0);
  });
});
