import { readFile } from 'node:fs/promises';
import { nameOfCall } from '../src/commandLine.js';
import { driftCommand } from './drift/command.ts';

const { exitCode, output } = await driftCommand(
  process.argv.slice(2),
  readFile,
  nameOfCall('drift', process.env),
);
(exitCode === 2 ? process.stderr : process.stdout).write(output);
process.exitCode = exitCode;
