import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../../src/cli/arguments';
import { defineCommand } from '../../../src/cli/command';
import { UserError } from '../../../src/base/user-error';

const command = defineCommand({
  name: 'paint',
  summary: '',
  about: '',
  argument: { name: 'CANVAS', help: 'A file.' },
  options: {
    output: { type: 'text', value: 'FILE', required: true, help: '' },
    temperature: { type: 'number', value: 'T', min: 0, default: 1, help: '' },
    seconds: { type: 'number', value: 'S', above: 0, help: '' },
    count: { type: 'integer', value: 'N', min: 1, max: 100, help: '' },
    direction: { type: 'choice', choices: ['forward', 'inverse'], help: '' },
    fast: { type: 'flag', help: '' },
  },
  examples: {},
  run: () => Promise.resolve({ json: null, text: '' }),
});

const parse = (line: string) => parseCommand(command, line === '' ? [] : line.split(' '));
const fails = (line: string, message: RegExp): void =>
  assert.throws(
    () => parse(line),
    (error) => error instanceof UserError && message.test(error.message),
    `${line} should fail with ${message}`,
  );

test('values become what their options say, defaults fill the rest', () => {
  const { argument, options, common } = parse('a.png -o b.png --temperature 0.5 --count=7 --fast --json');
  assert.equal(argument, 'a.png');
  assert.equal(options.output, 'b.png');
  assert.equal(options.temperature, 0.5);
  assert.equal(options.count, 7);
  assert.equal(options.fast, true);
  assert.equal(common.json, true);
  assert.equal(common.quiet, false);
  assert.equal(options.direction, undefined);
  assert.equal(parse('a.png -o b.png').options.temperature, 1);
});

test('options may come before the argument, and -- ends them', () => {
  assert.equal(parse('--output b a').argument, 'a');
  assert.equal(parse('--output b -- --strange').argument, '--strange');
});

test('unknown options name the nearest known one', () => {
  fails('a --output b --temprature 1', /no option --temprature\. Did you mean --temperature\?/);
  fails('a --output b --max-secs 1', /no option --max-secs/);
  fails('a --output b -x', /no option -x/);
});

test('impossible values say what is possible', () => {
  fails('a --output b --temperature warm', /--temperature: expected a number, at least 0, got "warm"/);
  fails('a --output b --temperature -1', /at least 0, got "-1"/);
  fails('a --output b --seconds 0', /--seconds: expected a number, above 0/);
  fails(
    'a --output b --count 1.5',
    /--count: expected a whole number, at least 1 and at most 100, got "1\.5"/,
  );
  fails('a --output b --count 1000', /at most 100/);
  fails('a --output b --count 0x10', /whole number/);
  fails(
    'a --output b --direction inwerse',
    /expected one of forward, inverse, got "inwerse"\. Did you mean inverse\?/,
  );
  fails('a --output b --fast=yes', /--fast takes no value; "yes"/);
});

test('missing values, options and arguments are named', () => {
  fails('a --output', /--output needs a value: --output FILE/);
  fails('a --output --fast', /--output needs a value/);
  fails('a', /needs --output FILE/);
  fails('--output b', /needs CANVAS: A file\./);
  fails('a c --output b', /takes one CANVAS; "c" is one too many/);
  fails('a --output b --output c', /--output is given twice/);
});

test('--help needs nothing else', () => {
  assert.equal(parse('--help').common.help, true);
});
