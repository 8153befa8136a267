import { describe, expect, it } from '@jest/globals';
import { readDoctorOptions } from '../../src/doctor/doctorOptions.ts';

const nothing = { kind: 'examine', isJson: false, tokenFile: undefined, url: undefined };

describe('the options of the doctor', () => {
  it.each<[string[], object]>([
    [[], nothing],
    [['--json'], { ...nothing, isJson: true }],
    [['--token-file', 'token.txt'], { ...nothing, tokenFile: 'token.txt' }],
    [['--token-file=-'], { ...nothing, tokenFile: '-' }],
    [['--token-file', '-', '--json'], { ...nothing, tokenFile: '-', isJson: true }],
    [['--url', 'http://127.0.0.1:4000'], { ...nothing, url: new URL('http://127.0.0.1:4000') }],
    [['--help', '--json'], { kind: 'help' }],
  ])('are understood in %j', (args, wish) => {
    expect(readDoctorOptions(args)).toEqual(wish);
  });

  it.each<[string[], RegExp]>([
    [['--token', 'eyJsecret'], /^A token is never an argument/],
    [['--token=eyJsecret'], /^A token is never an argument/],
    [['eyJsecret'], /^Only options/],
    [['--', 'eyJsecret'], /^Only options/],
    [['--eyJsecret'], /^Only options/],
    [['-t', 'eyJsecret'], /^There is no option --t\.$/],
    [['--colour'], /^There is no option --colour\.$/],
    [['--json=eyJsecret'], /^--json takes no value/],
    [['--token-file'], /^--token-file needs a value/],
    [['--token-file', '--json'], /^--token-file needs a value/],
    [['--url'], /^--url needs a value/],
    [['--url', 'eyJsecret'], /^--url takes the http or https address/],
    [['--url', 'ftp://gateway'], /^--url takes/],
    [['--url', 'http://user:eyJsecret@gateway'], /^--url takes/],
  ])('are refused in %j without repeating what may be a secret', (args, problem) => {
    const wish = readDoctorOptions(args);
    expect(wish).toEqual({ kind: 'misuse', problem: expect.stringMatching(problem) });
    expect(JSON.stringify(wish)).not.toContain('eyJsecret');
  });
});
