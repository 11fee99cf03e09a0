/** Where an example stands among others, at the ends too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lessLikelyThan } from '../../../webview/features/diagnostics/text';

const among = (...shares: number[]) =>
  shares.map((share, i) => ({ name: ['train', 'validation'][i]!, share }));

const english = (parts: ReturnType<typeof among>) => lessLikelyThan(parts)[0];
const german = (parts: ReturnType<typeof among>) => lessLikelyThan(parts)[1];

test('an end is said only where it is one', () => {
  assert.equal(english(among(0, 0)), 'At least as likely as all of train, validation');
  assert.equal(english(among(0, 0.002)), 'Less likely than none of train, less than 1% of validation');
  assert.equal(english(among(0.5, 0.998)), 'Less likely than 50% of train, more than 99% of validation');
  assert.equal(english(among(1)), 'Less likely than all of train');
  assert.equal(german(among(0)), 'Mindestens so wahrscheinlich wie alle von train');
  assert.equal(
    german(among(0.0005, 1)),
    'Unwahrscheinlicher als weniger als 1 % von train, alle von validation',
  );
});
